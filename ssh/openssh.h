#pragma once
/*
 * The system's ssh as a transport. One process a session (the master) holds the connection, and is
 * logged in when it echoes a line; each command is a process of its own that asks the master for a
 * channel, over a socket in a directory that only we can enter.
 */
#include "base/strbuf.h"
#include "ssh/child.h"
#include "ssh/internal.h"

struct master {
    struct child child;
    char socket[108]; /* sun_path */
    char config[128], pins[128]; /* files; "": not made */
    struct strbuf words;         /* what it has said on standard error, capped */
};

/* openssh_config.c: write the files that the two processes are started with. */
int openssh_files(struct ssh *s, struct err *e);
void openssh_remove_files(struct master *m);
/* Remove the directory; the last session is closed. */
void openssh_exit(void);

/* What to type after "ssh": the alias, or the address. */
const char *openssh_target(const struct ssh *s);

/* openssh.c: take what the master has said; it may have ended. */
void openssh_listen(struct ssh *s);
/* A master that has not been started yet, with its files. */
int openssh_prepare(struct ssh *s, struct err *e);
/* The last words of an ssh that did not get there, as one of the errors of ssh_connect(). */
int openssh_refused(const struct ssh *s, struct err *e);
/* A server with too many at its door has hung up: worth another try. */
bool openssh_hung_up(const struct ssh *s);
/* The end of it, at the deadline at the latest. */
void openssh_end(struct ssh *s, int64_t deadline);
/* The connection is lost, and the master has said why. */
int openssh_lost(struct ssh *s, const char *doing, struct err *e);

/* openssh_exec.c */
int openssh_start(struct ssh_exec *x, const char *command, struct err *e);
int openssh_send(struct ssh_exec *x, const char *data, size_t len, int64_t deadline, struct err *e);
int openssh_wait(struct ssh_exec *x, int wake_fd, int64_t deadline, struct err *e);
int openssh_finish(struct ssh_exec *x, int64_t deadline, int *status, struct err *e);
void openssh_release(struct ssh_exec *x);
