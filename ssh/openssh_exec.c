/* A command through the master: an ssh of its own that only hands its three streams over. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ssh/openssh.h"

enum {
    /* How much may be read before the deadline and Ctrl-C are looked at again. */
    READS = 32,
    CLOSE_MS = 500,
    SSH_FAILED = 255, /* ssh(1), EXIT STATUS: its own error, or the command's status */
};

static const char doing[] = "a command";

int openssh_start(struct ssh_exec *x, const char *command, struct err *e)
{
    struct ssh *s = x->s;
    /* Without a master ssh would connect anew, as whoever and without our rules: let that fail. */
    const char *const argv[] = {"ssh", "-F", "none", "-S", s->master->socket, "-T", "-o",
                                "ProxyCommand=false", "-o", "BatchMode=yes", "--",
                                openssh_target(s), command, NULL};
    openssh_listen(s);
    if (child_ended(&s->master->child))
        return openssh_lost(s, "starting a command", e);
    x->child = xcalloc(1, sizeof *x->child);
    return child_start(x->child, argv, e) ? err_wrap(e, "%s", s->peer) : 0;
}

/* Read one stream until it would block. */
static int drain_stream(struct ssh_exec *x, int *fd, bool is_stderr, struct err *e)
{
    for (int i = 0; *fd >= 0 && i < READS; i++) {
        ssize_t n = read(*fd, x->buf, sizeof x->buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n <= 0) {
            close(*fd);
            *fd = -1;
            return 0;
        }
        x->taken += (size_t)n;
        x->s->last_heard = clock_ms();
        if (is_stderr) {
            if (exec_take_stderr(x, x->buf, (size_t)n, e))
                return -1;
        } else if (lines_feed(&x->lines, x->buf, (size_t)n, e)) {
            x->s->broken = true;
            return err_wrap(e, "%s", x->s->peer);
        }
    }
    return 0;
}

static int drain(struct ssh_exec *x, struct err *e)
{
    struct child *c = x->child;
    if (drain_stream(x, &c->out, false, e) || drain_stream(x, &c->err, true, e))
        return -1;
    x->eof = c->out < 0 && c->err < 0;
    return 0;
}

/* Wait for output, for room for input where there is some, or for the caller's descriptor. */
static enum wait_result wait_child(const struct ssh_exec *x, bool sending, int wake_fd,
                                   int64_t deadline)
{
    const struct child *c = x->child;
    struct pollfd fds[] = {{.fd = c->out, .events = POLLIN},
                           {.fd = c->err, .events = POLLIN},
                           {.fd = sending ? c->in : -1, .events = POLLOUT}};
    return wait_fds(fds, 3,
                    &(struct wait){.cancel_fd = x->s->cancel_fd,
                                   .wake_fd = wake_fd,
                                   .deadline = deadline});
}

int openssh_send(struct ssh_exec *x, const char *data, size_t len, int64_t deadline, struct err *e)
{
    while (len) {
        size_t piece = len < EXEC_CHUNK ? len : EXEC_CHUNK;
        ssize_t n = send(x->child->in, data, piece, MSG_NOSIGNAL);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
        bool closed = n < 0 && errno != EAGAIN && errno != EINTR;
        if (drain(x, e))
            return -1;
        if (len && (x->eof || closed))
            return exec_ended_early(x, deadline, e);
        enum wait_result r = wait_child(x, true, -1, deadline);
        if (r != WAIT_READY)
            return ssh_stopped(x->s, r, doing, e);
    }
    return 0;
}

int openssh_wait(struct ssh_exec *x, int wake_fd, int64_t deadline, struct err *e)
{
    for (;;) {
        if (drain(x, e))
            return -1;
        if (x->eof)
            return 1;
        enum wait_result r = wait_child(x, false, wake_fd, deadline);
        if (r == WAIT_WOKEN)
            return 0;
        if (r != WAIT_READY)
            return ssh_stopped(x->s, r, doing, e);
    }
}

/*
 * Status 255 has three meanings: the connection is lost, which the master knows; the command was
 * killed, of which ssh tells no more; or it ended so. Only the first is no verdict on the command.
 */
static int judge_failure(struct ssh_exec *x, struct err *e)
{
    char words[256];
    struct ssh *s = x->s;
    /* The master may be about to end. */
    for (int i = 0; i < 10 && !child_ended(&s->master->child); i++)
        wait_pause(-1, 10);
    openssh_listen(s);
    if (child_ended(&s->master->child))
        return openssh_lost(s, doing, e);
    exec_last_words(x, words, sizeof words);
    return err_set(e, ERR_FAILED,
                   "%s: the command ended with status 255, or was killed by a signal%s%s", s->peer,
                   words[0] ? ": " : "", words);
}

int openssh_finish(struct ssh_exec *x, int64_t deadline, int *status, struct err *e)
{
    struct ssh *s = x->s;
    struct child *c = x->child;
    if (c->in >= 0)
        close(c->in);
    c->in = -1;
    if (openssh_wait(x, -1, deadline, e) < 0)
        return -1;
    while (!child_ended(c)) {
        enum wait_result r = wait_pause(s->cancel_fd, 1);
        if (r == WAIT_CANCELLED || deadline_left(deadline) == 0)
            return ssh_stopped(s, r, doing, e);
    }
    if (!WIFEXITED(c->status) || WEXITSTATUS(c->status) == SSH_FAILED)
        return judge_failure(x, e);
    if (lines_end(&x->lines, e))
        return err_wrap(e, "%s", s->peer);
    *status = WEXITSTATUS(c->status);
    return 0;
}

/* One that still runs is ended here; on the host its shell finds its streams closed. */
void openssh_release(struct ssh_exec *x)
{
    if (!x->child)
        return;
    bool running = !child_ended(x->child);
    child_stop(x->child, deadline_in(0));
    if (running)
        x->s->broken = true;
    xfree(x->child);
}
