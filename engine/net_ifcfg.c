/*
 * ifcfg files: of the network service (ifup and ifdown of initscripts), or of NetworkManager, whose
 * profiles they are on CentOS 7 and, mostly, 8. The interface's own file is edited.
 */
#include <string.h>

#include "engine/ifcfg.h"
#include "engine/netstack.h"

static const char change[] = "stack_down() {\n"
                             "  ifdown \"$i\"\n" NET_BY_HAND "}\n"
                             "stack_read() { :; }\n"
                             "stack_up() { ifup \"$i\"; }\n";

/* ifup finds an interface's file by its name. */
static const char *file(struct arena *a, const struct facts *f, const char *interface,
                        struct err *e)
{
    (void)f, (void)e;
    return arena_printf(a, IFCFG_DIR "/ifcfg-%s", interface);
}

/* NetworkManager finds it by what it says. */
static const char *profile(struct arena *a, const struct facts *f, const char *interface,
                           struct err *e)
{
    size_t n = strlen(IFCFG_DIR "/ifcfg-");
    if (f->net_profile && !strncmp(f->net_profile, IFCFG_DIR "/ifcfg-", n) &&
        !strchr(f->net_profile + n, '/'))
        return arena_strdup(a, f->net_profile);
    return file(a, f, interface, e);
}

static void find(struct net_changes *c, const struct resource *want, const struct resource *have)
{
    const struct res_network *w = &want->network;
    const char *old = have->network.content;
    const char *again = old ? ifcfg_again(&c->arena, old, &w->address) : NULL;
    autosb struct strbuf new = {0};
    ifcfg_edit(&new, old ? old : w->content, w->content); /* a new one as the next look leaves it */
    net_change_add(c, want->key, old, sb_str(&new));
    if (again) {
        c->blocked =
            arena_printf(&c->arena, "%s gives the address as a further one: %s", want->key, again);
        c->hint =
            "remove that line and its prefix, and number those behind it anew: clusterctl writes "
            "the address as the first";
    }
}

const struct net_row net_scripts_row = {
    .title = "network-scripts",
    .template = "network.ifcfg.tmpl",
    .mode = 0644,
    .observe = net_observe_ours,
    .change = change,
    .file = file,
    .find = find,
    .shown = ifcfg_mask,
};

const struct net_row net_manager_ifcfg_row = {
    .title = "NetworkManager",
    .template = "network.ifcfg.tmpl",
    .mode = 0644,
    .observe = net_observe_ours,
    .change = net_manager_change,
    .file = profile,
    .find = find,
    .shown = ifcfg_mask,
};
