#pragma once
/* One host's pass, on its own thread: connect, look, plan, and apply. Internal to the engine. */
#include "engine/board.h"
#include "engine/remote.h"
#include "engine/run.h"

struct worker {
    const struct run_options *options;
    const struct module_table *modules;
    const enum wish *wishes; /* by index_in_cluster; NULL: none */
    const struct cluster *cluster;
    struct board *board;
    struct ssh **ssh;        /* the host's session, kept between passes */
    struct host_result *hr;
    const char *owner;       /* of the hosts' locks: lock_owner_text() */
    /* Thread-safe; fills in host and time. */
    void (*emit)(struct worker *w, struct event ev);
    /* Thread-safe copy that lives as long as the run. */
    const char *(*keep)(struct worker *w, const char *text, size_t len);
    /* Thread-safe: a new result for what is left to do; the old one lives on for its events. */
    void (*renew)(struct worker *w);
    void *run;
};

/* Connect if need be, gather facts. */
int worker_reach(struct worker *w, struct err *e);
/* Connect if need be, gather facts, declare, observe, plan. */
int worker_observe(struct worker *w, struct err *e);
/* Carry out the plan that worker_observe() made, over one connection. */
int worker_apply(struct worker *w, struct err *e);
/*
 * The same, and when the connection is lost go on over a new one: wait until the host is through with
 * the step it was at, look again, and carry out what is left. Not where a step may cut us off and has
 * a way back of its own, nor where changes wait for a confirmation.
 */
int worker_carry_out(struct worker *w, struct err *e);
/* Is *e that the session was lost? Then a new one may do better. */
bool worker_lost(const struct worker *w, const struct err *e);
void worker_disconnect(struct worker *w);
/* A query on the open session. */
int worker_query(struct worker *w, const struct remote_query *q, int64_t deadline, struct err *e);

/* How long any one look at a host may take: facts and observations are a handful of commands. */
enum { WORKER_LOOK_MS = 180 * 1000 };
