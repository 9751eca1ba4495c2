#pragma once
/* The shell of faults. Inside failover/. */
#include "failover/fault.h"

/* How a scenario's fault is made: commands that run as root, under set -e. */
struct fault_kind {
    /* Append commands; prepare NULL: nothing to prepare. */
    void (*prepare)(struct strbuf *out, const struct fault *f, const struct host_result *site);
    void (*make)(struct strbuf *out, const struct fault *f, const struct host_result *site);
    void (*undo)(struct strbuf *out, const struct fault *f, const struct host_result *site);
    bool cuts;         /* the host's network is gone until the timer undoes it */
    bool on_directors; /* made on every director, though it is a real server's fault */
};

const struct fault_kind *fault_kind(const struct scenario *s);

/*
 * Records: `armed`, then `injected`, or `no WHY`. Leaves alone a host where another test's fault is
 * armed, or a deploy is at work.
 */
void fault_arm_sh(struct script *s, const struct fault *f, const struct host_result *site,
                  bool preparing, unsigned after_s);
/*
 * Records: `began|ended|undone NS`, `failed WHY` when the fault's commands failed, and `still` when
 * the fault is armed all the same.
 */
extern const char fault_undo_sh[];
