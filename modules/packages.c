#include <stdlib.h>
#include <string.h>

#include "inventory/monitoring.h"
#include "modules/os.h"
#include "modules/registry.h"
#include "modules/share.h"

enum { MAX_PACKAGES = 16 };

struct set {
    const char **names;
    size_t n;
};

static void add(struct set *s, const char *const *names)
{
    for (; *names && s->n < MAX_PACKAGES; names++)
        s->names[s->n++] = *names;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What holds a port that nginx needs is found before anything is installed. */
static void want_ports(struct catalog *cat)
{
    size_t n;
    const struct port *ports = service_ports(cat, &n);
    for (size_t i = 0; i < n; i++)
        if (ports[i].protocol == PROTO_TCP)
            want_port(cat, ports[i].port, "nginx");
}

static int declare(struct catalog *cat, struct err *e)
{
    const struct os_names *os = os_names(cat->facts, e);
    unsigned roles = cat->host->roles;
    struct set s = {.names = arena_array(&cat->arena, const char *, MAX_PACKAGES + 1)};
    if (!os)
        return -1;
    if (roles & ROLE_DIRECTOR)
        add(&s, os->director);
    if ((roles & ROLE_DIRECTOR) && cluster_hands_over(cat->cluster))
        add(&s, os->director_pair);
    if (roles & ROLE_REAL_SERVER) {
        want_ports(cat);
        add(&s, os->real_server);
        if (share_is_nfs(cat->cluster))
            add(&s, os->nfs_client);
    }
    if (roles & ROLE_NFS)
        add(&s, os->nfs_server);
    if (exporter_runs(cat->cluster, EXPORTER_NODE, cat->host))
        add(&s, os->node_exporter);
    if (exporter_runs(cat->cluster, EXPORTER_NGINX, cat->host))
        add(&s, os->nginx_exporter);
    if (cat->host == monitoring_host(cat->cluster))
        add(&s, os->prometheus);
    qsort(s.names, s.n, sizeof *s.names, compare);
    want_packages(cat, s.names);
    return 0;
}

const struct module module_packages = {
    .name = "packages",
    .summary = "the distribution's own packages, and port conflicts found before them",
    .roles = ROLE_DIRECTOR | ROLE_REAL_SERVER | ROLE_NFS,
    .declare = declare,
};
