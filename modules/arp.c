#include "modules/registry.h"

/*
 * A real server has the VIP but must not be found by it. The kernel takes the larger of conf/all
 * and the interface that the request came in on (Documentation/networking/ip-sysctl.rst), so it is
 * "all" that counts; "lo", which the article sets, never receives an ARP request and is set for
 * clarity.
 *
 *   arp_ignore 1    answer only for addresses of the interface that the request came in on: the VIP
 *                   on lo is none of them.
 *   arp_announce 2  ask with the best local address of the outgoing interface, never with the VIP
 * as sender, which would teach the neighbours a wrong entry.
 *
 * ip_forward is left as it is: direct routing does not need it.
 */
static const struct {
    const char *key, *value;
} sysctls[] = {
    {"net.ipv4.conf.all.arp_ignore", "1"},
    {"net.ipv4.conf.all.arp_announce", "2"},
    {"net.ipv4.conf.lo.arp_ignore", "1"},
    {"net.ipv4.conf.lo.arp_announce", "2"},
};

static int declare(struct catalog *cat, struct err *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(sysctls); i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "key", sysctls[i].key, "value", sysctls[i].value));
    const char *text =
        catalog_render(cat, "arp.sysctl.tmpl",
                       json_pack("{s:s, s:o}", "cluster", cat->cluster->name, "sysctls", list), e);
    if (!text)
        return -1;
    /* "zz": behind 99-sysctl.conf, Debian's link to the /etc/sysctl.conf that the article edits. */
    want_file(cat, "/etc/sysctl.d/99-zz-clusterctl.conf", (struct res_file){.content = text});
    for (size_t i = 0; i < ARRAY_LEN(sysctls); i++)
        want_sysctl(cat, sysctls[i].key, sysctls[i].value);
    return 0;
}

const struct module module_arp = {
    .name = "arp",
    .summary = "the real servers do not answer ARP for the VIP",
    .roles = ROLE_REAL_SERVER,
    .declare = declare,
};
