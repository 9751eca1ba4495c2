#pragma once
/*
 * Who answers for an address on the operator's own link. ARP requests go out as broadcasts on a
 * packet socket (needs CAP_NET_RAW); the neighbour table and routes are read through libnl.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ipaddr.h"

enum { MAC_STRLEN = 18, ARP_MAX_ANSWERS = 16 };

struct mac {
    unsigned char b[6];
};
const char *mac_str(const struct mac *m, char buf[static MAC_STRLEN]);
bool mac_parse(const char *s, struct mac *out);
bool mac_eq(const struct mac *a, const struct mac *b);

/* How the kernel would reach an address. */
struct route {
    bool on_link; /* a neighbour on one of our links: no gateway, and not ourselves */
    bool local;   /* it is our own address */
    int ifindex;
    char ifname[16];
    struct ipaddr source; /* family 0 when the kernel names none */
};
/* ERR_UNREACHABLE when there is no route (or a blackhole one). Sends nothing on any link. */
int route_get(const struct ipaddr *to, struct route *out, struct err *e);

struct arp_answers {
    struct mac mac[ARP_MAX_ANSWERS]; /* distinct, in order of arrival; any more are dropped */
    size_t n;
    unsigned requests; /* sent */
};

/*
 * Broadcast `requests` ARP requests for an on-link IPv4 address, collecting answers for wait_ms
 * after each: always the whole time, since it is the second answer that tells. Only ARP replies
 * sent to us count, not gratuitous announcements. Fails with ERR_SYSTEM ("Operation not permitted"
 * in the message, and a hint) without CAP_NET_RAW.
 */
int arp_ask(const struct ipaddr *addr, const struct route *via, unsigned requests, unsigned wait_ms,
            struct arp_answers *out, struct err *e);

/* The kernel's neighbour entry for an address. found=false when there is none with a MAC. */
int neigh_get(const struct ipaddr *addr, int ifindex, bool *found, struct mac *out, struct err *e);
