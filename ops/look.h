#pragma once
/*
 * One host, looked at again and again: a run of its own, what it said last, and what it said the
 * time before, for rates. One thread at a time uses a look. Internal to ops/.
 */
#include "ops/status.h"
#include "verify/live.h"

/* Observed lines are few: one for each client of an export, a handful for each unit. */
enum {
    LOOK_MAX_RECORDS = LIVE_MAX_RECORDS,
    LOOK_MAX_OBSERVED = 2000,
    LOOK_MAX_PAGES = 8,
    LOOK_VERSION_MAX = 40
};

/* The director's table at one moment. */
struct look_sample {
    struct live_host live;
    bool timed;     /* up_ms is there */
    int64_t up_ms;  /* the host's clock since its boot */
    bool counted;   /* the counters were read to their end */
    bool estimated; /* so were the estimates */
};

struct look_page {
    unsigned port;
    long status;
    char error[160];
    int64_t elapsed_us;
};

struct look {
    const struct cluster *cluster;
    const struct host *host;
    struct run *run;                  /* of this host alone */
    const struct host_result *result; /* of the last full pass; NULL: none yet */
    bool planned;                     /* the last full pass went well */
    int64_t planned_at_ms;            /* clock_ms() of it */

    enum status_answer answer; /* ANSWERED: all below is there */
    struct err err;            /* not answered: why */
    int64_t elapsed_ms;
    struct look_sample now, before;
    struct observation seen; /* services, exports, mounts: observed with `now` */
    bool observing;          /* `seen` has been set up */
    bool ask_versions;
    char nginx[LOOK_VERSION_MAX], nfs_utils[LOOK_VERSION_MAX]; /* raw */
    size_t records, observed;
    struct look_page pages[LOOK_MAX_PAGES];
    size_t n_pages;
};

void look_init(struct look *l, const struct cluster *c, const struct host *h,
               const struct run_options *o);
/* Ask it: a full pass when the plan is due or there is no connection, then the question. */
void look_take(struct look *l, unsigned plan_every_ms);
void look_free(struct look *l);

/* The question (look_ask.c). look_begin() forgets the last answer; `now` becomes `before`. */
void look_begin(struct look *l, const struct host_result *hr);
void look_ask(struct script *s, const struct host_result *hr, struct look *l);
int look_record(struct look *l, char *value, struct err *e);
/* Whether all of an answer came. */
bool look_complete(const struct look *l);

/* The observed resource of a type: the first after `after`, or NULL; its wish to *want. */
const struct resource *look_seen(const struct look *l, enum res_type type,
                                 const struct resource *after, const struct resource **want);
