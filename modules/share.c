#include "modules/share.h"

#include <stdlib.h>

const struct host *share_host(const struct cluster *c)
{
    return share_is_nfs(c) ? cluster_next(c, NULL, ROLE_NFS) : NULL;
}

static int compare(const void *a, const void *b)
{
    const struct port *x = a, *y = b;
    if (x->protocol != y->protocol)
        return x->protocol < y->protocol ? -1 : 1;
    return (x->port > y->port) - (x->port < y->port);
}

const struct port *service_ports(struct catalog *cat, size_t *n)
{
    const struct cluster *c = cat->cluster;
    struct port *all = arena_array(&cat->arena, struct port, c->n_services + 1);
    for (size_t i = 0; i < c->n_services; i++)
        all[i] = (struct port){c->services[i].protocol, c->services[i].port};
    qsort(all, c->n_services, sizeof *all, compare);
    *n = 0;
    for (size_t i = 0; i < c->n_services; i++)
        if (*n == 0 || compare(&all[*n - 1], &all[i]) != 0)
            all[(*n)++] = all[i];
    return all;
}
