#include "ssh/wait.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ssh/ssh.h"

/*
 * libssh2 sometimes asks for I/O without saying in which direction (after a key exchange, or when a
 * packet was consumed internally). A socket is nearly always writable, so polling for both would
 * spin; wait for input, but look again soon in any case.
 */
enum { UNKNOWN_DIRECTION_MS = 10 };

enum wait_result wait_io(const struct wait *w)
{
    struct pollfd fds[] = {
        {.fd = w->fd, .events = w->events ? w->events : POLLIN}, /* a negative fd is skipped */
        {.fd = w->cancel_fd, .events = POLLIN},
        {.fd = w->wake_fd, .events = POLLIN},
    };
    for (;;) {
        int left = deadline_left(w->deadline);
        bool hurry = !w->events && (left < 0 || left > UNKNOWN_DIRECTION_MS);
        int n = poll(fds, ARRAY_LEN(fds), hurry ? UNKNOWN_DIRECTION_MS : left);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return WAIT_READY; /* a bad descriptor: let the call on it report that */
        if (n < 0)
            continue;
        if (fds[1].revents)
            return WAIT_CANCELLED;
        if (fds[2].revents)
            return WAIT_WOKEN;
        if (w->deadline != DEADLINE_NEVER && deadline_left(w->deadline) == 0)
            return WAIT_TIMEOUT;
        if (fds[0].revents || hurry)
            return WAIT_READY;
    }
}

bool ssh_cancelled(const struct ssh_cancel *c, int64_t ms)
{
    return wait_pause(c ? c->cancel_fd : -1, ms) == WAIT_CANCELLED;
}

enum wait_result wait_fds(struct pollfd *fds, unsigned n, const struct wait *w)
{
    struct pollfd all[WAIT_FDS + 2];
    for (unsigned i = 0; i < n; i++)
        all[i] = fds[i];
    all[n] = (struct pollfd){.fd = w->cancel_fd, .events = POLLIN};
    all[n + 1] = (struct pollfd){.fd = w->wake_fd, .events = POLLIN};
    for (;;) {
        int ready = poll(all, n + 2, deadline_left(w->deadline));
        if (ready < 0)
            continue; /* EINTR, EAGAIN */
        for (unsigned i = 0; i < n; i++)
            fds[i].revents = all[i].revents;
        if (all[n].revents)
            return WAIT_CANCELLED;
        if (all[n + 1].revents)
            return WAIT_WOKEN;
        if (w->deadline != DEADLINE_NEVER && deadline_left(w->deadline) == 0)
            return WAIT_TIMEOUT;
        if (ready)
            return WAIT_READY;
    }
}

enum wait_result wait_pause(int cancel_fd, int64_t ms)
{
    return wait_io(&(struct wait){.fd = -1,
                                  .events = POLLIN,
                                  .cancel_fd = cancel_fd,
                                  .wake_fd = -1,
                                  .deadline = deadline_in(ms)});
}
