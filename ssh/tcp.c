/* The TCP connection under a session, never longer than the deadline. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ipaddr.h"
#include "base/mem.h"
#include "ssh/internal.h"

/*
 * A peer that vanishes without a word must not hold a run for the kernel's default of a quarter of
 * an hour. Keepalive probes cover a silent wait, TCP_USER_TIMEOUT unacknowledged data; SSH's own
 * keepalive messages would need libssh2 to send in the middle of other packets, which it
 * mishandles (alive.c has to do with them, and to take care).
 */
static void notice_dead_peer(int fd, unsigned dead_after_ms)
{
    int on = 1, probes = 3;
    int step = (int)(dead_after_ms / 4000);
    unsigned limit = dead_after_ms;
    if (step < 1)
        step = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!dead_after_ms)
        return;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &step, sizeof step);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &step, sizeof step);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

enum { MAX_ADDRESSES = 8 };

static int connect_error(const struct ssh *s, int error, struct err *e)
{
    const struct host *h = s->host;
    err_set(e, ERR_UNREACHABLE, "%s: cannot connect: %s", s->peer, strerror(error));
    if (error == ECONNREFUSED)
        return err_hint(e,
                        "The machine is up, but nothing listens on port %u: is sshd running, and "
                        "on this port (\"port\" under \"ssh\" in the inventory)?",
                        h->ssh.port);
    if (error == EHOSTUNREACH || error == ENETUNREACH)
        return err_hint(e,
                        "Is the machine on, and the address right? Try: ip route get %s; ping %s",
                        s->address, s->address);
    return err_hint(e, "Try: ssh -v -p %u %s@%s", h->ssh.port, h->ssh.user, s->address);
}

static int connect_to(const struct ssh *s, const struct sockaddr_storage *to, int64_t deadline,
                      struct err *e)
{
    socklen_t len = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                              : sizeof(struct sockaddr_in);
    autoclose int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, "%s: cannot create a socket", s->peer);
    notice_dead_peer(fd, s->host->ssh.dead_after_ms);

    if (connect(fd, (const struct sockaddr *)to, len) && errno != EINPROGRESS)
        return connect_error(s, errno, e);
    struct wait w = {.fd = fd,
                     .events = POLLOUT,
                     .cancel_fd = s->cancel_fd,
                     .wake_fd = -1,
                     .deadline = deadline};
    switch (wait_io(&w)) {
    case WAIT_CANCELLED:
        return err_set(e, ERR_INTERRUPTED, "%s: interrupted while connecting", s->peer);
    case WAIT_TIMEOUT:
        err_set(e, ERR_UNREACHABLE, "%s: cannot connect: no answer within %.1f s", s->peer,
                ssh_connect_timeout(s->host) / 1000.0);
        return err_hint(e, "Is the machine on, and does a firewall drop port %u? Try: ping %s",
                        s->host->ssh.port, s->address);
    case WAIT_READY:
    case WAIT_WOKEN: break;
    }
    int error = 0;
    len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
        return connect_error(s, error ? error : errno, e);
    int connected = fd;
    fd = -1;
    return connected;
}

/* Returns the connected, non-blocking socket or -1. */
int tcp_connect(const struct ssh *s, int64_t deadline, struct err *e)
{
    struct sockaddr_storage to[MAX_ADDRESSES] = {0};
    struct ipaddr numeric = s->host->address;
    long n = 1;
    if (!s->host->ssh.hostname || ipaddr_parse(s->address, &numeric))
        ipaddr_sockaddr(&numeric, s->host->ssh.port, &to[0]);
    else if ((n = ssh_resolve(s, to, MAX_ADDRESSES, deadline, e)) < 0)
        return -1;
    int fd = -1;
    for (long i = 0; i < n && fd < 0; i++) {
        /* IPv4 and IPv6 have the port at the same place. */
        ((struct sockaddr_in *)&to[i])->sin_port = htons(s->host->ssh.port);
        fd = connect_to(s, &to[i], deadline, e);
        if (fd < 0 && e->code != ERR_UNREACHABLE)
            break;
    }
    return fd;
}
