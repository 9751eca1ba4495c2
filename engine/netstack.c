#include "engine/netstack.h"

#include <string.h>

#include "base/mem.h"

const char net_observe_ours[] = "stack_files() { net_content \"$1\" \"$3\"; }\n";

static const struct net_row *const rows[] = {
    [NET_IFUPDOWN] = &net_ifupdown_row,      [NET_NETWORKD] = &net_networkd_row,
    [NET_NETWORKMANAGER] = &net_manager_row, [NET_NM_IFCFG] = &net_manager_ifcfg_row,
    [NET_SCRIPTS] = &net_scripts_row,        [NET_NETPLAN] = &net_netplan_row,
};

const char *const net_stack_names[] = {
    [NET_UNKNOWN] = "unknown",
    [NET_IFUPDOWN] = "ifupdown",
    [NET_NETWORKD] = "networkd",
    [NET_NETWORKMANAGER] = "networkmanager",
    [NET_NM_IFCFG] = "networkmanager-ifcfg",
    [NET_SCRIPTS] = "network-scripts",
    [NET_NETPLAN] = "netplan",
    [NET_NETPLAN_NM] = "netplan-networkmanager",
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

/*
 * net_stack IFACE: who says the most about it comes first. NetworkManager leaves alone what
 * /etc/network/interfaces names; what it calls connected externally is somebody else's. Netplan
 * writes for NetworkManager or networkd, which say so by the file that they use.
 */
const char net_facts_functions[] =
    "nm_profile() {\n" /* IFACE: the file of what is active on it */
    "  u=$(nmcli -g GENERAL.CON-UUID device show \"$1\")\n"
    "  [ -z \"$u\" ] || nmcli -t -e no -f UUID,FILENAME connection show | sed -n \"s/^$u://p\"\n"
    "}\n"
    "net_stack() {\n"
    "  for f in /etc/network/interfaces /etc/network/interfaces.d/*; do\n"
    "    [ -r \"$f\" ] && while read -r a b l; do\n"
    "      [ \"$a $b\" = \"iface $1\" ] && command -v ifup >/dev/null && { echo ifupdown; return; "
    "}\n"
    "    done <\"$f\"\n"
    "  done\n"
    "  if systemctl is-active -q NetworkManager; then\n"
    "    case $(nmcli -g GENERAL.STATE device show \"$1\" 2>/dev/null) in\n"
    "    '' | 10' '* | *externally*) ;;\n"
    "    *) case $(nm_profile \"$1\") in\n"
    "      /run/NetworkManager/system-connections/netplan-*) echo netplan-networkmanager ;;\n"
    "      /etc/sysconfig/network-scripts/*) echo networkmanager-ifcfg ;;\n"
    "      *) echo networkmanager ;; esac; return ;;\n"
    "    esac\n"
    "  fi\n"
    "  [ -r \"/etc/sysconfig/network-scripts/ifcfg-$1\" ] && command -v ifup >/dev/null &&\n"
    "    systemctl is-enabled -q network 2>/dev/null && { echo network-scripts; return; }\n"
    "  read -r n <\"/sys/class/net/$1/ifindex\"\n"
    "  grep -qs '^NETWORK_FILE=/run/systemd/network/[0-9]*-netplan-' "
    "\"/run/systemd/netif/links/$n\" &&\n"
    "    { echo netplan; return; }\n"
    "  systemctl is-active -q systemd-networkd && { echo networkd; return; }\n"
    "  command -v ifup >/dev/null && systemctl is-enabled -q networking 2>/dev/null && echo "
    "ifupdown\n"
    "}\n"
    "net_facts() {\n" /* IFACE */
    "  k=$(net_stack \"$1\"); r net_stack \"$k\"\n"
    "  case $k in networkmanager*)\n"
    "    r net_profile \"$(nmcli -g GENERAL.TYPE device show \"$1\") $(nm_profile \"$1\")\" ;; "
    "esac\n"
    "}\n"
    "facts_network() {\n" /* ADDRESS */
    "  ip -o -4 addr show to \"$1\" | { read -r n i l && net_facts \"$i\"; :; }\n"
    "}\n";
