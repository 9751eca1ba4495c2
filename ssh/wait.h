#pragma once
/* The one place where this layer sleeps. */
#include <stdint.h>

enum wait_result {
    WAIT_READY,     /* the socket can go on (or has failed: the next call on it will tell) */
    WAIT_WOKEN,     /* wake_fd is readable */
    WAIT_TIMEOUT,   /* the deadline has passed */
    WAIT_CANCELLED, /* cancel_fd is readable */
};

struct wait {
    int fd;
    short events;     /* POLLIN, POLLOUT or both; 0: not known, look again soon */
    int cancel_fd;    /* -1: none */
    int wake_fd;      /* -1: none */
    int64_t deadline; /* base/clock.h */
};

/*
 * Cancelled comes before woken, woken before the deadline, and the deadline before ready: a peer
 * that never stops talking cannot keep us from noticing the other three.
 */
enum wait_result wait_io(const struct wait *w);

/*
 * The same for several descriptors of poll(2); w->fd and w->events are not looked at. `n` is at most
 * WAIT_FDS.
 */
enum { WAIT_FDS = 3 };
struct pollfd;
enum wait_result wait_fds(struct pollfd *fds, unsigned n, const struct wait *w);

/* Sleep that ends at once when cancelled: WAIT_TIMEOUT or WAIT_CANCELLED. */
enum wait_result wait_pause(int cancel_fd, int64_t ms);
