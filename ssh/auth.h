#pragma once
/* Log-in: what its methods share. */
#include "base/strbuf.h"
#include "ssh/internal.h"

struct login {
    struct ssh *s;
    int64_t deadline;  /* set anew when the operator has answered a question */
    struct strbuf log; /* what was tried, for the error */
    char remedy[512];  /* the first specific one */
    const char *const *file; /* the next identity file to try */
    size_t offered;    /* keys that the host has seen */
    unsigned offers;   /* what the host offers now: OFFER_ bits */
    bool partial;      /* a method was accepted, and the host wants another one as well */
    bool judged;       /* the host has refused the password that was given */
};

enum { OFFER_KEY = 1, OFFER_KEYBOARD = 2, OFFER_PASSWORD = 4 };
enum attempt { LOGGED_IN, NEXT, GIVE_UP }; /* GIVE_UP: *e is set */

void login_record(struct login *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void login_suggest(struct login *l, const char *remedy);
/* What ssh_again() is, for a call of this layer. */
int login_again(struct login *l, struct err *e);
/* The connection is lost: says so, with what is known about too many tries. */
enum attempt login_lost(struct login *l, int rc, struct err *e);
/* ssh_ask(), and time enough for the host to judge the answer. */
char *login_ask(struct login *l, const struct ssh_question *q, struct err *e);

/* The methods. */
enum attempt login_keys(struct login *l, struct err *e);                 /* auth_key.c */
/* With the first identity file that can be tried as it is, if there is one, and not with the others. */
enum attempt login_first_key(struct login *l, struct err *e);
enum attempt login_keyboard_interactive(struct login *l, struct err *e); /* auth_password.c */
enum attempt login_password(struct login *l, struct err *e);
/*
 * Ask the host what it offers. 1: something else than before, so that a method that has failed was
 * accepted, but is not enough; libssh2 does not tell. But the first time it costs one of the tries that
 * the host allows.
 */
int login_offered(struct login *l, struct err *e);
