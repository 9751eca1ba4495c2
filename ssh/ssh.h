#pragma once
/*
 * SSH connections. The only layer that includes <libssh2.h>, and the only place that works around
 * it. One thread owns a session; nothing here is shared between threads but `struct ssh_cancel`.
 * Calls block, but never longer than their deadline, and end at once when cancelled.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "inventory/cluster.h"

/* A secret that a session has not been given. */
struct ssh_question {
    const char *what;    /* "passphrase of /root/.ssh/id_ed25519", "password of deploy": the same words
                            are the same question, whoever asks */
    const char *host;    /* who wants it, or NULL where every host wants the same */
    const char *source;  /* how else it could be given, for the error where nobody can be asked */
    const char *refused; /* the answer that did not do; NULL: this is the first time */
    const char *said;    /* what the host itself says to it, printable; or NULL */
    bool once;           /* good for one time only: not to be kept */
};

/*
 * Shared by all sessions of a run. cancel_fd becomes readable for good (an eventfd that nobody
 * reads) when the run is interrupted; -1 for none. What the operator should know of a connection
 * that is no error goes to `note`, on the session's thread; NULL for nobody.
 *
 * `ask` is for secrets: it gives an answer that the caller frees, at once where it has been
 * told already; or NULL with *e: ERR_INTERRUPTED, or ERR_FAILED when nobody can be asked, nothing was
 * said or too much of it was wrong. `accepted` tells that an answer was right. On the session's thread,
 * for as long as the operator takes; both NULL for nobody.
 */
struct ssh_cancel {
    int cancel_fd;
    void (*note)(void *ud, const char *text);
    void *ud;
    char *(*ask)(void *ud, const struct ssh_question *q, struct err *e);
    void (*accepted)(void *ud, const struct ssh_question *q, const char *answer);
    void *ask_ud;
};

/* Sleep: true at once when cancelled (0 ms: just ask). NULL is never cancelled. */
bool ssh_cancelled(const struct ssh_cancel *c, int64_t ms);

struct ssh;

/* Once per process, before the first thread; ssh_global_exit() at the end. */
int ssh_global_init(struct err *e);
void ssh_global_exit(void);

/*
 * Complete the hosts' settings from ssh_config, where the inventory leaves them to their defaults.
 * Before the first connection; strings belong to the arena. What of the file is passed over and
 * could matter goes to notes->note.
 */
int ssh_configure(struct host *hosts, size_t n, struct arena *a, const struct ssh_cancel *notes,
                  struct err *e);

/*
 * Connect, verify the host key (by address: hostkey.c), authenticate: with keys, then with a password
 * that is in host->ssh or that somebody can be asked for (auth.c). `host` must outlive the session. Every
 * message of this layer begins with "NAME (ADDRESS:PORT): ". Errors: ERR_UNREACHABLE (no route, refused,
 * timed out, handshake lost), ERR_FAILED (host key unknown or changed, log-in refused: with a hint),
 * ERR_INTERRUPTED.
 */
struct ssh *ssh_connect(const struct host *host, const struct ssh_cancel *cancel, struct err *e);
void ssh_close(struct ssh *s);
/* False: an error has left it good for ssh_close() only. */
bool ssh_usable(const struct ssh *s);

/*
 * How a command's output is delivered: complete lines, without the newline, NUL-terminated, capped
 * in length. A last line without a newline is delivered by ssh_exec_finish(), after a clean end.
 */
struct ssh_sink {
    /* One line of standard output; NULL to drop all. Return -1 (with *e set) to abort the command.
     */
    int (*line)(void *ud, const char *line, size_t len, struct err *e);
    void *ud;
    size_t max_line;  /* a longer line is an ERR_PROTOCOL; 0 means 1 MiB */
    size_t max_total; /* more than this of either stream is an ERR_PROTOCOL; 0 means 64 MiB */
};

struct ssh_exec;

/*
 * Start `command` on a new channel (one at a time on a session). Data for its standard input is
 * sent by ssh_exec_send(); while any call here waits, output is drained to the sink and standard
 * error is kept (its last 16 KiB). A command that ends before it has read its input is an error
 * that gives its exit status. A deadline that passes is ERR_FAILED, a lost connection
 * ERR_UNREACHABLE; after these, an interruption or a sink's error, the session is good for
 * ssh_close() only.
 */
struct ssh_exec *ssh_exec_start(struct ssh *s, const char *command, const struct ssh_sink *sink,
                                struct err *e);
/*
 * The same for a shell that reads commands on its standard input, as root: through sudo where host->ssh
 * says so. The first on a session finds out whether sudo wants a password, and asks for one that is
 * not known (become.c).
 */
struct ssh_exec *ssh_root_shell(struct ssh *s, const struct ssh_sink *sink, struct err *e);
int ssh_exec_send(struct ssh_exec *x, const char *data, size_t len, int64_t deadline,
                  struct err *e);

/*
 * Drain output until wake_fd is readable (returns 0), the command has ended on its own (returns 1),
 * or fails. The fd is not read.
 */
int ssh_exec_wait(struct ssh_exec *x, int wake_fd, int64_t deadline, struct err *e);

/*
 * Send end-of-file, drain to the end of both streams, wait for the channel's close, and read the
 * exit status. Death by a signal is an error. The status itself is not judged. Callers still need a
 * trailer of their own: exit status 0 alone has been seen to lie (8 false successes of 58), and
 * libssh2 reports 0 as well when the host sent no status at all.
 */
int ssh_exec_finish(struct ssh_exec *x, int64_t deadline, int *status, struct err *e);

/* What the command wrote to standard error so far (its tail); raw bytes: quote before showing. */
const char *ssh_exec_stderr(const struct ssh_exec *x);

/*
 * Frees it in any state; an unfinished command's channel is closed. If the command still runs, the
 * host does not confirm that, and the session is good for ssh_close() only. Must come before it.
 */
void ssh_exec_free(struct ssh_exec *x);
