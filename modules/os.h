#pragma once
/* What things are called on each family of systems. */
#include "engine/catalog.h"

struct os_names {
    /* Packages, each a NULL-terminated list. */
    const char *const *director, *const *director_pair, *const *real_server, *const *nfs_client, *const *nfs_server;
    const char *const *node_exporter, *const *nginx_exporter, *const *prometheus;
    const char *nfs_service; /* the unit itself: `systemctl is-enabled` says "alias" of an alias */
    struct version keepalived; /* what the distribution ships, for when a host can't tell yet */
};

/* NULL and an error for a family that is not in the table. */
const struct os_names *os_names(const struct facts *f, struct err *e);
