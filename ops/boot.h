#pragma once
/* Rebooting hosts, and waiting until they are up again. */
#include "engine/run.h"

/*
 * How long a boot may take unless the operator says otherwise: a server's firmware looks at its
 * memory and controllers for minutes before it loads a kernel, and after an unclean stop file
 * systems are checked.
 */
enum { BOOT_LIMIT_MS = 15 * 60 * 1000 };

struct boot_options {
    struct run *run;
    const struct ssh_cancel *cancel;
    unsigned limit_ms;
    unsigned lock_wait_s; /* for a host's lock: nobody's step is cut */
};

/*
 * Reboot these hosts (by index_in_cluster; all were reached) at the same time, and wait until each
 * has another boot's id and its system manager has started what it starts. -1: not all did, with
 * the reason, which names one that is up under its old id, or away. What the run knows of them is
 * of before.
 */
int boot_hosts(const struct boot_options *o, const bool *who, struct err *e);
