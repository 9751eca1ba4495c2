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
#include "base/trace.h"
#include "ssh/internal.h"

enum {
    CLOSE_MS = 500,
};

static const char doing[] = "a command";

static int channel_start(struct ssh_exec *x, const char *command, struct err *e)
{
    int rc;
    struct ssh *s = x->s;
    int64_t deadline = deadline_in(alive_patience(s, ssh_connect_timeout(s->host)));
    TRACE(s->host->name, "open a channel");

    while (!(x->channel = libssh2_channel_open_session(s->session))) {
        rc = libssh2_session_last_errno(s->session);
        if (rc != LIBSSH2_ERROR_EAGAIN)
            return ssh_fail(s, rc, "opening a channel", e);
        if (ssh_again(s, deadline, "opening a channel", e))
            return -1;
    }
    while ((rc = libssh2_channel_exec(x->channel, command)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_again(s, deadline, "starting a command", e))
            return -1;
    s->commanded = true;
    return rc ? ssh_fail(s, rc, "starting a command", e) : 0;
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
            if (exec_take_stderr(x, x->buf, (size_t)n, e))
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

static int channel_send(struct ssh_exec *x, const char *data, size_t len, int64_t deadline,
                        struct err *e)
{
    struct ssh *s = x->s;
    while (len) {
        size_t piece = len < EXEC_CHUNK ? len : EXEC_CHUNK;
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
            return exec_ended_early(x, deadline, e);
        /* What we wait for, more window, may have come with what was just drained. */
        bool moved = n > 0 || s->received != before;
        if (moved ? ssh_glance(s, deadline, doing, e) : ssh_again(s, deadline, doing, e))
            return -1;
    }
    return 0;
}

static int channel_wait(struct ssh_exec *x, int wake_fd, int64_t deadline, struct err *e)
{
    struct ssh *s = x->s;
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
    xfree(signal_name);
    exec_last_words(x, words, sizeof words);
    return err_set(e, ERR_FAILED, "%s: the command was killed by signal %s%s%s", x->s->peer, shown,
                   words[0] ? ": " : "", words);
}

static int channel_finish(struct ssh_exec *x, int64_t deadline, int *status, struct err *e)
{
    struct ssh *s = x->s;
    int rc;

    while ((rc = libssh2_channel_send_eof(x->channel)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_again(s, deadline, doing, e))
            return -1;
    if (rc)
        return ssh_fail(s, rc, doing, e);
    if (channel_wait(x, -1, deadline, e) < 0)
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

static void channel_release(struct ssh_exec *x)
{
    if (x->channel && !x->s->broken)
        close_channel(x);
}

const struct transport transport_libssh2 = {
    .connect = lib_connect,
    .close = lib_close,
    .start = channel_start,
    .send = channel_send,
    .wait = channel_wait,
    .finish = channel_finish,
    .release = channel_release,
};
