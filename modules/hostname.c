#include <string.h>

#include "modules/registry.h"

/*
 * The host's own name, and a block in /etc/hosts with those that it has to do with. The VIP has no line:
 * its name is the business of the site's DNS.
 */
static int declare(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    autosb struct strbuf lines = {0};
    (void)e;
    for (const struct host *h = NULL; (h = cluster_next_known(c, cat->host, h));) {
        char address[IPADDR_STRLEN];
        sb_addf(&lines, "%s %s", ipaddr_str(&h->address, address), h->hostname);
        if (strcmp(h->name, h->hostname) != 0)
            sb_addf(&lines, " %s", h->name);
        sb_addc(&lines, '\n');
    }
    want_hostname(cat, cat->host->hostname);
    want_block(cat, "/etc/hosts",
               (struct res_block){.content = arena_strdup(&cat->arena, sb_str(&lines))});
    return 0;
}

const struct module module_hostname = {
    .name = "hostname",
    .summary = "host name, and /etc/hosts knows the cluster",
    .roles = ROLE_DIRECTOR | ROLE_REAL_SERVER | ROLE_NFS,
    .declare = declare,
};
