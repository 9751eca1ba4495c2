#include <stdio.h>
#include <string.h>

#include "engine/paths.h"
#include "modules/ipvs.h"
#include "modules/registry.h"

/*
 * Documentation/networking/ipvs-sysctl.rst. These exist once ip_vs is loaded; at boot systemd reads
 * sysctl.d after modules-load.d.
 *
 *   expire_nodest_conn         a connection whose real server left the table ends at once instead
 *                              of hanging until its timer runs out; a SYN sent again is scheduled
 *                              anew (since Linux 5.9).
 *   expire_quiescent_template  a persistent client leaves a server of weight 0 for a working one.
 *
 *   conn_reuse_mode 3          a SYN from a port that was used within the last two minutes is
 *                              scheduled anew (1) also where the old connection is in FIN_WAIT (2),
 *                              where direct routing, which sees one direction only, leaves them
 *                              all. Without it such a client is sent where it was sent before; to a
 *                              dead server too, if the entry came from the other director while the
 *                              table was empty. Kernels before 5.9 delay that SYN by a second.
 *
 * What the other director learns about connections (modules/sync.c):
 *
 *   sync_threshold "2 3"       a connection is told of at its packets 2, 5, 8, ...: under direct
 *                              routing only the client's pass here, and the second is the ACK that
 *                              establishes it. The default, "3 50", leaves most of a web server's
 *                              connections out.
 *   sync_refresh_period 1      but at most once a second as long as its state does not change, so
 *                              that downloads do not fill the wire. A hand-over tells of every
 *                              packet for its moment (engine/paths.h: HAND_OVER_SH).
 *
 * And because the VIPs are local on both directors (keepalived.conf.tmpl: static_routes):
 *
 *   arp_ignore 1               only the one that has the VIP on the interface answers ARP for it.
 *
 * Values as /proc/sys shows them, blanks apart.
 */
enum condition { ALWAYS, PERSISTENCE, PEER, REUSE };
static const struct {
    const char *key, *value;
    enum condition when;
} sysctls[] = {
    {"net.ipv4.vs.expire_nodest_conn", "1", ALWAYS},
    {"net.ipv4.vs.expire_quiescent_template", "1", PERSISTENCE},
    {"net.ipv4.vs.conn_reuse_mode", "3", REUSE},
    {"net.ipv4.vs.sync_threshold", "2 3", PEER},
    {"net.ipv4.vs.sync_refresh_period", "1", PEER},
    {"net.ipv4.conf.all.arp_ignore", "1", PEER},
};

const char *ipvs_sysctl(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(sysctls); i++)
        if (!strcmp(sysctls[i].key, key))
            return sysctls[i].value;
    return NULL;
}

static bool applies(const struct catalog *cat, enum condition when)
{
    const struct cluster *c = cat->cluster;
    unsigned major = 0, minor = 0;
    if (when == REUSE)
        return c->profile == PROFILE_FAST && cat->facts->kernel &&
               sscanf(cat->facts->kernel, "%u.%u", &major, &minor) == 2 &&
               (major > 5 || (major == 5 && minor >= 9));
    if (when == PEER)
        return cluster_hands_over(c);
    bool persistent = false;
    for (size_t i = 0; i < c->n_services; i++)
        persistent |= c->services[i].persistence_s > 0;
    return when == ALWAYS || persistent;
}

/* ip_vs itself, and ip_vs_NAME of each scheduler once, in the order of the services. */
static json_t *kernel_modules(struct catalog *cat)
{
    const struct cluster *c = cat->cluster;
    json_t *list = json_array();
    json_array_append_new(list, json_string("ip_vs"));
    want_kmod(cat, "ip_vs");
    for (size_t i = 0; i < c->n_services; i++) {
        const char *name = arena_printf(&cat->arena, "ip_vs_%s", c->services[i].scheduler);
        if (catalog_find(cat, RES_KMOD, name))
            continue;
        want_kmod(cat, name);
        json_array_append_new(list, json_string(name));
    }
    return list;
}

static int declare(struct catalog *cat, struct err *e)
{
    const char *name = cat->cluster->name, *load, *conf;
    json_t *live = json_array();
    load =
        catalog_render(cat, "ipvs.modules.tmpl",
                       json_pack("{s:s, s:o}", "cluster", name, "modules", kernel_modules(cat)), e);
    for (size_t i = 0; i < ARRAY_LEN(sysctls); i++)
        if (applies(cat, sysctls[i].when))
            json_array_append_new(
                live, json_pack("{s:s, s:s}", "key", sysctls[i].key, "value", sysctls[i].value));
    conf = catalog_render(cat, "ipvs.sysctl.tmpl",
                          json_pack("{s:s, s:o}", "cluster", name, "sysctls", live), e);
    if (!load || !conf)
        return -1;
    want_file(cat, "/etc/modules-load.d/clusterctl.conf", (struct res_file){.content = load});
    want_file(cat, IPVS_SYSCTL_FILE, (struct res_file){.content = conf});
    for (size_t i = 0; i < ARRAY_LEN(sysctls); i++)
        if (applies(cat, sysctls[i].when))
            want_sysctl(cat, sysctls[i].key, sysctls[i].value);
    return 0;
}

const struct module module_ipvs = {
    .name = "ipvs",
    .summary = "ip_vs and its schedulers, now and at boot",
    .roles = ROLE_DIRECTOR,
    .declare = declare,
};
