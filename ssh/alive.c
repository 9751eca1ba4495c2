/*
 * Behind a jump host the socket is one to the ssh that carries the bytes, which knows whether the
 * jump host is there, and nothing of the host behind it. So a host that has been silent is asked
 * whether it is there: sshd answers at once, whatever a command is doing. (libssh2 keeps each
 * answer until the session ends: a hundred bytes for every quarter of dead_after that is silent.)
 *
 * libssh2 1.10 mishandles a question that it can send by half only. So none is sent but where
 * nothing of another packet is waiting and the socket takes more.
 *
 * How long an answer may take depends on what is on the way before the question. A connection is
 * not ended that gets on with SLOWEST; there is no more on the way than the host's window.
 */
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "ssh/internal.h"

enum {
    SLOWEST = 32, /* bytes in a millisecond */
    WINDOW = 2 << 20,
    STEP_MIN_MS = 2000, /* libssh2's own limit between two questions */
    LATE_MS = 1000,
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void alive_sent(struct ssh *s, size_t n)
{
    int64_t now = clock_ms(), most = now + WINDOW / SLOWEST;
    s->alive.sent += n;
    s->alive.arrived = later(s->alive.arrived, now) + (int64_t)(n / SLOWEST);
    if (s->alive.arrived > most)
        s->alive.arrived = most;
}

static bool is_watched(const struct ssh *s)
{
    return s->ready && s->host->ssh.dead_after_ms && jump_wanted(s->host);
}

int64_t alive_patience(const struct ssh *s, int64_t ms)
{
    return is_watched(s) ? later(ms, s->host->ssh.dead_after_ms + LATE_MS) : ms;
}

/* Nothing is read before more is sent: then that it can be is the sign of life. */
static bool is_stuck(short events)
{
    return events == POLLOUT;
}

/* When there was no sign of life for too long, of whatever kind. */
static int64_t end_of_silence(const struct ssh *s)
{
    return later(s->last_heard, s->alive.arrived) + s->host->ssh.dead_after_ms;
}

int64_t alive_due(const struct ssh *s, short events)
{
    int64_t limit = s->host->ssh.dead_after_ms, step = later(limit / 4, STEP_MIN_MS);
    if (!is_watched(s))
        return DEADLINE_NEVER;
    if (is_stuck(events))
        return end_of_silence(s);
    if (s->alive.asked)
        return later(s->alive.asked, s->alive.arrived) + limit - limit / 4;
    return later(s->last_heard, s->alive.tried) + step;
}

/* It goes by the wall clock, and asks nothing for a while when that was set back. */
static void ask(struct ssh *s, int64_t now)
{
    uint64_t before = s->alive.sent;
    int next;
    libssh2_keepalive_config(s->session, 1, STEP_MIN_MS / 1000);
    libssh2_keepalive_send(s->session, &next);
    s->alive.tried = now;
    s->alive.asked = s->alive.sent != before ? now : 0;
}

bool alive_look(struct ssh *s, short events)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN | POLLOUT};
    int64_t due = alive_due(s, events), now = clock_ms();
    int directions = libssh2_session_block_directions(s->session);

    if (poll(&p, 1, 0) > 0 && p.revents & ((events ? events : POLLIN) | POLLERR | POLLHUP))
        return true;
    bool room = p.revents & POLLOUT && !(directions & LIBSSH2_SESSION_BLOCK_OUTBOUND);
    bool verdict = is_stuck(events) || s->alive.asked;
    if (room && !verdict) {
        ask(s, now);
        return true;
    }
    if (now > due + LATE_MS) { /* we were stopped, or busy: the answer may be on its way */
        s->alive.tried = now;
        s->alive.asked = s->alive.asked ? now : 0;
        s->alive.arrived = later(s->alive.arrived, now);
        return false;
    }
    if (verdict || now >= end_of_silence(s)) {
        s->lost = ETIMEDOUT;
        return true;
    }
    s->alive.tried = now;
    return false;
}
