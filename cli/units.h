#pragma once
/* start, stop, restart and reload: what the commands and the order of their passes share. */
#include "cli/traffic_cli.h"

/* The command at work. */
struct units_work {
    struct session session;
    struct traffic traffic;
    struct invocation *in;
    const struct cluster *cluster;
    bool *named; /* by index_in_cluster */
    struct unit_wish wish;
};

/* A pass over these (by index_in_cluster; NULL: all) with these modules (NULL: the run's own). */
int units_pass(struct units_work *w, const bool *who, const struct module_table *modules,
               enum run_mode mode, struct err *e);
/* Whether a unit that clients would miss is among those chosen on the host. */
bool units_matter(const struct units_work *w, size_t host);

/* Each for the hosts named, after a look at everybody. */
int units_start(struct units_work *w, struct err *e);
int units_stop(struct units_work *w, struct err *e);
int units_restart(struct units_work *w, struct err *e);
int units_reload(struct units_work *w, struct err *e);
