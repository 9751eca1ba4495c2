#include <stdlib.h>
#include <string.h>

#include "base/strlist.h"
#include "inventory/monitoring.h"
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
        if (!strlist_contains(s->names, *names)) /* nfs-utils is server and client */
            s->names[s->n++] = *names;
}

/* What some systems have no package for. */
static int add_monitoring(struct catalog *cat, struct set *s, struct err *e)
{
    const struct os *os = cat->facts->release->os;
    const struct {
        bool wanted;
        const char *const *names;
    } parts[] = {
        {exporter_runs(cat->cluster, EXPORTER_NODE, cat->host), os->node_exporter},
        {exporter_runs(cat->cluster, EXPORTER_NGINX, cat->host), os->nginx_exporter},
        {cat->host == monitoring_host(cat->cluster), os->prometheus},
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].wanted && !parts[i].names) {
            err_set(e, ERR_FAILED, "%s has no packages of Prometheus and its exporters",
                    cat->facts->said.pretty);
            return err_hint(e, "remove \"monitoring\" from the inventory");
        }
        if (parts[i].wanted)
            add(s, parts[i].names);
    }
    return 0;
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
            want_port(cat, ports[i].port, "nginx", cat->cluster->web_servers == WEB_SERVERS_STOP);
}

static int declare(struct catalog *cat, struct err *e)
{
    const struct os *os = cat->facts->release->os;
    unsigned roles = cat->host->roles;
    struct set s = {.names = arena_array(&cat->arena, const char *, MAX_PACKAGES + 1)};
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
    if (add_monitoring(cat, &s, e) < 0)
        return -1;
    qsort(s.names, s.n, sizeof *s.names, compare);
    bool nginx = strlist_contains(s.names, os->real_server[0]);
    want_packages(cat, os->manager, nginx ? os->repository : NULL, s.names);
    return 0;
}

const struct module module_packages = {
    .name = "packages",
    .summary = "the distribution's own packages, and port conflicts found before them",
    .roles = ROLE_DIRECTOR | ROLE_REAL_SERVER | ROLE_NFS,
    .declare = declare,
};
