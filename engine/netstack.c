#include "engine/netstack.h"

#include <string.h>

#include "base/mem.h"

static const struct net_row *const rows[] = {
    [NET_IFUPDOWN] = &net_ifupdown_row,
    [NET_NETWORKD] = &net_networkd_row,
    [NET_NETWORKMANAGER] = &net_manager_row,
    [NET_NM_IFCFG] = &net_manager_ifcfg_row,
    [NET_SCRIPTS] = &net_scripts_row,
    [NET_NETPLAN] = NULL,
};

const char *const net_stack_names[] = {
    [NET_UNKNOWN] = "unknown",
    [NET_IFUPDOWN] = "ifupdown",
    [NET_NETWORKD] = "networkd",
    [NET_NETWORKMANAGER] = "networkmanager",
    [NET_NM_IFCFG] = "networkmanager-ifcfg",
    [NET_SCRIPTS] = "network-scripts",
    [NET_NETPLAN] = "netplan",
    NULL,
};

const struct net_row *net_row(enum net_stack s)
{
    return s < ARRAY_LEN(rows) ? rows[s] : NULL;
}

enum net_stack net_stack_named(const char *name)
{
    for (enum net_stack s = NET_IFUPDOWN; net_stack_names[s]; s++)
        if (!strcmp(net_stack_names[s], name))
            return s;
    return NET_UNKNOWN;
}

void net_change_add(struct net_changes *c, const char *path, const char *old, const char *new)
{
    if (old && !strcmp(old, new))
        return;
    c->v[c->n++] = (struct net_change){path, old, arena_strdup(&c->arena, new)};
}
