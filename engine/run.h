#pragma once
/*
 * A run: one pass over the hosts of a cluster, a worker thread for each that is active. Each worker
 * owns its SSH session; the run owns results.
 *
 *   RUN_REACH     connect, facts: for queries that need no more. Plans are empty.
 *   RUN_OBSERVE   connect, facts, observe, plan. Changes nothing.
 *   RUN_APPLY     the same, then apply the plan under the host's lock, waiting where needed for
 *                 what other hosts must have done first.
 *   RUN_PLANNED   apply the plans that the pass before made, without looking again.
 *
 * Sessions stay open between passes over the same run. A pass may be of some hosts only, and of
 * some modules (run_scope()); the others' results stay those of their last pass.
 */
#include "engine/event.h"
#include "engine/module.h"
#include "engine/observe.h"
#include "engine/record.h"
#include "ssh/ssh.h"

enum run_mode { RUN_REACH, RUN_OBSERVE, RUN_APPLY, RUN_PLANNED };

enum step_state { STEP_PENDING, STEP_DONE, STEP_FAILED };

struct host_result {
    const struct host *host;
    bool reached;             /* facts, observation and plan are there */
    bool ok;                  /* this pass ended as it should */
    struct err err;           /* !ok: why */
    struct err step_err;      /* why the step failed that did, for its event */
    struct facts facts;
    struct catalog catalog;
    struct observation observed; /* before any step */
    struct plan plan;
    enum step_state *states;  /* one for each step of the plan */
    bool stale;               /* another run was at work since the plan was made: no step was begun */
    size_t done;              /* steps done */
    size_t done_before;       /* ...of earlier plans, before a connection that was lost */
    size_t owed;              /* steps that these left undone */
    int64_t elapsed_ms;
};

struct run_options {
    const struct module_table *modules;
    const struct template_set *templates;
    const struct ssh_cancel *cancel;
    unsigned max_parallel;    /* workers at once; 0: 64 */
    unsigned lock_wait_s;     /* for a host's lock held by a dead run's last step */
    unsigned step_timeout_s;  /* whole-step limit */
    unsigned reconnect_s;     /* a connection lost among steps: try this long to go on; 0: don't */
    unsigned confirm_s;       /* hosts take changes back that are not confirmed within; 0: they stay */
    const struct run_record *record; /* what hosts are to remember of this run; NULL: nothing */
    bool destroy;             /* take everything back that was made on the hosts */
    bool purge;               /* ...packages too */
    const struct cluster *stays; /* ...but from none of these hosts, by what name or address ever; or NULL */
    const char *const *forgotten; /* names or addresses of departed members that are done
                                     with; may grow between passes */
    bool assume_family;       /* hosts of a system that is not in the table get the nearest row */
    const struct facts_given *given; /* offline: by index_in_cluster; NULL: nothing is */
    const struct unit_wish *units; /* what is asked for with units, for the modules; NULL: nothing */
    const struct host *only;  /* the run is of this host, and has no other results; NULL: all */
};

/* What the next passes are about. The arrays are by index_in_cluster and belong to the caller. */
struct run_scope {
    const struct module_table *modules; /* NULL: the run's own */
    const bool *hosts;                  /* NULL: all. The others are taken to be as they were left:
                                           what is waited for has happened, or they have failed */
    const enum wish *wishes;            /* NULL: none */
};

struct run;

struct run *run_new(const struct cluster *c, const struct run_options *o);
/*
 * One pass. Returns 0 when every host ended ok; else -1 with the most telling error (interrupted,
 * failed, unreachable, in this order of precedence: exit 130, 1, 69; ERR_LOCKED when only that).
 */
int run_execute(struct run *r, enum run_mode mode, const struct event_sink *sink, struct err *e);
/* Is the host part of the pass at work, or of the next one? */
bool run_in_scope(const struct run *r, const struct host *h);
/* Is it about some modules only? */
bool run_in_part(const struct run *r);
void run_set_scope(struct run *r, const struct run_scope *s); /* copied */
const struct cluster *run_cluster(const struct run *r);
size_t run_count(const struct run *r);
/* Of the last pass that the host was part of; its `host` is NULL before there was one. */
struct host_result *run_result(struct run *r, size_t i);

struct host_result *run_result_of(struct run *r, const struct host *h);

/*
 * Run a fragment that may be run twice (most change nothing) on every reached host in parallel on the
 * open sessions; its records (lines `r ...`) go to `record` (called from several threads, never two for
 * one host). A host whose connection is lost on the way may be asked once more: `fragment` forgets what
 * it has said before.
 */
struct remote_query {
    void (*fragment)(struct script *s, const struct host_result *hr, void *ud);
    int (*record)(const struct host_result *hr, char *value, void *ud, struct err *e);
    void *ud;
    const bool *hosts; /* by index_in_cluster; NULL: all that were reached */
    unsigned limit_ms; /* on each host; 0: WORKER_LOOK_MS of the engine */
    bool insist;       /* over a new connection where the old one was lost, also before the question */
};
int run_query(struct run *r, const struct remote_query *q, struct err *e);
/*
 * The same on one host that an earlier pass reached, within limit_ms for all of it; when its session
 * has died since, on a new one. The fragment may change the host. Never while anything else of the
 * run is at work.
 */
int run_query_host(struct run *r, const struct host *h, const struct remote_query *q,
                   unsigned limit_ms, struct err *e);
/*
 * Forget all results but the last of each host, with the plans and observations that events pointed to:
 * for a run that looks again and again. Never while anything of the run is at work.
 */
void run_forget(struct run *r);
/* Forget a session that is known to be dead, so that nothing waits for it. */
void run_disconnect(struct run *r, const struct host *h);
/* From now on new sessions do not notice the cancellation: to undo what an interruption left. */
void run_ignore_cancel(struct run *r);
void run_free(struct run *r);

/* Offline: declare every host's catalog from assumed facts; no network. */
int run_offline(const struct cluster *c, const struct run_options *o,
                int (*each)(void *ud, const struct catalog *cat, struct err *e), void *ud,
                struct err *e);

/* Put the host before an error; what comes from ssh/ names it already, with its address. Returns -1. */
int run_name_host(struct err *e, const struct host *h);
