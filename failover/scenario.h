#pragma once
/* The faults that a failover test makes; how each is made is in fault_sh.c. */
#include <stdbool.h>
#include <stddef.h>

enum target {
    TARGET_ACTIVE,      /* the director that holds the VIP */
    TARGET_REAL_SERVER, /* a real server in turn */
    TARGET_NFS,
};

/*
 * In the order in which --all tries them. A director's return and a hand-over come after its
 * failures: they start from a settled pair.
 */
enum scenario_id {
    DIRECTOR_HANDOVER,
    DIRECTOR_STOP,
    DIRECTOR_KILL,
    DIRECTOR_ISOLATE,
    DIRECTOR_RETURN,
    RS_DRAIN,
    RS_STOP,
    RS_KILL,
    RS_ISOLATE,
    NFS_RESTART,
    NFS_STOP,
    SCENARIO_N
};

struct scenario {
    enum scenario_id id;
    const char *name;  /* "director-stop" */
    const char *title; /* "clean stop of the active director" */
    enum target target;
    bool planned;      /* nothing may be lost, whatever the budget */
};

extern const struct scenario scenarios[SCENARIO_N];
const struct scenario *scenario_find(const char *name);
