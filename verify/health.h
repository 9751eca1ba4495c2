#pragma once
/* Is every part at work? Asked again and again after a fault: one question to every host. */
#include "engine/run.h"
#include "probe/arp.h"
#include "verify/live.h"

struct health {
    const struct host *active; /* the one director that holds the VIP; NULL: none, or several */
    bool whole;                /* every director's table sends to every real server too */
    char why[200];             /* not whole: what is missing */
};

/* -1 only when interrupted. `live` keeps what was seen. */
int health_look(struct run *r, const struct service *s, struct live *live, struct health *out,
                struct err *e);
/*
 * The real server after `after` (NULL: from the first), in turn, that every director sends new
 * connections to, by what `live` holds: a weight above 0. NULL: there is none.
 */
const struct host *health_serving(const struct cluster *c, const struct live *live,
                                  const struct service *s, const struct host *after);
/* The host and interface with this MAC, as "LVS-node01"; NULL: none of ours. */
const struct host *health_owner(const struct run *r, const struct live *live, const struct mac *m);
