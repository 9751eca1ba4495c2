#pragma once
/* What the files of this layer share. Nobody outside ssh/ includes it. */
#include <libssh2.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "ssh/lines.h"
#include "ssh/ssh.h"
#include "ssh/wait.h"

enum { PEER_ALIVE = -1, PEER_CLOSED = 0 }; /* struct ssh.lost; anything else is an errno */

/*
 * One way to have a session: libssh2 (session.c, exec.c), or the system's ssh (openssh.c). What
 * callers may do when is checked in transport.c already.
 */
struct transport {
    int (*connect)(struct ssh *s, struct err *e); /* peer, host and cancellation are set */
    void (*close)(struct ssh *s);                 /* also after connect() has failed */
    int (*start)(struct ssh_exec *x, const char *command, struct err *e);
    int (*send)(struct ssh_exec *x, const char *data, size_t len, int64_t deadline, struct err *e);
    int (*wait)(struct ssh_exec *x, int wake_fd, int64_t deadline, struct err *e);
    int (*finish)(struct ssh_exec *x, int64_t deadline, int *status, struct err *e);
    void (*release)(struct ssh_exec *x); /* also after start() has failed */
};
extern const struct transport transport_libssh2, transport_openssh;

struct ssh {
    const struct transport *transport;
    LIBSSH2_SESSION *session;
    struct master *master;   /* openssh.c's */
    const struct host *host; /* of the caller's cluster, which outlives the session */
    int fd;
    const struct ssh_cancel *cancel; /* or NULL */
    int cancel_fd;
    char peer[384]; /* "LVS-master (10.1.1.130:22)", for messages */
    char address[256]; /* or the name of ssh_config's that we connect to */
    bool ready;            /* logged in */
    bool commanded;        /* the first command was started */
    bool broken;           /* libssh2's state is not to be trusted any more: no further calls */
    int lost;              /* why the socket failed: see above */
    uint64_t received;     /* bytes from the peer */
    int64_t last_heard;    /* clock_ms() of the last byte received */
    struct {
        uint64_t sent;   /* bytes to the peer */
        int64_t arrived; /* when all of it is there, by the slowest connection that is taken for one */
        int64_t tried;   /* when it was last asked whether it is there */
        int64_t asked;   /* ...and has not answered; or 0 */
    } alive;                   /* alive.c's; clock_ms() */
    struct conversation *talk; /* auth_password.c's: a keyboard-interactive log-in under way */
    int64_t answering;     /* for how long, in ms, this log-in has waited for answers of the operator's */
    bool root;             /* it is known how to become root */
    char *root_password;   /* what sudo wants for it, or NULL */
    bool dry;              /* nothing more has arrived: do not try before the next wait */
    size_t budget;         /* bytes that libssh2 may still read before the next wait */
    bool closing;          /* no more network traffic, only free the memory */
    char farewell[256];    /* the text of the peer's SSH_MSG_DISCONNECT, made printable */
    struct ssh_exec *exec; /* the command in flight, or NULL */
};

enum { EXEC_CHUNK = 32 * 1024 };

struct ssh_exec {
    struct ssh *s;
    LIBSSH2_CHANNEL *channel;
    struct child *child; /* openssh_exec.c's */
    struct lines lines;
    struct strbuf err_tail;
    size_t taken;  /* bytes of output so far */
    size_t errors; /* of these, standard error's */
    bool eof;      /* both streams have ended and been drained */
    char buf[EXEC_CHUNK];
};

/* transport.c, for both */
int exec_take_stderr(struct ssh_exec *x, const char *data, size_t n, struct err *e);
const char *exec_stderr(const struct ssh_exec *x); /* what ssh_exec_stderr() gives */
/* The last line of standard error, for a message. */
void exec_last_words(const struct ssh_exec *x, char *out, size_t size);
/* The command has ended while there was still input for it: say how it ended. */
int exec_ended_early(struct ssh_exec *x, int64_t deadline, struct err *e);
/* A random pause of about this many milliseconds before another try; -1 when interrupted. */
int ssh_pause(const struct ssh *s, int64_t span, struct err *e);

/* session.c */
int lib_connect(struct ssh *s, struct err *e);
void lib_close(struct ssh *s);

/* $SSH_AUTH_SOCK as it was at ssh_global_init(), or NULL: getenv() is not safe among threads. */
const char *ssh_agent_socket(void);

/* session.c: wait until the libssh2 call that returned EAGAIN can go on. */
int ssh_again(struct ssh *s, int64_t deadline, const char *doing, struct err *e);
/* Between pieces of work that need not wait: notice the deadline and the cancellation. */
int ssh_glance(struct ssh *s, int64_t deadline, const char *doing, struct err *e);
enum wait_result ssh_wait(struct ssh *s, int wake_fd, int64_t deadline);
unsigned ssh_connect_timeout(const struct host *h);

/*
 * alive.c: a host behind a jump host that does not answer any more is lost. When to look next, in a
 * wait for `events`; and the look: true when the wait is over.
 */
int64_t alive_due(const struct ssh *s, short events);
bool alive_look(struct ssh *s, short events);
void alive_sent(struct ssh *s, size_t n);
/* A time limit for an answer of sshd's, but long enough to tell a host that is gone from one that is slow. */
int64_t alive_patience(const struct ssh *s, int64_t ms);

/* prefer.c: before the key exchange; `list` is comma-separated, best first. */
int ssh_prefer(struct ssh *s, int method, const char *list, struct err *e);
int ssh_prefer_algorithms(struct ssh *s, struct err *e);

/* tcp.c */
int tcp_connect(const struct ssh *s, int64_t deadline, struct err *e);

/*
 * jump.c: the same through other hosts, by the system's ssh, which says to jump_failed() why it could
 * not get there. 1: it did not say.
 */
bool jump_wanted(const struct host *h);
/* The hosts on the way, as ssh wants them: "a,b"; the first `n` of them. */
void jump_list(const struct host *h, size_t n, struct strbuf *out);
int jump_connect(struct ssh *s, struct err *e);
int jump_failed(struct ssh *s, struct err *e);
void jump_close(struct ssh *s);

/* resolve.c: the addresses of a name, at most `max`; returns how many, or -1. */
struct sockaddr_storage;
long ssh_resolve(const struct ssh *s, struct sockaddr_storage *out, size_t max, int64_t deadline,
                 struct err *e);

/* ask.c: see struct ssh_cancel. */
bool ssh_can_ask(const struct ssh *s);
char *ssh_ask(struct ssh *s, const struct ssh_question *q, struct err *e);
void ssh_accepted(const struct ssh *s, const struct ssh_question *q, const char *answer);
/* The steps of ssh_connect() after the key exchange. */
int hostkey_prefer(struct ssh *s, struct err *e); /* before it: which key types to ask for */
int hostkey_verify(struct ssh *s, struct err *e);
/* The error about a key that is none of the inventory's. */
int hostkey_not_pinned(const struct ssh *s, const char *type, const char *fingerprint,
                       struct err *e);
int auth_login(struct ssh *s, int64_t deadline, struct err *e);

/*
 * error.c: the one formatter. `rc` is what the libssh2 call returned, `doing` what it was for, as
 * in "connection lost during X". Marks the session broken. ssh_stopped() does the same for a wait
 * that ended with WAIT_TIMEOUT or WAIT_CANCELLED.
 */
int ssh_fail(struct ssh *s, long rc, const char *doing, struct err *e);
int ssh_stopped(struct ssh *s, enum wait_result why, const char *doing, struct err *e);
bool ssh_is_loss(const struct ssh *s, long rc);

/* Tell the operator. */
void ssh_note(const struct ssh *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Bytes from the peer for a message: control characters made visible, cut to fit. */
void ssh_printable(char *out, size_t size, const char *s, size_t n);
