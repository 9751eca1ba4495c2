#pragma once
/*
 * Is the cluster right? Read-only checks with stable ids: what the hosts say (a fresh query on the
 * run's open sessions) held against the inventory, and what the operator's own machine sees through
 * the VIP. checks.c lists them.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "engine/run.h"

enum check_status { CHECK_PASS, CHECK_FAIL, CHECK_SKIP };

/* Strings are safe to print (no control characters) and belong to the report. */
struct check_result {
    const char *id;      /* "ipvs.table" */
    const char *title;   /* what holds when it passes */
    const char *subject; /* of whom: a host's name, a VIP, "10.1.1.140:80/tcp" */
    enum check_status status;
    const char *evidence; /* what was seen; NULL: nothing to show */
    const char *reason;   /* failed or skipped: why; NULL when passed */
    const char *hint;     /* what to do next, or NULL */
    int64_t elapsed_ms;   /* of the last try */
};

struct verify_report {
    VEC(struct check_result) results; /* in the order of the table, then of the inventory */
    size_t passed, failed, skipped;
    struct arena arena;
};

/*
 * How much of what watches the cluster is looked at. It sees everything some scrapes late: a fault
 * that is over still fires. So who asks whether a change or a repair has worked leaves the alerts
 * out, and who makes faults leaves it all.
 */
enum verify_monitoring { MONITORING_LEFT_OUT, MONITORING_TARGETS, MONITORING_ALERTS };

struct verify_options {
    unsigned settle_ms; /* retry failing checks until they pass or this has passed */
    unsigned monitoring_settle_ms; /* ...those of what Prometheus says */
    unsigned requests;  /* HTTP requests per service through the VIP; 0: three rounds, at least 6 */
    enum verify_monitoring monitoring; /* where the inventory has any */
    const struct ssh_cancel *cancel;
    /* By index_in_cluster: only what is about these hosts; NULL: everything. With `services`, what is
     * about services too, which is what clients see. */
    const bool *hosts;
    bool services;
};

/*
 * Run every check, after run_execute(r, RUN_OBSERVE, ...) and http_global_init(). 0 when the checks
 * were carried out, whatever they found; -1 only when they could not be (ERR_INTERRUPTED, or no
 * threads for the query). `out` is to be freed in both cases.
 */
int verify_cluster(struct run *r, const struct verify_options *o, struct verify_report *out,
                   struct err *e);
void verify_free(struct verify_report *report);
