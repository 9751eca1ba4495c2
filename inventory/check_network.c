/* The addresses that "network" gives out: what is wrong here cuts a host off. */
#include "inventory/draft.h"

#define complain(d, pointer, ...) diagnostics_add((d)->diags, pointer, __VA_ARGS__)
#define hint(d, ...) diagnostics_hint((d)->diags, __VA_ARGS__)

/* The first and the last address of a subnet belong to nobody; but RFC 3021 knows no such in a /31. */
static const char *no_host(const struct ipaddr *a, unsigned prefix)
{
    bool zeros = true, ones = true;
    if (prefix > 30)
        return NULL;
    for (unsigned bit = prefix; bit < 32; bit++) {
        bool set = a->b[bit / 8] >> (7 - bit % 8) & 1;
        zeros &= !set;
        ones &= set;
    }
    return zeros ? "the network address" : ones ? "the broadcast address" : NULL;
}

static bool usable(const struct host *h)
{
    return h->address.family == AF_INET && !address_problem(&h->address, false);
}

static void check_subnets(struct draft *d)
{
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        const struct host *h = &d->c->hosts[i];
        char buf[IPADDR_STRLEN];
        const char *what = usable(h) ? no_host(&h->address, d->c->network.prefix) : NULL;
        if (!what)
            continue;
        complain(d, pointerf("/hosts/%zu/address", i), "address %s is %s of its subnet, a /%u",
                 ipaddr_str(&h->address, buf), what, d->c->network.prefix);
        hint(d, "check the prefix of network");
    }
}

/* Somebody else's address: whose? */
static bool gateway_taken(struct draft *d, const char *s)
{
    const struct ipaddr *gw = &d->c->network.gateway;
    for (size_t i = 0; i < d->c->n_vips; i++)
        if (ipaddr_eq(&d->c->vips[i], gw)) {
            complain(d, pointerf("/network/gateway"), "gateway %s is a virtual IP", s);
            return true;
        }
    for (size_t i = 0; i < d->c->n_hosts; i++)
        if (ipaddr_eq(&d->c->hosts[i].address, gw)) {
            complain(d, pointerf("/network/gateway"),
                     "gateway %s is the address of host \"%s\" (/hosts/%zu)", s,
                     d->c->hosts[i].name ? d->c->hosts[i].name : "?", i);
            hint(d, "the gateway is the router, which is no part of the cluster");
            return true;
        }
    return false;
}

static void check_gateway(struct draft *d)
{
    const struct network *n = &d->c->network;
    char gw[IPADDR_STRLEN], own[IPADDR_STRLEN];
    ipaddr_str(&n->gateway, gw);
    const char *problem = address_problem(&n->gateway, true);
    if (problem) {
        complain(d, pointerf("/network/gateway"), "gateway %s %s", gw, problem);
        return;
    }
    if (gateway_taken(d, gw) || !seen_good(&d->network_seen, NETWORK_PREFIX) || !n->prefix)
        return;
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        const struct host *h = &d->c->hosts[i];
        if (!usable(h) || ipaddr_same_net(&n->gateway, &h->address, n->prefix))
            continue;
        complain(d, pointerf("/network/gateway"),
                 "gateway %s is not in the subnet of host \"%s\", %s/%u", gw,
                 h->name ? h->name : "?", ipaddr_str(&h->address, own), n->prefix);
        hint(d, "a host can only reach a gateway on its own network");
        return; /* once says it */
    }
    if ((problem = no_host(&n->gateway, n->prefix)))
        complain(d, pointerf("/network/gateway"), "gateway %s is %s of its subnet, a /%u", gw,
                 problem, n->prefix);
}

static void check_dns(struct draft *d)
{
    const struct address_list *l = &d->c->network.dns;
    for (size_t i = 0; i < l->n; i++) {
        char buf[IPADDR_STRLEN];
        const char *problem = l->v[i].family ? address_problem(&l->v[i], false) : NULL;
        if (problem)
            complain(d, pointerf("/network/dns/%zu", i), "name server %s %s",
                     ipaddr_str(&l->v[i], buf), problem);
        for (size_t k = 0; k < i; k++)
            if (l->v[i].family && ipaddr_eq(&l->v[i], &l->v[k])) {
                complain(d, pointerf("/network/dns/%zu", i), "name server %s is given twice",
                         ipaddr_str(&l->v[i], buf));
                break;
            }
    }
}

/* Where the network is left alone, only VRRP asks for an interface. */
static void check_interfaces(struct draft *d)
{
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        if (!seen_given(&d->host_seen[i], HOST_INTERFACE) ||
            !seen_good(&d->host_seen[i], HOST_ROLE) || d->c->hosts[i].roles & ROLE_DIRECTOR)
            continue;
        complain(d, pointerf("/hosts/%zu/interface", i),
                 "interface is only for hosts with the role director, or with \"network\"");
        diagnostics_at_key(d->diags);
        hint(d, "remove it, or let \"network\" say that the hosts' addresses are managed");
    }
}

void check_network(struct draft *d)
{
    if (!seen_given(&d->top_seen, TOP_NETWORK))
        check_interfaces(d);
    if (!d->c->network.managed)
        return;
    if (seen_good(&d->network_seen, NETWORK_PREFIX) && d->c->network.prefix)
        check_subnets(d);
    if (d->c->network.gateway.family)
        check_gateway(d);
    check_dns(d);
}
