#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/load_loop.h"

/* A server on the same network closes within a round trip of its last byte. */
enum { PARTING_US = 100000 };

static void say_farewell(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    struct linger reset = {.l_onoff = 1};
    bool server_closed = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
                         info.tcpi_state == TCP_CLOSE_WAIT;
    if (!server_closed)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
}

static void close_first(struct parting *p)
{
    say_farewell(p->ring[p->first].fd);
    p->first = (p->first + 1) % PARTING_MAX;
    p->n--;
}

void parting_add(struct parting *p, int fd)
{
    if (p->n == PARTING_MAX)
        close_first(p);
    size_t last = (p->first + p->n++) % PARTING_MAX;
    p->ring[last].fd = fd;
    p->ring[last].at_us = clock_us() + PARTING_US;
}

void parting_close(struct parting *p, int64_t now_us)
{
    while (p->n > 0 && p->ring[p->first].at_us <= now_us)
        close_first(p);
}
