#include "inventory/monitoring.h"
#include "modules/registry.h"
#include "modules/share.h"

struct rules {
    struct arena *arena;
    struct fw_rule *list;
    size_t n;
};

/*
 * NFSv4 needs the first alone (RFC 8881, 2.9). Who mounts by version 3 asks rpcbind for mountd (RFC
 * 1813, appendix I), whose port is this by nfs.conf.tmpl, and by /etc/services of the RHEL family.
 * Locks, whose ports nobody knows, are not to be had (inventory/check.c).
 */
enum { NFS_PORT = 2049, RPCBIND_PORT = 111, MOUNTD_PORT = 20048 };

/* IPVS connection sync, to multicast 224.0.0.81 (IP_VS_SYNC_PORT of ip_vs_sync.c). */
enum { SYNC_PORT = 8848 };

static void add(struct rules *r, const char *protocol, unsigned port, const struct ipaddr *source)
{
    r->list = arena_grow(r->arena, r->list, r->n, sizeof *r->list);
    struct fw_rule *rule = &r->list[r->n++];
    *rule = (struct fw_rule){.protocol = protocol, .port = port};
    if (source)
        rule->source = *source;
}

/* Under DR the client's packet reaches a director and then a real server with the client's source.
 */
static void add_services(struct catalog *cat, struct rules *r)
{
    size_t n;
    const struct port *ports = service_ports(cat, &n);
    for (size_t i = 0; i < n; i++)
        add(r, ports[i].protocol == PROTO_TCP ? "tcp" : "udp", ports[i].port, NULL);
}

/* A rule for each other host of the role. */
static void add_from(struct catalog *cat, struct rules *r, unsigned role, const char *protocol,
                     unsigned port)
{
    for (const struct host *h = NULL; (h = cluster_next(cat->cluster, h, role));)
        if (h != cat->host)
            add(r, protocol, port, &h->address);
}

static void add_share(struct catalog *cat, struct rules *r)
{
    static const unsigned v3[] = {RPCBIND_PORT, MOUNTD_PORT};
    add_from(cat, r, ROLE_REAL_SERVER, "tcp", NFS_PORT);
    if (!nfs_is_v3(&cat->cluster->nfs))
        return;
    for (size_t i = 0; i < ARRAY_LEN(v3); i++) {
        add_from(cat, r, ROLE_REAL_SERVER, "tcp", v3[i]);
        add_from(cat, r, ROLE_REAL_SERVER, "udp", v3[i]);
    }
}

/* The exporters answer Prometheus and nobody else. */
static void add_exporters(struct catalog *cat, struct rules *r)
{
    const struct host *monitor = monitoring_host(cat->cluster);
    for (unsigned i = 0; monitor != cat->host && i < EXPORTERS_N; i++)
        if (exporter_runs(cat->cluster, i, cat->host))
            add(r, "tcp", exporters[i].port, &monitor->address);
}

static int declare(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    unsigned roles = cat->host->roles;
    struct rules r = {.arena = &cat->arena};
    (void)e;
    if (c->firewall == FIREWALL_LEAVE)
        return 0;
    if (c->firewall == FIREWALL_DISABLE) {
        want_firewall(cat, (struct res_firewall){.disabled = true});
        return 0;
    }
    if (roles & ROLE_DIRECTOR)
        add_from(cat, &r, ROLE_DIRECTOR, "vrrp", 0);
    if ((roles & ROLE_DIRECTOR) && cluster_hands_over(c))
        add_from(cat, &r, ROLE_DIRECTOR, "udp", SYNC_PORT);
    if (roles & (ROLE_DIRECTOR | ROLE_REAL_SERVER))
        add_services(cat, &r);
    if (roles & ROLE_NFS)
        add_share(cat, &r);
    add_exporters(cat, &r);
    if (r.n)
        want_firewall(cat, (struct res_firewall){.rules = r.list, .n_rules = r.n});
    return 0;
}

const struct module module_firewall = {
    .name = "firewall",
    .summary = "VRRP, connection sync, the services, NFS and Prometheus come through the firewall",
    .roles = ROLE_DIRECTOR | ROLE_REAL_SERVER | ROLE_NFS,
    .declare = declare,
};
