#include "modules/registry.h"
#include "modules/vrrp_interface.h"
#include "modules/words.h"

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
    if (!interface || word_check(SYNTAX_KEEPALIVED, "the interface's name", interface, e) < 0)
        return -1;
    const char *unit =
        catalog_render(cat, "ipvs-sync.service.tmpl",
                       json_pack("{s:s, s:s, s:i}", "cluster", c->name, "interface", interface,
                                 "sync_id", (int)c->vrrp.virtual_router_id),
                       e);
    if (!unit)
        return -1;
    struct resource *file = want_file(
        cat, "/etc/systemd/system/clusterctl-sync.service",
        (struct res_file){.content = unit, .daemon_reload = true, .check = FILE_CHECK_SYSTEMD});
    file->notify = "clusterctl-sync.service";
    file->notify_how = NOTIFY_RESTART; /* stops and starts kernel threads; no connection is cut */
    want_service(cat, "clusterctl-sync.service", (struct res_service){0});
    return 0;
}

const struct module module_sync = {
    .name = "sync",
    .summary = "IPVS connections known to both directors",
    .roles = ROLE_DIRECTOR,
    .declare = declare,
};
