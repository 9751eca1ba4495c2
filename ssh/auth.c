/* Log-in: the methods that the host offers, keys before passwords, until one or all of them will do. */
#include "ssh/auth.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/trace.h"

/* "publickey,password,publickey,keyboard-interactive" is more than anybody asks for. */
enum { MAX_ROUNDS = 4 };

static const struct method {
    const char *name;
    unsigned bit;
    enum attempt (*run)(struct login *l, struct err *e);
} methods[] = {
    {"publickey", OFFER_KEY, login_keys},
    {"keyboard-interactive", OFFER_KEYBOARD, login_keyboard_interactive},
    {"password", OFFER_PASSWORD, login_password},
};

static void free_login(struct login *l)
{
    sb_free(&l->log);
}

void login_record(struct login *l, const char *fmt, ...)
{
    va_list ap;
    if (l->log.len)
        sb_add(&l->log, "; ");
    va_start(ap, fmt);
    sb_vaddf(&l->log, fmt, ap);
    va_end(ap);
}

void login_suggest(struct login *l, const char *remedy)
{
    if (!l->remedy[0])
        snprintf(l->remedy, sizeof l->remedy, "%s", remedy);
}

int login_again(struct login *l, struct err *e)
{
    return ssh_again(l->s, l->deadline, "login", e);
}

enum attempt login_lost(struct login *l, int rc, struct err *e)
{
    ssh_fail(l->s, rc, "login", e);
    if (strstr(l->s->farewell, "Too many authentication failures"))
        err_hint(e,
                 "The host allows only so many tries a login (MaxAuthTries); %zu keys were among "
                 "them. Name the right one first under \"identity\", or turn the agent off.",
                 l->offered);
    return GIVE_UP;
}

char *login_ask(struct login *l, const struct ssh_question *q, struct err *e)
{
    char *answer = ssh_ask(l->s, q, e);
    l->deadline = deadline_in(ssh_connect_timeout(l->s->host));
    if (!answer)
        err_wrap(e, "%s", q->what);
    return answer;
}

/* "a,b" holds "b" */
static bool lists(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (!strncmp(p, name, n) && (p[n] == ',' || !p[n]))
            return true;
    }
    return false;
}

int login_offered(struct login *l, struct err *e)
{
    const char *user = l->s->host->ssh.user, *list;
    unsigned before = l->offers;
    while (!(list = libssh2_userauth_list(l->s->session, user, (unsigned)strlen(user)))) {
        int rc = libssh2_session_last_errno(l->s->session);
        if (libssh2_userauth_authenticated(l->s->session))
            return 0;
        if (rc != LIBSSH2_ERROR_EAGAIN) {
            login_lost(l, rc, e);
            return -1;
        }
        if (login_again(l, e))
            return -1;
    }
    l->offers = 0;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (lists(list, methods[i].name))
            l->offers |= methods[i].bit;
    return l->offers != before;
}

static void no_file(struct login *l)
{
    for (const char *const *f = l->s->host->ssh.identities; f && *f; f++)
        sb_addf(&l->log, "%s%s", l->log.len ? ", " : "no identity file exists: ", *f);
    if (!l->log.len)
        sb_add(&l->log, "no identity file is set");
}

static int refused(struct login *l, struct err *e)
{
    const struct ssh_settings *ssh = &l->s->host->ssh;
    if (!l->log.len)
        no_file(l);
    l->s->broken = true;
    err_set(e, ERR_FAILED, "%s: cannot log in as %s: %s", l->s->peer, ssh->user, sb_str(&l->log));
    if (l->remedy[0])
        return err_hint(e, "%s", l->remedy);
    if (!(l->offers & OFFER_KEY))
        return err_hint(e,
                        "See what the host offers: ssh -v -p %u %s@%s; its sshd log says why it "
                        "refuses. GSSAPI is for the system's ssh: \"transport\": \"openssh\" under "
                        "\"ssh\" in the inventory.",
                        ssh->port, ssh->user, l->s->address);
    return err_hint(e,
                    "Put the public key into %s's authorized_keys on the host: ssh-copy-id -i "
                    "KEY.pub -p %u %s@%s; the host's sshd log says why it refused one.",
                    ssh->user, ssh->port, ssh->user, l->s->address);
}

/* All that is on offer, in order. */
static enum attempt one_round(struct login *l, struct err *e)
{
    enum attempt result = NEXT;
    unsigned offers = l->offers;
    l->partial = false;
    for (size_t i = 0; i < ARRAY_LEN(methods) && result == NEXT && !l->partial; i++)
        if (offers & methods[i].bit)
            result = methods[i].run(l, e);
    return result;
}

/* Does it go on after a round that was not enough? */
static bool goes_on(struct login *l, struct err *e)
{
    if (!l->partial && login_offered(l, e) != 1)
        return false;
    login_record(l, "the host wants more than that");
    return true;
}

int auth_login(struct ssh *s, int64_t deadline, struct err *e)
{
    __attribute__((cleanup(free_login))) struct login l = {
        .s = s, .file = s->host->ssh.identities, .deadline = deadline, .log.cap = 800};
    TRACE(s->host->name, "log-in");

    /* Nearly always that will do, and to ask first what the host offers would be one more round trip. */
    enum attempt first = login_first_key(&l, e);
    if (first != NEXT)
        return first == LOGGED_IN ? 0 : -1;
    if (login_offered(&l, e) < 0)
        return -1;
    for (int round = 0; !libssh2_userauth_authenticated(s->session); round++) {
        struct err why = {0};
        enum attempt result = one_round(&l, e);
        if (result != NEXT)
            return result == LOGGED_IN ? 0 : -1;
        if (round < MAX_ROUNDS && goes_on(&l, &why))
            continue;
        /* A host that says goodbye has had enough of what it was offered; one that is gone has not. */
        bool gone = why.code && ssh_is_loss(s, 0) && !s->farewell[0];
        if (!gone && why.code != ERR_INTERRUPTED)
            return refused(&l, e);
        *e = why;
        return -1;
    }
    return 0;
}
