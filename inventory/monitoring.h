#pragma once
/*
 * Who watches the cluster: where Prometheus runs, and whom it asks. Known to the modules that make
 * it so, to the firewall, and to the checks that hold it against the inventory.
 */
#include "inventory/cluster.h"

/* An exporter: a job of Prometheus', the same on each of its hosts. */
struct exporter {
    const char *job;
    unsigned port; /* at the host's own address */
    unsigned roles;
};
enum { EXPORTER_NODE, EXPORTER_NGINX, EXPORTERS_N };
extern const struct exporter exporters[EXPORTERS_N];

/* Ports of the loopback interface: reached by nobody else. */
enum { PROMETHEUS_PORT = 9090, STUB_STATUS_PORT = 9114 };

/* The host that Prometheus runs on; NULL when the inventory wants no monitoring. */
const struct host *monitoring_host(const struct cluster *c);
/* Is this exporter asked on this host? Never without monitoring. */
bool exporter_runs(const struct cluster *c, unsigned exporter, const struct host *h);
