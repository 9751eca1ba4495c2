#pragma once
/*
 * A deploy to a cluster that serves: no host is changed while requests come to it, and the first
 * one that is not right afterwards ends it, the rest untouched.
 *
 *   1. what costs nobody anything: plans without impact, the NFS host, real servers that nothing is
 *      sent to (new ones, too, which are then verified before a director learns of them)
 *   2. the other real servers in batches: drained, changed, verified by a request through the VIP
 * to each, brought back
 *   3. the directors: the one that is passive, verified; then a hand-over, and the other
 *
 * Reboots that are due go the same way, once all is deployed and verified: the NFS host first and
 * alone, as nobody can stand in for it. What could be spared for the moment of a restart but not
 * for a boot ends it.
 *
 * A server that a batch leaves behind, failed or interrupted, stays drained. It stands on the
 * directors as a deploy's doing, so that the next one finishes it.
 */
#include "ops/traffic.h"
#include "verify/verify.h"

struct rollout_options {
    struct traffic_options traffic;
    unsigned batch;       /* real servers at a time; at least 1 */
    unsigned close_ms;    /* how long a drained server's connections are waited for */
    unsigned settle_ms;   /* how long checks may take to come right after a change */
    bool reboot;          /* instead of changing hosts, reboot those that need it */
    unsigned boot_ms;     /* ...and how long that may take */
    unsigned lock_wait_s; /* ...and wait for what another run is at there */
};

struct rollout {
    struct rollout_options o;
    struct traffic traffic;
    const struct cluster *cluster;
    enum impact *impact; /* by index_in_cluster: of each host's plan, or of its reboot */
    bool *pending;       /* hosts with something to do, or that a deploy left drained */
    bool *served;        /* real servers that are sent something */
    bool stopped;        /* verification failed: the report says why */
    struct verify_report report;
};

/* After a pass of observation over everything. -1 only when interrupted. */
int rollout_init(struct rollout *r, const struct rollout_options *o, struct err *e);
/*
 * Is traffic served by a cluster of ours, and would the plans disturb it? Or has a deploy left
 * something drained?
 */
bool rollout_needed(const struct rollout *r);
/* Is there anything to do at all? Reboots are rolled out whether traffic is served or not. */
bool rollout_pending(const struct rollout *r);
/* In words, one line a step: what rollout_run() is going to do. */
void rollout_describe(const struct rollout *r, struct strbuf *out);
/*
 * Do it. -1 when it stopped before the end, with the reason; r->report is of the checks that failed
 * then, if they were it.
 */
int rollout_run(struct rollout *r, struct err *e);
void rollout_free(struct rollout *r);
