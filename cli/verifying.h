#pragma once
/* Running the checks of verify/ on a session, and telling what they found. */
#include <stdio.h>

#include "cli/session.h"
#include "verify/verify.h"

struct verified {
    bool done; /* the checks were run */
    bool ok;   /* ...none failed, and every host could be looked at */
    struct verify_report report;
};

/* How long failing checks may take to come right after a change; less where some will not. */
enum { SETTLE_MS = 30 * 1000, SETTLE_PARTIAL_MS = 8 * 1000 };
/*
 * After a boot: an NFS host lets nobody open a file for its grace period, in which it waits for what
 * clients had open before (RFC 8881, 8.4.2.1).
 */
static inline unsigned settle_boot_ms(const struct cluster *c)
{
    return SETTLE_MS + c->nfs.lease_s * 1000;
}

/*
 * How long Prometheus' targets may take: it spreads the first scrapes over an interval, and has to
 * start before; and it learns as late of an exporter that is back.
 */
static inline unsigned monitoring_settle_ms(const struct cluster *c)
{
    enum { START_MS = 20 * 1000 };
    return 2 * 1000 * c->monitoring.interval_s + START_MS;
}

struct verify_now {
    bool observe;       /* look at every host anew first */
    unsigned settle_ms; /* how long failing checks are tried again until they pass */
    enum verify_monitoring monitoring;
    unsigned monitoring_settle_ms;
};

/*
 * Returns -1 when anything failed. Then v->done tells whether there is a report; the error is that
 * of the first host that could not be looked at, or has no text when the report tells it all.
 */
int verifying_run(struct session *s, struct verified *v, const struct verify_now *now,
                  struct err *e);

void verified_print_failures(const struct verified *v, const struct style *st, FILE *f);
/* What of the cluster the checks have proved, as the end of a summary's line. */
void verified_print_claim(const struct verified *v, const struct cluster *c, FILE *f);
void verified_free(struct verified *v);
