#pragma once
/*
 * Taking hosts out of the traffic and back in, through the engine: a real server by weight 0 on
 * every director, a director by handing its VIPs over. What is wished for stands on the directors
 * afterwards (engine/facts.h), so every operator sees the same.
 */
#include "engine/run.h"
#include "verify/live.h"

/*
 * How long open connections are waited for unless the operator says otherwise, and how long it may take
 * until a server that is back is sent something.
 */
enum { TRAFFIC_CLOSE_MS = 60 * 1000, TRAFFIC_SERVED_MS = 30 * 1000 };

struct traffic_options {
    struct run *run;
    const struct module_table *drain; /* modules/registry.h: module_table_drain */
    const struct ssh_cancel *cancel;
    /* One pass of the run, shown in whatever way; as run_execute(). */
    int (*pass)(void *ud, enum run_mode mode, struct err *e);
    /* Something has begun: one line, safe to print. */
    void (*say)(void *ud, const char *text);
    void *ud;
};

struct traffic {
    struct traffic_options o;
    const struct cluster *cluster;
    struct live live;
    enum wish *wishes;  /* by index_in_cluster, of the pass at work */
    bool *directors;    /* those that are told: reached at traffic_begin() */
    struct err untold;  /* a director that was not reached, and is not told of anything; or no code */
};

void traffic_init(struct traffic *t, const struct traffic_options *o);
void traffic_free(struct traffic *t);

/*
 * Look at the directors. -1 when none was reached. Afterwards run and scope are the caller's again,
 * as after each function here.
 */
int traffic_begin(struct traffic *t, struct err *e);
/* The same after a pass of the caller's own over all hosts: nobody is asked twice. */
int traffic_adopt(struct traffic *t, struct err *e);
/* Ask the reached hosts anew; -1 only when interrupted. */
int traffic_look(struct traffic *t, struct err *e);
/* After a look: the one director that holds the first VIP, or NULL. */
const struct host *traffic_active(const struct traffic *t);
/* After a look: may some director send anything to this real server? May anything be sent at all? */
bool traffic_serves(const struct traffic *t, const struct host *rs);
bool traffic_flows(const struct traffic *t);

/*
 * After a look: may these hosts (by index_in_cluster) leave? Not the last real server of a service,
 * nor the last director that has real servers. -1 with the reason.
 */
int traffic_may_leave(const struct traffic *t, const bool *who, struct err *e);

/* Plan, but do not carry out, what `wish` for these hosts takes. */
int traffic_plan(struct traffic *t, const bool *who, enum wish wish, struct err *e);
/* No new connections for these real servers (any wish but WISH_NONE: or again). */
int traffic_tell(struct traffic *t, const bool *who, enum wish wish, struct err *e);
/*
 * Wait until these real servers have no connection open. 1 when the time is over, with what is left
 * in *open; -1 interrupted.
 */
int traffic_wait_closed(struct traffic *t, const bool *who, unsigned limit_ms, uint64_t *open,
                        struct err *e);
/* End the drain of these, and wait until every director that sends at all sends to them; 1 when the time is over. */
int traffic_bring_back(struct traffic *t, const bool *who, struct err *e);
/* Make this director give its VIPs away and wait until another holds them. */
int traffic_hand_over(struct traffic *t, const struct host *director, struct err *e);
/* It may hold VIPs again. */
int traffic_take_part(struct traffic *t, const struct host *director, struct err *e);
