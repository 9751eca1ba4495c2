#include <string.h>

#include "base/parse.h"
#include "engine/deadman.h"
#include "engine/interfaces.h"
#include "engine/putfile.h"
#include "engine/udiff.h"

static const char *stack_name(enum net_stack s)
{
    return s == NET_NETWORKD ? "networkd" : "ifupdown";
}

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    char own[IPADDR_STRLEN];
    for (size_t i = 0; i < n; i++) {
        const struct res_network *w = &list[i]->network;
        script_addf(s, "ob_network %zu", list[i]->index);
        script_arg(s, w->interface);
        script_arg(s, ipaddr_str(&w->address, own));
        script_arg(s, stack_name(w->stack));
        script_arg(s, list[i]->key);
        script_add(s, "\n");
    }
}

static int parse_file(struct resource *have, const struct resource *want, struct arena *a,
                      char *value, struct err *e)
{
    struct res_network *h = &have->network;
    struct net_file f = {0};
    size_t len;
    const char *path = parse_word(&value);
    if (!path)
        return err_set(e, ERR_PROTOCOL, "the host sent a file without its name");
    if (putfile_parse_content(a, value, &f.content, &len, e) < 0)
        return -1;
    if (strlen(f.content) != len)
        return err_set(e, ERR_FAILED, "%s holds NUL bytes", path);
    if (!strcmp(path, want->key)) {
        h->content = f.content;
        return 0;
    }
    struct net_file *list = arena_array(a, struct net_file, h->n_others + 1);
    if (h->n_others)
        memcpy(list, h->others, h->n_others * sizeof *list);
    f.path = arena_strdup(a, path);
    list[h->n_others++] = f;
    h->others = list;
    return 0;
}

static const char *joined(struct arena *a, const char *list, const char *value)
{
    return list ? arena_printf(a, "%s, %s", list, value) : arena_strdup(a, value);
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    struct res_network *h = &have->network;
    if (!strcmp(field, "address"))
        h->addresses = joined(a, h->addresses, value);
    else if (!strcmp(field, "gateway"))
        h->gateways = joined(a, h->gateways, value);
    else if (!strcmp(field, "in_force"))
        h->in_force = *value ? arena_strdup(a, value) : NULL;
    else if (!strcmp(field, "file"))
        return parse_file(have, want, a, value, e);
    return 0;
}

/* A file that is to change: old NULL when it does not exist. */
struct change {
    const char *path, *old, *new;
};

struct changes {
    struct change *v;
    size_t n;
    struct interfaces_found found;
    struct arena arena;
};

static void add_change(struct changes *c, const char *path, const char *old, const char *new)
{
    if (old && !strcmp(old, new))
        return;
    c->v[c->n++] = (struct change){path, old, arena_strdup(&c->arena, new)};
}

/* Everything that must be written; the same for the diff and for the step. */
static void find_changes(struct changes *c, const struct resource *want, const struct resource *have)
{
    const struct res_network *w = &want->network, *h = &have->network;
    const struct net_file none = {INTERFACES, NULL}, *master = &none;
    *c = (struct changes){0};
    c->v = arena_array(&c->arena, struct change, h->n_others + 2);
    for (size_t i = 0; i < h->n_others; i++) {
        autosb struct strbuf new = {0};
        interfaces_sources(h->others[i].content, &c->arena, &c->found);
        if (!strcmp(h->others[i].path, INTERFACES)) {
            master = &h->others[i];
            continue;
        }
        interfaces_edit(&new, h->others[i].content, w->interface, &w->address);
        add_change(c, h->others[i].path, h->others[i].content, sb_str(&new));
    }
    if (w->stack == NET_IFUPDOWN) {
        autosb struct strbuf new = {0};
        if (master->content)
            interfaces_edit(&new, master->content, w->interface, &w->address);
        if (!c->found.sources_d) {
            if (new.len && sb_str(&new)[new.len - 1] != '\n')
                sb_addc(&new, '\n');
            sb_add(&new, "source " INTERFACES_D "/*\n");
        }
        add_change(c, INTERFACES, master->content, sb_str(&new));
    }
    add_change(c, want->key, h->content, w->content);
}

static void drop_changes(struct changes *c)
{
    arena_free(&c->arena);
}

/* "10.1.1.130/24 via 10.1.1.1", to be compared with want's. */
static const char *live_text(struct arena *a, const struct res_network *h)
{
    return arena_printf(a, "%s%s%s", h->addresses ? h->addresses : "no address of ours",
                        h->gateways ? " via " : ", no gateway", h->gateways ? h->gateways : "");
}

/* networkd uses the first file by name that matches the interface (systemd.network(5)). */
static bool outranked(const struct resource *want, const struct res_network *h)
{
    const char *theirs = h->in_force ? strrchr(h->in_force, '/') : NULL;
    return theirs && want->network.stack == NET_NETWORKD && strcmp(h->in_force, want->key) != 0 &&
           strcmp(theirs, strrchr(want->key, '/')) < 0;
}

static void find_obstacles(struct plan *p, struct step *s, const struct changes *c)
{
    const struct res_network *h = &s->have->network;
    if (c->found.foreign) {
        s->blocked = arena_printf(&p->arena, "ifupdown also reads %s, which clusterctl does not "
                                             "look into", c->found.foreign);
        s->hint = "put what it says into a file of " INTERFACES_D " and remove its source line";
    } else if (outranked(s->want, h)) {
        s->blocked = arena_printf(&p->arena, "%s comes before %s for systemd-networkd",
                                  h->in_force, s->want->key);
        s->hint = "remove that file, or let it match other interfaces only";
    }
}

static void set_diff(struct plan *p, struct step *s, const struct changes *c)
{
    autosb struct strbuf diff = {0}, shown = {0};
    for (size_t i = 0; i < c->n; i++)
        udiff(&diff, c->v[i].path, c->v[i].old, c->v[i].new);
    catalog_mask(p->catalog, &shown, sb_str(&diff), diff.len);
    if (shown.len)
        s->diff = arena_strdup(&p->arena, sb_str(&shown));
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_network *w = &want->network;
    struct changes c;
    find_changes(&c, want, have);
    const char *live = live_text(&c.arena, &have->network);
    struct step *s = NULL;
    if (strcmp(live, w->live) != 0) {
        s = plan_step(p, want, have, IMPACT_RESTART, "set %s to %s (is %s)", w->interface, w->live,
                      live);
        s->todo = STEP_NETWORK_LIVE;
        s->hint = DEADMAN_HINT;
    } else if (c.n) {
        s = plan_step(p, want, have, IMPACT_NONE, "make %s static at %s", w->interface, w->live);
    }
    if (s) {
        set_diff(p, s, &c);
        find_obstacles(p, s, &c);
    }
    drop_changes(&c);
}

static void stage(struct script *s, size_t n, const struct change *c)
{
    autosb struct strbuf old = {0};
    base64_encode(&old, c->old ? c->old : "", c->old ? strlen(c->old) : 0, 0);
    script_addf(s, "net_stage %zu", n);
    script_arg(s, c->path);
    script_arg(s, c->old ? sb_str(&old) : "-");
    putfile_heredoc(s, c->new, strlen(c->new));
}

static void apply(struct script *s, const struct step *step)
{
    const struct res_network *w = &step->want->network;
    char own[IPADDR_STRLEN];
    struct changes c;
    find_changes(&c, step->want, step->have);
    script_add(s, "net_begin\n");
    for (size_t i = 0; i < c.n; i++)
        stage(s, i, &c.v[i]);
    drop_changes(&c);
    script_addf(s, "net_change %s", step->todo & STEP_NETWORK_LIVE ? "live" : "files");
    script_arg(s, w->interface);
    script_arg(s, ipaddr_str(&w->address, own));
    script_addf(s, " %.*s", (int)strcspn(w->live, " ,"), w->live);
    script_addf(s, " %s\n", stack_name(w->stack));
}

static const char undo[] =
    "pre_network() {\n"
    "  for f in /etc/network/interfaces /etc/network/interfaces.d/*; do\n"
    "    [ ! -f \"$f\" ] || [ \"$f\" = \"$1\" ] || keep_orig \"$f\"; done\n"
    "  if [ -e \"$1\" ] && [ -z \"$adopt\" ]; then keep_orig \"$1\"; echo existed\n"
    "  else printf 'absent %s' \"$(first_missing \"$1\")\"; fi\n"
    "}\n"
    "undo_network() {\n"
    "  o=/var/lib/clusterctl/orig\n"
    "  if [ -e \"$o$1\" ]; then put_back \"$o$1\" \"$1\"; else rm -f \"$1\"; fi\n"
    "  case $3 in 'absent '*) prune \"${1%/*}\" \"${3#absent }\" ;; esac; o=/var/lib/clusterctl/orig\n"
    "  for f in /etc/network/interfaces /etc/network/interfaces.d/*; do\n"
    "    grep -qs '^#clusterctl# ' \"$f\" || continue\n"
    "    t=${f%/*}/.${f##*/}.clusterctl-tmp\n"
    "    cp -p \"$f\" \"$t\"; sed 's/^#clusterctl# //' \"$f\" >\"$t\"\n"
    "    sync \"$t\"; mv -f \"$t\" \"$f\"\n"
    "  done\n"
    "  f=/etc/network/interfaces; t=/etc/network/.interfaces.clusterctl-tmp; l='source /etc/network/interfaces.d/*'\n"
    "  if [ -e \"$o$f\" ] && ! grep -qxF \"$l\" \"$o$f\" && [ -e \"$f\" ]; then\n"
    "    cp -p \"$f\" \"$t\"; grep -vxF \"$l\" \"$f\" >\"$t\" || :\n"
    "    sync \"$t\"; mv -f \"$t\" \"$f\"\n"
    "  fi\n"
    "}\n";

/* The live address stays: it is what we came over, and the files say what a boot gives. */
static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    sb_addf(words, "take %s out of the network's files; the address stays until they are read",
            o->key);
    return true;
}

const struct res_ops res_network_ops = {"network", deadman_functions, observe, parse, diff, apply,
    undo, NULL, gone};
