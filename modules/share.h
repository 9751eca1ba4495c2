#pragma once
/* What several modules ask of a cluster: where content lives, which ports are served. */
#include "engine/catalog.h"

/* Whether the real servers serve from an NFS mount. */
static inline bool share_is_nfs(const struct cluster *c)
{
    return c->nfs.export_path != NULL;
}

/* The NFS host, or NULL. */
const struct host *share_host(const struct cluster *c);

struct port {
    enum protocol protocol;
    uint16_t port;
};

/* Each protocol and port of the services once, ascending, TCP first; the count goes to *n. */
const struct port *service_ports(struct catalog *cat, size_t *n);
