#pragma once
/* Inside failover/: what the trials of one test share. */
#include "failover/failover.h"
#include "failover/fault.h"
#include "verify/health.h"
#include "probe/neigh_watch.h"

/* Whose page is whose: learnt from every real server at its own address before the first fault. */
struct pages {
    const char *path;
    bool by_name; /* pages do not tell: WHOAMI_PATH's answer is the name */
    const struct host **hosts;
    struct strbuf *bodies;
    size_t n;
};

struct tester {
    struct run *run;
    const struct failover_options *options;
    struct failover_report *report;
    const struct service *service; /* what is asked for: the first TCP service */
    struct live live;
    struct pages pages;
    struct route via; /* to the VIP */
    const struct host *last_rs;
};

/* -1: a real server serves nothing. */
int pages_learn(struct pages *p, const struct cluster *c, const struct service *s, struct arena *a,
                struct err *e);
/* For struct load_options. */
int pages_classify(void *ud, long status, const char *body, size_t len);
void pages_free(struct pages *p);

/* Was the test interrupted? Then -1 with ERR_INTERRUPTED. */
int tester_interrupted(const struct tester *x, struct err *e);
/* Sleep, and the same. */
int tester_sleep(const struct tester *x, int64_t ms, struct err *e);
void tester_say(const struct tester *x, const struct trial *t, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * One trial, from choosing whom it hits to the verification after it. 0 when the test can go on,
 * whatever became of this trial; -1 interrupted, the fault undone as far as that could be done.
 */
int trial_run(struct tester *x, struct trial *t, struct err *e);

/* The marks of a trial: the fault's stamps, the directors' logs, the neighbour's changes. */
void marks_collect(struct tester *x, struct trial *t, const struct fault *f,
                   const neigh_changes *moves, int64_t recovered_us);
