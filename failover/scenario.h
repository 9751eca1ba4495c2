#pragma once
/* The faults that a failover test makes: a table, in the order in which --all tries them. */
#include <stdbool.h>
#include <stddef.h>

enum target {
    TARGET_ACTIVE,      /* the director that holds the VIP */
    TARGET_REAL_SERVER, /* a real server in turn */
    TARGET_NFS,
};

struct scenario {
    const char *name;  /* "director-stop" */
    const char *title; /* "clean stop of the active director" */
    enum target target;
    bool planned;      /* nothing may be lost, whatever the budget */
};

extern const struct scenario scenarios[];
extern const size_t n_scenarios;
const struct scenario *scenario_find(const char *name);
