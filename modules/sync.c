#include "base/strbuf.h"
#include "modules/registry.h"
#include "modules/vrrp_interface.h"

#define UNIT "clusterctl-sync.service"
#define MOVED_FILE "/etc/clusterctl/moved.nft"

/* "10.1.1.140 . 80, 10.1.1.141 . 443": nft's, of the TCP services; empty: none. */
static const char *tcp_services(struct catalog *cat)
{
    const struct cluster *c = cat->cluster;
    autosb struct strbuf list = {0};
    for (size_t i = 0; i < c->n_services; i++) {
        char vip[IPADDR_STRLEN];
        if (c->services[i].protocol == PROTO_TCP)
            sb_addf(&list, "%s%s . %u", list.len ? ", " : "",
                    ipaddr_str(&c->services[i].vip, vip), c->services[i].port);
    }
    return arena_strdup(&cat->arena, sb_str(&list));
}

/* The unit loads the file, and again whenever nftables.service has emptied all tables. */
static int declare_moved(struct catalog *cat, const char *services, struct err *e)
{
    const struct cluster *c = cat->cluster;
    char peer[IPADDR_STRLEN] = "";
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR));)
        if (h != cat->host)
            ipaddr_str(&h->address, peer);
    const char *text = catalog_render(
        cat, "moved.nft.tmpl",
        json_pack("{s:s, s:s, s:s}", "cluster", c->name, "peer", peer, "services", services), e);
    if (!text)
        return -1;
    want_dir(cat, "/etc/clusterctl", (struct res_dir){0});
    struct resource *file =
        want_file(cat, MOVED_FILE, (struct res_file){.content = text, .check = FILE_CHECK_NFT});
    file->notify = UNIT;
    file->notify_how = NOTIFY_RESTART;
    return 0;
}

/*
 * Connections known to both directors, so that they outlive a move of the VIPs. How much is told
 * is in modules/ipvs.c, and why keepalived does not do it, in the template.
 */
static int declare(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    if (!cluster_hands_over(c))
        return 0;
    const char *interface = vrrp_interface(cat, e);
    if (!interface)
        return -1;
    const struct os *os = cat->facts->release->os;
    const char *services = os->moved ? tcp_services(cat) : "";
    if (*services && declare_moved(cat, services, e) < 0)
        return -1;
    const char *unit = catalog_render(
        cat, "ipvs-sync.service.tmpl",
        json_pack("{s:s, s:s, s:i, s:s?, s:b}", "cluster", c->name, "interface", interface,
                  "sync_id", (int)c->vrrp.virtual_router_id, "moved",
                  *services ? MOVED_FILE : NULL, "maxlen", os->sync_maxlen),
        e);
    if (!unit)
        return -1;
    struct resource *file = want_file(
        cat, "/etc/systemd/system/" UNIT,
        (struct res_file){.content = unit, .daemon_reload = true, .check = FILE_CHECK_SYSTEMD});
    file->notify = UNIT;
    file->notify_how = NOTIFY_RESTART; /* stops and starts kernel threads; no connection is cut */
    want_service(cat, UNIT, (struct res_service){0});
    return 0;
}

const struct module module_sync = {
    .name = "sync",
    .summary = "IPVS connections known to both directors",
    .roles = ROLE_DIRECTOR,
    .declare = declare,
};
