#include "modules/registry.h"

/*
 * The VIPs on lo, so that the real server takes the packets that the director hands it. Live by
 * resource, at boot by a unit of our own that works whatever configures the network. Order counts:
 * modules/arp.c must have gone before.
 */
static int declare(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    json_t *list = json_array();
    struct resource *last;
    for (size_t i = 0; i < c->n_vips; i++) {
        const struct ipaddr *vip = &c->vips[i];
        char buf[IPADDR_STRLEN];
        json_t *v = json_pack("{s:s, s:i, s:i}", "address", ipaddr_str(vip, buf), "prefix",
                              (int)ipaddr_bits(vip), "family", vip->family == AF_INET6 ? 6 : 4);
        if (vip->family == AF_INET) /* labels are IPv4's only: ip-address(8) */
            json_object_set_new(v, "label", json_sprintf("lo:%zu", i + 1));
        json_array_append_new(list, v);
    }
    const char *unit = catalog_render(cat, "vip.service.tmpl",
                                      json_pack("{s:s, s:o}", "cluster", c->name, "vips", list), e);
    if (!unit)
        return -1;
    want_file(
        cat, "/etc/systemd/system/clusterctl-vip.service",
        (struct res_file){.content = unit, .daemon_reload = true, .check = FILE_CHECK_SYSTEMD});
    for (size_t i = 0; i < c->n_vips; i++)
        want_address(cat,
                     (struct res_address){.address = c->vips[i],
                                          .prefix = ipaddr_bits(&c->vips[i]),
                                          .interface = "lo",
                                          .label = arena_printf(&cat->arena, "lo:%zu", i + 1)});
    last = want_service(cat, "clusterctl-vip.service", (struct res_service){0});
    /* A director counts on this server once all of its catalog is true; this is its end. */
    last->provides = "serving";
    return 0;
}

const struct module module_vip = {
    .name = "vip",
    .summary = "the VIP on lo of each real server, now and at boot",
    .roles = ROLE_REAL_SERVER,
    .declare = declare,
};
