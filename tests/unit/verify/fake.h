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
    const char *extra[FAKE_HOSTS];   /* more lines: what is asked for beyond addresses and tables */
    unsigned queries;                /* for live data; the token's are not counted */
    void (*on_query)(struct fake *f); /* the world moves on */

    const char *pages[FAKE_HOSTS]; /* "/" of a real server; NULL: it does not answer */
    bool no_vhost[FAKE_HOSTS];     /* somebody else's nginx: whoami is a 404 */
    const unsigned *order;         /* who answers the next request to the VIP... */
    size_t n_order, turn;          /* ...in turn; none: nobody */

    const char *foreign[FAKE_HOSTS]; /* the Host header that another site of its nginx takes */
    size_t through[FAKE_HOSTS];      /* who answers for the VIP through it; FAKE_HOSTS: nobody */
    const char *through_error;
    const char *via_error; /* ways cannot be opened */
    unsigned ways;         /* open ones */

    char token[64], token_path[128]; /* what was written last */
    bool token_removed;
    const char *token_error;            /* it cannot be written */
    const char *token_read[FAKE_HOSTS]; /* the answer of a mount; NULL: the token */
    const char *token_page[FAKE_HOSTS]; /* of HTTP; NULL: the token; "": 404 */

    struct route route;
    bool may_ask;
    unsigned macs[4]; /* last bytes of the MACs that answer for the VIP */
    size_t n_macs;
};

extern struct fake fake;

/* The reference cluster as it should be. */
void fake_reset(void);
void fake_free(void);
/* The resource of a type in a host's catalog. */
struct resource *fake_resource(size_t host, enum res_type type);
/* config.converged has a step for it to do. */
void fake_pending(size_t host, const struct resource *r, const char *summary);
