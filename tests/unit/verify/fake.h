#pragma once
/*
 * A cluster in place of the engine and the network: these replace run.h's functions and the probes
 * at link time. A test sets what the hosts say and what a client sees.
 */
#include "engine/run.h"
#include "probe/arp.h"

enum { LVS1, LVS2, WEB1, WEB2, NFS, FAKE_HOSTS };

struct fake {
    struct cluster cluster;
    struct host hosts[FAKE_HOSTS];
    struct service service;
    struct ipaddr vip;
    struct host_result results[FAKE_HOSTS];

    const char *records[FAKE_HOSTS]; /* lines of each host's answer to the query */
    bool mute[FAKE_HOSTS];           /* the host does not answer the query */
    unsigned queries;
    void (*on_query)(struct fake *f); /* the world moves on */

    const char *pages[FAKE_HOSTS]; /* "/" of a real server; NULL: it does not answer */
    bool no_vhost[FAKE_HOSTS];     /* somebody else's nginx: whoami is a 404 */
    const unsigned *order;         /* who answers the next request to the VIP... */
    size_t n_order, turn;          /* ...in turn; none: nobody */

    struct route route;
    bool may_ask;
    unsigned macs[4]; /* last bytes of the MACs that answer for the VIP */
    size_t n_macs;
};

extern struct fake fake;

/* The reference cluster as it should be. */
void fake_reset(void);
