#pragma once
/* What route.c and via.c share: libnl's objects, and questions to the kernel. Private to probe/. */
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/err.h"
#include "base/ipaddr.h"

/* A socket to rtnetlink whose calls end within 2 s; NULL with *e set. */
struct nl_sock *netlink_open(struct err *e);

/* Where packets to an address that bear `mark` (0: none) go next; *next of family 0: on the link.
 */
int netlink_next_hop(const struct ipaddr *to, unsigned mark, struct ipaddr *next, int *ifindex,
                     struct err *e);

#define nl_cleanup(f) __attribute__((cleanup(f)))

static inline void cleanup_socket(struct nl_sock **sk)
{
    nl_socket_free(*sk); /* accepts NULL */
}

static inline void cleanup_msg(struct nl_msg **msg)
{
    nlmsg_free(*msg);
}

static inline void cleanup_addr(struct nl_addr **addr)
{
    nl_addr_put(*addr);
}

static inline void cleanup_cache(struct nl_cache **cache)
{
    nl_cache_free(*cache);
}
