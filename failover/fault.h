#pragma once
/*
 * One fault, on the hosts it takes. On each host, /run/clusterctl/fault holds two scripts: `fault`
 * and `undo`. Before the first runs, a timer of systemd is armed that runs the second: the fault is
 * taken back when clusterctl is killed, when its machine dies, when the network between them is
 * gone. A reboot forgets both, and with them everything that a fault changes: nothing of it is on
 * disk.
 */
#include "engine/host_clock.h"
#include "engine/run.h"
#include "engine/script.h"
#include "failover/scenario.h"

struct fault_site {
    const struct host *host;
    bool armed; /* the timer is set: there is something to undo */
    struct clock_offset clock;
    int64_t began_us, ended_us, undone_us; /* by our clock_us(); 0: not known */
    char failed[200];                      /* what the fault's commands said when they failed */
};

struct fault {
    struct run *run;
    const struct scenario *scenario;
    const struct service *service;
    const struct host *host;  /* who is hit */
    struct fault_site *sites; /* where it is made: the host itself, or every director */
    size_t n_sites;
    bool cuts;           /* the host cannot be reached while it lasts: the timer alone undoes it */
    unsigned lasts_ms;   /* cuts: until the timer; else how long the caller means to wait */
    int64_t injected_us; /* our clock_us() when the last site had it */
};

/* Why the scenario cannot be made on this cluster, or NULL. */
const char *fault_impossible(const struct cluster *c, const struct scenario *s);

/* `lasts_ms`: from the fault to its undoing. */
void fault_init(struct fault *f, struct run *r, const struct scenario *s, const struct service *svc,
                const struct host *host, unsigned lasts_ms, struct arena *a);
/* What must be so before the clock runs: for director-return, the director's failure. Undone too.
 */
bool fault_prepares(const struct fault *f);
int fault_prepare(struct fault *f, struct err *e);
/* Arm the timers, then make the fault. After -1, call fault_undo() all the same. */
int fault_inject(struct fault *f, struct err *e);
/*
 * Take the fault back wherever it is armed and learn when things happened. Not to be interrupted:
 * it is what an interruption asks for. Fails only for a host that did not answer within
 * patience_ms; its timer will undo the fault.
 */
int fault_undo(struct fault *f, unsigned patience_ms, struct err *e);
