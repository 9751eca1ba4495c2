/* ifupdown: interfaces(5). */
#include <string.h>

#include "engine/interfaces.h"
#include "engine/netstack.h"

static const char observe[] =
    "stack_files() {\n"
    "  n=$1\n"
    "  for f in /etc/network/interfaces /etc/network/interfaces.d/*; do\n"
    "    case $f in *[[:space:]]*) continue ;; esac; [ -f \"$f\" ] || continue\n"
    "    printf '@%s r %s file %s ' \"$N\" \"$n\" \"$f\"; base64 -w 0 \"$f\"; echo; done\n"
    "}\n";

/* ifdown is given the old files. */
static const char change[] = "stack_down() {\n"
                             "  ifdown --force \"$i\"\n" NET_BY_HAND "}\n"
                             "stack_read() { :; }\n"
                             "stack_up() { ifup --force \"$i\"; }\n";

/* source-directory reads only names of letters, digits, '_' and '-' (interfaces(5)). */
static const char *file(struct arena *a, const struct facts *f, const char *interface,
                        struct err *e)
{
    (void)f, (void)e;
    char *path = arena_printf(a, INTERFACES_D "/clusterctl-%s", interface);
    for (char *p = strrchr(path, '/'); *p; p++)
        if (*p == '.')
            *p = '-';
    return path;
}

static void find(struct net_changes *c, const struct resource *want, const struct resource *have)
{
    const struct res_network *w = &want->network, *h = &have->network;
    const struct net_file none = {INTERFACES, NULL}, *master = &none;
    struct interfaces_found found = {0};
    autosb struct strbuf text = {0};
    for (size_t i = 0; i < h->n_others; i++) {
        autosb struct strbuf new = {0};
        interfaces_sources(h->others[i].content, &c->arena, &found);
        if (!strcmp(h->others[i].path, INTERFACES)) {
            master = &h->others[i];
            continue;
        }
        interfaces_edit(&new, h->others[i].content, w->interface, &w->address);
        net_change_add(c, h->others[i].path, h->others[i].content, sb_str(&new));
    }
    if (master->content)
        interfaces_edit(&text, master->content, w->interface, &w->address);
    if (!found.sources_d) {
        if (text.len && sb_str(&text)[text.len - 1] != '\n')
            sb_addc(&text, '\n');
        sb_add(&text, "source " INTERFACES_D "/*\n");
    }
    net_change_add(c, INTERFACES, master->content, sb_str(&text));
    net_change_add(c, want->key, h->content, w->content);
    if (found.foreign) {
        c->blocked = arena_printf(&c->arena,
                                  "ifupdown also reads %s, which clusterctl does not "
                                  "look into",
                                  found.foreign);
        c->hint = "put what it says into a file of " INTERFACES_D " and remove its source line";
    }
}

const struct net_row net_ifupdown_row = {
    .title = "ifupdown",
    .template = "network.ifupdown.tmpl",
    .dns_separator = " ",
    .mode = 0644,
    .observe = observe,
    .change = change,
    .file = file,
    .find = find,
    .shown = interfaces_mask,
};
