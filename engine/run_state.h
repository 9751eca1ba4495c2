#pragma once
/* Inside the engine: a run's state, shared by its passes (run.c) and its questions (query.c). */
#include <pthread.h>

#include "engine/worker.h"

struct run {
    const struct cluster *cluster;
    struct run_options options;
    struct ssh **sessions;
    struct run_scope scope;
    struct host_result **latest;        /* by index_in_cluster: of the last pass it was part of */
    struct host_result nobody;          /* the one that was in none yet has this */
    VEC(struct host_result *) results;  /* all; older ones live on for the events' sake */
    struct board *board;
    size_t *order;           /* hosts in starting order: nobody waits for one that starts later */
    size_t n_order;          /* of all the cluster's hosts, or options.only */
    int64_t began;
    int64_t woken;           /* when waiting workers were last sent round to say that they live */
    char owner[256];         /* of the hosts' locks */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    VEC(struct event) queue;
    struct arena arena;      /* texts of events */

    /* The current parallel job. */
    void (*job)(struct run *r, size_t host, void *ud);
    void *job_ud;
    size_t next, active;
};

struct worker run_worker(struct run *r, size_t host);
/* Call `job` for every host of the run, on at most max_parallel threads, and pump their events. */
int run_parallel(struct run *r, void (*job)(struct run *r, size_t host, void *ud), void *ud,
                 const struct event_sink *sink, struct err *e);
