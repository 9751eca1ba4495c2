/*
 * Commands. What makes this file longer than a loop around read() and write():
 *
 * - A packet that libssh2 has sent by half has to be finished by the same call before any other
 *   call may send, and reading sends too (window adjustments, answers to keepalives). So while a
 *   write waits for the socket to take more, nothing is read; and a read that waits so is repeated
 *   first.
 *
 * - Both output streams share one window: 2 MB unread on one of them stops the other. Both are
 *   drained whenever anything waits.
 *
 * - Reading one stream can pull the other one's data into libssh2's queue, where poll() cannot see
 *   it. So draining goes on until that queue is empty.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ssh/internal.h"
#include "ssh/lines.h"

enum {
    CHUNK = 32 * 1024,
    STDERR_TAIL = 16 * 1024,
    MAX_COMMAND = 32 * 1024, /* libssh2 fails beyond one packet */
    CLOSE_MS = 500,
};

struct ssh_exec {
    struct ssh *s;
    LIBSSH2_CHANNEL *channel;
    struct lines lines;
    struct strbuf err_tail;
    size_t taken; /* bytes of output so far */
    size_t errors; /* of these, standard error's */
    bool eof;     /* both streams have ended and been drained */
    char buf[CHUNK];
};

static const char doing[] = "a command";

/* After an error nothing may be sent on a session again: libssh2's state is anybody's guess. */
static int unusable(const struct ssh *s, struct err *e)
{
    return err_set(e, ERR_UNREACHABLE, "%s: the connection is no longer usable after an error",
                   s->peer);
}

struct ssh_exec *ssh_exec_start(struct ssh *s, const char *command, const struct ssh_sink *sink,
                                struct err *e)
{
    int rc;
    if (s->broken) {
        unusable(s, e);
        return NULL;
    }
    if (s->exec || strlen(command) > MAX_COMMAND) {
        err_set(e, ERR_SYSTEM,
                s->exec ? "%s: a command is already running on this session"
                        : "%s: the command line is too long: send it on standard "
                          "input",
                s->peer);
        return NULL;
    }
    struct ssh_exec *x = xcalloc(1, sizeof *x);
    int64_t deadline = deadline_in(ssh_connect_timeout(s->host));
    x->s = s;
    s->exec = x;
    lines_init(&x->lines, sink);

    while (!(x->channel = libssh2_channel_open_session(s->session))) {
        rc = libssh2_session_last_errno(s->session);
        if (rc != LIBSSH2_ERROR_EAGAIN) {
            ssh_fail(s, rc, "opening a channel", e);
            goto fail;
        }
        if (ssh_again(s, deadline, "opening a channel", e))
            goto fail;
    }
    while ((rc = libssh2_channel_exec(x->channel, command)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_again(s, deadline, "starting a command", e))
            goto fail;
    if (!rc)
        return x;
    ssh_fail(s, rc, "starting a command", e);
fail:
    ssh_exec_free(x);
    return NULL;
}

static void keep_tail(struct strbuf *tail, const char *data, size_t n)
{
    sb_addn(tail, data, n);
    if (tail->len > 2 * STDERR_TAIL)
        sb_drop_front(tail, tail->len - STDERR_TAIL);
}

/* Only its tail is kept, but whoever sends without end keeps us busy all the same. */
static int take_errors(struct ssh_exec *x, size_t n, struct err *e)
{
    keep_tail(&x->err_tail, x->buf, n);
    x->errors += n;
    if (x->errors <= x->lines.sink.max_total)
        return 0;
    x->s->broken = true;
    return err_set(e, ERR_PROTOCOL, "%s: the command printed more than %zu bytes of errors", x->s->peer,
                   x->lines.sink.max_total);
}

/* Read one stream until it would block. */
static int drain_stream(struct ssh_exec *x, int stream, struct err *e)
{
    for (;;) {
        ssize_t n = libssh2_channel_read_ex(x->channel, stream, x->buf, sizeof x->buf);
        if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
            return 0;
        if (n < 0)
            return ssh_fail(x->s, n, doing, e);
        x->taken += (size_t)n;
        if (stream) {
            if (take_errors(x, (size_t)n, e))
                return -1;
        } else if (lines_feed(&x->lines, x->buf, (size_t)n, e)) {
            x->s->broken = true;
            return err_wrap(e, "%s", x->s->peer);
        }
    }
}

static bool sending(const struct ssh *s)
{
    return libssh2_session_block_directions(s->session) & LIBSSH2_SESSION_BLOCK_OUTBOUND;
}

/* Take all output that has arrived (within the session's read budget), and notice the end of it. */
static int drain(struct ssh_exec *x, int64_t deadline, struct err *e)
{
    unsigned long queued = 0;
    size_t before;
    int idle = 0; /* data of a stream that nobody asked for stays queued: do not go on for ever */
    do {
        before = x->taken;
        if (drain_stream(x, 0, e) || drain_stream(x, SSH_EXTENDED_DATA_STDERR, e))
            return -1;
        while (sending(x->s))
            if (ssh_again(x->s, deadline, doing, e) || drain_stream(x, 0, e))
                return -1;
        libssh2_channel_window_read_ex(x->channel, &queued, NULL);
        idle = x->taken == before ? idle + 1 : 0;
    } while (queued && idle < 2);
    x->eof = libssh2_channel_eof(x->channel) == 1;
    return 0;
}

/* The last line of standard error, for a message. */
static void last_words(const struct ssh_exec *x, char *out, size_t size)
{
    const char *s = ssh_exec_stderr(x);
    size_t n = strlen(s), start;
    while (n && strchr("\r\n\t ", s[n - 1]))
        n--;
    for (start = n; start && s[start - 1] != '\n'; start--)
        ;
    ssh_printable(out, size, s + start, n - start);
}

/* The command has ended while there was still input for it: say how it ended. */
static int ended_early(struct ssh_exec *x, int64_t deadline, struct err *e)
{
    char words[256];
    int status;
    if (ssh_exec_finish(x, deadline, &status, e))
        return -1;
    last_words(x, words, sizeof words);
    return err_set(e, ERR_FAILED,
                   "%s: the command ended before it had read its input (exit status "
                   "%d)%s%s",
                   x->s->peer, status, words[0] ? ": " : "", words);
}

int ssh_exec_send(struct ssh_exec *x, const char *data, size_t len, int64_t deadline, struct err *e)
{
    struct ssh *s = x->s;
    if (s->broken)
        return unusable(s, e);
    while (len) {
        size_t piece = len < CHUNK ? len : CHUNK;
        ssize_t n = libssh2_channel_write_ex(x->channel, 0, data, piece);
        if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
            return ssh_fail(s, n, doing, e);
        if (n == LIBSSH2_ERROR_EAGAIN && sending(s)) {
            if (ssh_again(s, deadline, doing, e))
                return -1;
            continue;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
        uint64_t before = s->received;
        if (drain(x, deadline, e))
            return -1;
        if (x->eof && len)
            return ended_early(x, deadline, e);
        /* What we wait for, more window, may have come with what was just drained. */
        bool moved = n > 0 || s->received != before;
        if (moved ? ssh_glance(s, deadline, doing, e) : ssh_again(s, deadline, doing, e))
            return -1;
    }
    return 0;
}

int ssh_exec_wait(struct ssh_exec *x, int wake_fd, int64_t deadline, struct err *e)
{
    struct ssh *s = x->s;
    if (s->broken)
        return unusable(s, e);
    for (;;) {
        if (drain(x, deadline, e))
            return -1;
        if (x->eof)
            return 1;
        enum wait_result r = ssh_wait(s, wake_fd, deadline);
        if (r == WAIT_WOKEN)
            return 0;
        if (r != WAIT_READY)
            return ssh_stopped(s, r, doing, e);
    }
}

/* libssh2 gives 0 for "no status was sent", too: a signal can be told, silence cannot. */
static int exit_status(struct ssh_exec *x, int *status, struct err *e)
{
    char *signal_name = NULL, words[256], shown[64];
    size_t len = 0;

    libssh2_channel_get_exit_signal(x->channel, &signal_name, &len, NULL, NULL, NULL, NULL);
    if (!signal_name) {
        *status = libssh2_channel_get_exit_status(x->channel);
        return 0;
    }
    ssh_printable(shown, sizeof shown, signal_name, strlen(signal_name));
    free(signal_name);
    last_words(x, words, sizeof words);
    return err_set(e, ERR_FAILED, "%s: the command was killed by signal %s%s%s", x->s->peer, shown,
                   words[0] ? ": " : "", words);
}

int ssh_exec_finish(struct ssh_exec *x, int64_t deadline, int *status, struct err *e)
{
    struct ssh *s = x->s;
    int rc;

    *status = -1;
    if (s->broken)
        return unusable(s, e);
    while ((rc = libssh2_channel_send_eof(x->channel)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_again(s, deadline, doing, e))
            return -1;
    if (rc)
        return ssh_fail(s, rc, doing, e);
    if (ssh_exec_wait(x, -1, deadline, e) < 0)
        return -1;
    while ((rc = libssh2_channel_wait_closed(x->channel)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_again(s, deadline, doing, e))
            return -1;
    if (rc || s->lost != PEER_ALIVE)
        return ssh_fail(s, rc, doing, e);
    if (lines_end(&x->lines, e))
        return err_wrap(e, "%s", s->peer);
    return exit_status(x, status, e);
}

const char *ssh_exec_stderr(const struct ssh_exec *x)
{
    const struct strbuf *tail = &x->err_tail;
    return sb_str(tail) + (tail->len > STDERR_TAIL ? tail->len - STDERR_TAIL : 0);
}

/*
 * Close the channel. A command that still runs keeps the host from confirming that; then the
 * session cannot be used again, and its memory goes with ssh_close().
 */
static void close_channel(struct ssh_exec *x)
{
    struct ssh *s = x->s;
    int64_t deadline = deadline_in(CLOSE_MS);
    while (libssh2_channel_free(x->channel) == LIBSSH2_ERROR_EAGAIN) {
        if (ssh_wait(s, -1, deadline) != WAIT_READY) {
            s->broken = true;
            return;
        }
    }
}

void ssh_exec_free(struct ssh_exec *x)
{
    if (!x)
        return;
    if (x->channel && !x->s->broken)
        close_channel(x);
    x->s->exec = NULL;
    lines_free(&x->lines);
    sb_free(&x->err_tail);
    free(x);
}
