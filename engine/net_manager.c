/*
 * NetworkManager with keyfiles. The profile that is active on the interface is edited, so that no
 * two are after it. One that is in memory only (/run) or a package's is superseded by one of ours.
 */
#include <string.h>

#include "engine/netstack.h"
#include "engine/nmconnection.h"

/*
 * `connection load` reads one file, and says so with its status from 1.40 on only: whether it was
 * taken is seen by its being there. A profile whose file has gone goes with `reload`, and takes
 * what it gave with it: what was active before is brought up by its UUID, else whatever
 * NetworkManager prefers.
 */
const char net_manager_change[] =
    "profile_of() {\n" /* FILE: its UUID */
    "  nmcli -t -e no -f UUID,FILENAME connection show | while IFS= read -r l; do\n"
    "    [ \"${l#*:}\" != \"$1\" ] || printf '%s\\n' \"${l%%:*}\"; done\n"
    "}\n"
    "stack_down() {\n"
    "  [ -e \"$d/was\" ] || nmcli -g GENERAL.CON-UUID device show \"$i\" >\"$d/was\"\n"
    "}\n"
    "stack_read() {\n"
    "  if [ -e \"$f\" ]; then nmcli connection load \"$f\"; else nmcli connection reload; return; "
    "fi\n"
    "  [ -n \"$(profile_of \"$f\")\" ] || { echo \"-- NetworkManager does not take $f\"; return 1; "
    "}\n"
    "}\n"
    "stack_up() {\n" /* new|old */
    "  stack_read || return 1\n"
    "  u=$(profile_of \"$f\"); [ -n \"$u\" ] || read -r u <\"$d/was\"\n"
    "  nmcli -w 20 connection up uuid \"$u\" ifname \"$i\" && return\n"
    "  [ \"$1\" = old ] && nmcli -w 20 device connect \"$i\"\n"
    "}\n";

static const char *in_profiles(const char *path)
{
    size_t n = strlen(NM_PROFILES);
    return path && !strncmp(path, NM_PROFILES, n) && path[n] && !strchr(path + n, '/') ? path + n
                                                                                       : NULL;
}

/* A profile of ours is for Ethernet: of anything else we would have to know what it is made of. */
static const char *file(struct arena *a, const struct facts *f, const char *interface,
                        struct err *e)
{
    if (in_profiles(f->net_profile))
        return arena_strdup(a, f->net_profile);
    if (f->net_device && strcmp(f->net_device, "ethernet") != 0 &&
        strcmp(f->net_device, "veth") != 0) {
        err_set(e, ERR_FAILED, "NetworkManager has no profile in " NM_PROFILES " for %s, a %s",
                interface, f->net_device);
        err_hint(e, "save the one that is active there: `nmcli connection modify NAME "
                    "connection.autoconnect yes`");
        return NULL;
    }
    return arena_printf(a, NM_PROFILES "clusterctl-%s.nmconnection", interface);
}

static void find(struct net_changes *c, const struct resource *want, const struct resource *have)
{
    const struct res_network *w = &want->network;
    const char *old = have->network.content;
    autosb struct strbuf new = {0};
    /* A new one as the next look's edit leaves it. */
    nmconnection_edit(&new, old ? old : w->content, w->content, &w->address);
    net_change_add(c, want->key, old, sb_str(&new));
}

const struct net_row net_manager_row = {
    .title = "NetworkManager",
    .template = "network.networkmanager.tmpl",
    .dns_separator = ";",
    .mode = 0600, /* it takes no other */
    .observe = net_observe_ours,
    .change = net_manager_change,
    .file = file,
    .find = find,
    .shown = nmconnection_mask,
};
