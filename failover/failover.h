#pragma once
/*
 * Failover tests: break a cluster that works, on purpose, and measure what a client sees. Every
 * fault undoes itself by a timer on the host (fault.h), whatever becomes of this program.
 */
#include "engine/run.h"
#include "failover/report.h"

/* What the caller shows while a test runs; called on the thread of failover_test(). */
struct failover_sink {
    /* One line about what is going on now. */
    void (*progress)(void *ud, const struct trial *t, const char *text);
    /* A trial has ended. */
    void (*trial)(void *ud, const struct failover_report *r, const struct trial *t);
    void *ud;
};

struct failover_options {
    const struct scenario *const *scenarios; /* in this order */
    size_t n_scenarios;
    unsigned repeat;                         /* rounds of the whole list, at least 1 */
    unsigned rate;                           /* requests a second */
    unsigned timeout_ms;                     /* a request without its answer by then is lost */
    int64_t budget_us; /* the outage that still passes, for scenarios that are not planned */
    const struct failover_sink *sink;
    const struct ssh_cancel *cancel;
};

/*
 * Carry out the scenarios one after the other, on a run whose RUN_OBSERVE pass went well and whose
 * cluster verify_cluster() found right. 0 when every trial was carried out, whatever it measured;
 * -1 when interrupted (after the fault was undone) or when nothing could be measured. `out` is to
 * be freed in both cases and holds the trials so far.
 */
int failover_test(struct run *r, const struct failover_options *o, struct failover_report *out,
                  struct err *e);
