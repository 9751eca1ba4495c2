#pragma once
/*
 * Ways to an address through a neighbour of our choice, for our own marked sockets alone: what
 * shows whether each real server takes the VIP's packets, which the director's choice would hide.
 *
 * A way is a slot: a routing table with one route (TO via NEIGHBOUR), and a policy rule that sends
 * packets with the slot's mark there. The kernel resolves the neighbour's MAC as for any gateway
 * and leaves the packet's destination as it is, which is just what a director does (direct
 * routing). No other socket bears the mark, so nothing else on this machine can be affected, not
 * even by what a killed run leaves behind; the next run removes that. Needs CAP_NET_ADMIN.
 */
#include <stddef.h>
#include <stdint.h>

#include "probe/arp.h"

/*
 * A slot's table and mark are both VIA_BASE + slot: "CL" in the upper half, and the lower half free
 * of the bits by which others match under a mask (kube-proxy 0x4000 and 0x8000; tailscale's
 * 0xff0000 gives 0x4c0000, no value of its). The rules' preference is ahead of anybody's but that
 * of the local table, which is 0.
 */
enum { VIA_BASE = 0x434c0000, VIA_SLOTS = 64, VIA_PREFERENCE = 97 };

struct via {
    struct ipaddr to, neighbour;
    int family; /* 0: not open */
    int ifindex;
    unsigned mark; /* for the sockets: see http.h */
    int lock;      /* holds the slot for as long as this process lives */
};

/*
 * Open a way to `to` through `neighbour`, which must be on the link `link` (route_get() of it), of
 * the same family. ERR_SYSTEM with "Operation not permitted" and a hint without CAP_NET_ADMIN;
 * ERR_FAILED when every slot is taken, or another rule of this machine goes before ours.
 */
int via_open(const struct ipaddr *to, const struct ipaddr *neighbour, const struct route *link,
             struct via *out, struct err *e);
/* Take it away again. Safe for one that is not open. */
void via_close(struct via *v);
/* Remove what killed runs have left in slots that nobody holds; returns how many rules. */
size_t via_sweep(void);
