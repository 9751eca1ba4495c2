/* systemd-networkd: systemd.network(5). */
#include <string.h>

#include "engine/netstack.h"

static const char observe[] =
    "stack_files() {\n"
    "  read -r n <\"/sys/class/net/$2/ifindex\"\n"
    "  r \"$1\" in_force \"$(sed -n 's/^NETWORK_FILE=//p' \"/run/systemd/netif/links/$n\")\"\n"
    "  net_content \"$1\" \"$3\"\n"
    "}\n";

static const char change[] =
    "stack_down() { :; }\n"
    "stack_read() { :; }\n"
    "stack_up() { networkctl reload && networkctl reconfigure \"$i\"; }\n";

static const char *file(struct arena *a, const struct facts *f, const char *interface, struct err *e)
{
    (void)f, (void)e;
    return arena_printf(a, "/etc/systemd/network/10-clusterctl-%s.network", interface);
}

/* networkd uses the first file by name that matches the interface (systemd.network(5)). */
static bool outranked(const char *in_force, const char *ours)
{
    const char *theirs = in_force ? strrchr(in_force, '/') : NULL;
    return theirs && strcmp(in_force, ours) != 0 && strcmp(theirs, strrchr(ours, '/')) < 0;
}

static void find(struct net_changes *c, const struct resource *want, const struct resource *have)
{
    const char *in_force = have->network.in_force;
    net_change_add(c, want->key, have->network.content, want->network.content);
    if (outranked(in_force, want->key)) {
        c->blocked = arena_printf(&c->arena, "%s comes before %s for systemd-networkd", in_force,
                                  want->key);
        c->hint = "remove that file, or let it match other interfaces only";
    }
}

const struct net_row net_networkd_row = {
    .title = "systemd-networkd",
    .template = "network.networkd.tmpl",
    .mode = 0644,
    .observe = observe,
    .change = change,
    .file = file,
    .find = find,
};
