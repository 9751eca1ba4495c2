#include "inventory/monitoring.h"

#include <string.h>

/* The ports are those that the exporters have registered for themselves (Prometheus' wiki). */
const struct exporter exporters[EXPORTERS_N] = {
    [EXPORTER_NODE] = {"node", 9100, ROLE_ANY},
    [EXPORTER_NGINX] = {"nginx", 9113, ROLE_REAL_SERVER},
};

/* The last one of a role: the first is often the preferred one. */
static const struct host *last(const struct cluster *c, unsigned role)
{
    const struct host *found = NULL;
    for (const struct host *h = NULL; (h = cluster_next(c, h, role));)
        found = h;
    return found;
}

const struct host *monitoring_host(const struct cluster *c)
{
    if (!c->monitoring.wanted)
        return NULL;
    if (c->monitoring.host)
        return cluster_host(c, c->monitoring.host);
    const struct host *nfs = last(c, ROLE_NFS);
    return nfs ? nfs : last(c, ROLE_REAL_SERVER);
}

/* nginx serves TCP alone. */
static bool has_nginx(const struct cluster *c)
{
    for (size_t i = 0; i < c->n_services; i++)
        if (c->services[i].protocol == PROTO_TCP)
            return true;
    return false;
}

bool exporter_runs(const struct cluster *c, unsigned exporter, const struct host *h)
{
    return c->monitoring.wanted && (h->roles & exporters[exporter].roles) &&
           (exporter != EXPORTER_NGINX || has_nginx(c));
}
