#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "probe/load_loop.h"

/* Taken by others, or by connections of ours that are not over; then the kernel chooses. */
enum { TRIES = 8 };

void ports_init(struct ports *p)
{
    unsigned first, last;
    FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    *p = (struct ports){0};
    if (!f)
        return;
    if (fscanf(f, "%u %u", &first, &last) == 2 && first > 0 && first <= last && last <= UINT16_MAX)
        *p = (struct ports){.first = first, .count = last - first + 1};
    fclose(f);
}

static bool bind_to(int fd, int family, unsigned port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    return family == AF_INET6 ? bind(fd, (struct sockaddr *)&v6, sizeof v6) == 0
                              : bind(fd, (struct sockaddr *)&v4, sizeof v4) == 0;
}

void ports_take(struct ports *p, int fd, int family)
{
    for (unsigned i = 0; p->count && i < TRIES; i++) {
        unsigned port = p->first + p->next;
        p->next = (p->next + 1) % p->count;
        if (bind_to(fd, family, port))
            return;
    }
}
