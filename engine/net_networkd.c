/*
 * systemd-networkd: systemd.network(5). Netplan as well, where it writes for networkd: its file for
 * an interface is /run/systemd/network/10-netplan-*, which ours comes before. In netplan's own
 * files addresses could be added to, but not taken away, as it joins the lists of all of them
 * (netplan(5)); and at boot it has written what these say before any unit of ours could take a
 * change back.
 */
#include <string.h>

#include "engine/netstack.h"

static const char observe[] =
    "stack_files() {\n"
    "  read -r n <\"/sys/class/net/$2/ifindex\"\n"
    "  r \"$1\" in_force \"$(sed -n 's/^NETWORK_FILE=//p' \"/run/systemd/netif/links/$n\")\"\n"
    "  net_content \"$1\" \"$3\"\n"
    "}\n";

/* A reconfiguration has only begun when it is answered. */
static const char change[] =
    "stack_down() { :; }\n"
    "stack_read() { :; }\n"
    "stack_up() {\n"
    "  networkctl reload && networkctl reconfigure \"$i\" || return\n"
    "  /lib/systemd/systemd-networkd-wait-online -q -i \"$i\" --timeout=20 || [ \"$1\" = old ]\n"
    "}\n";

static const char *file(struct arena *a, const struct facts *f, const char *interface,
                        struct err *e)
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
        c->blocked =
            arena_printf(&c->arena, "%s comes before %s for systemd-networkd", in_force, want->key);
        c->hint = "remove that file, or let it match other interfaces only";
    }
}

#define NETWORKD_ROW                                                                               \
    .template = "network.networkd.tmpl", .mode = 0644, .observe = observe, .change = change,       \
    .file = file, .find = find

const struct net_row net_networkd_row = {.title = "systemd-networkd", NETWORKD_ROW};
const struct net_row net_netplan_row = {.title = "netplan", NETWORKD_ROW};
