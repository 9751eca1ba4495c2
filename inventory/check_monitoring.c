/* Where Prometheus runs, and that its ports and the exporters' are free. */
#include <string.h>

#include "base/parse.h"
#include "inventory/draft.h"
#include "inventory/monitoring.h"

#define complain(d, pointer, ...) diagnostics_add((d)->diags, pointer, __VA_ARGS__)
#define hint(d, ...) diagnostics_hint((d)->diags, __VA_ARGS__)

static void check_host(struct draft *d)
{
    const struct cluster *c = d->c;
    const char *name = c->monitoring.host;
    const char **names;
    if (!name || !seen_good(&d->monitoring_seen, MONITORING_HOST))
        return;
    names = arena_array(&d->c->arena, const char *, c->n_hosts + 1);
    for (size_t i = 0, n = 0; i < c->n_hosts; i++) {
        if (!c->hosts[i].name)
            return; /* it may be this one's */
        if (!strcmp(c->hosts[i].name, name))
            return;
        names[n++] = c->hosts[i].name;
    }
    complain(d, pointerf("/monitoring/host"), "no host is called \"%s\"", name);
    const char *near = nearest_word(name, names);
    if (near)
        hint(d, "did you mean \"%s\"?", near);
    else
        hint(d, "Prometheus runs on one of the cluster's own hosts");
}

static const char *taken_by(unsigned port)
{
    for (unsigned i = 0; i < EXPORTERS_N; i++)
        if (exporters[i].port == port)
            return exporters[i].job;
    return port == PROMETHEUS_PORT ? "prometheus" : port == STUB_STATUS_PORT ? "stub_status" : NULL;
}

/* nginx takes a service's port at every address of a real server. */
static void check_ports(struct draft *d)
{
    for (size_t i = 0; i < d->n_services; i++) {
        const char *whose = taken_by(d->services[i].port);
        if (!whose || !seen_good(&d->service_seen[i], SERVICE_PORT))
            continue;
        complain(d, pointerf("/services/%zu/port", i), "port %u is taken by monitoring (%s)",
                 d->services[i].port, whose);
        hint(d, "choose another port, or remove \"monitoring\"");
    }
}

void check_monitoring(struct draft *d)
{
    if (!d->c->monitoring.wanted)
        return;
    check_host(d);
    check_ports(d);
}
