#pragma once
/* An inventory half-way: decoded, with what the checks need to know about how it was written. */
#include "inventory/cluster.h"
#include "inventory/decode.h"
#include "inventory/diagnostics.h"

struct draft {
    struct cluster *c; /* services still empty */
    struct diagnostics *diags;
    struct top top;
    struct seen top_seen, vrrp_seen, network_seen, monitoring_seen;
    struct seen *host_seen;   /* one a host */
    struct service *services; /* as in the file: family 0 for every VIP */
    struct seen *service_seen, *health_seen;
    size_t n_services;
};

/* Fill r->c and what else the draft holds; r->c and r->diags are set by the caller. */
void decode_draft(struct decoder *d, const json_t *json, struct draft *r);

/* Complain about everything that each value alone cannot show. */
void check_draft(struct draft *d);
void check_network(struct draft *d); /* its part of it */
void check_monitoring(struct draft *d);
/* Why an address is none that a host (or a VIP) can have, or NULL. */
const char *address_problem(const struct ipaddr *a, bool vip);
