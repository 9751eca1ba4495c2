#include <string.h>

#include "base/parse.h"
#include "engine/deadman.h"
#include "engine/netstack.h"
#include "engine/putfile.h"
#include "engine/udiff.h"

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    char own[IPADDR_STRLEN];
    for (size_t i = 0; i < n; i++) {
        const struct res_network *w = &list[i]->network;
        script_add(s, net_row(w->stack)->observe);
        script_addf(s, "ob_network %zu", list[i]->index);
        script_arg(s, w->interface);
        script_arg(s, ipaddr_str(&w->address, own));
        script_arg(s, list[i]->key);
        script_add(s, "\n");
    }
}

static int parse_text(struct arena *a, const char *value, const char *path, const char **text,
                      struct err *e)
{
    size_t len;
    if (putfile_parse_content(a, value, text, &len, e) < 0)
        return -1;
    return strlen(*text) == len ? 0 : err_set(e, ERR_FAILED, "%s holds NUL bytes", path);
}

static int parse_file(struct resource *have, const struct resource *want, struct arena *a,
                      char *value, struct err *e)
{
    struct res_network *h = &have->network;
    struct net_file f = {0};
    const char *path = parse_word(&value);
    if (!path)
        return err_set(e, ERR_PROTOCOL, "the host sent a file without its name");
    if (parse_text(a, value, path, &f.content, e) < 0)
        return -1;
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
    else if (!strcmp(field, "content"))
        return parse_text(a, value, want->key, &h->content, e);
    else if (!strcmp(field, "file"))
        return parse_file(have, want, a, value, e);
    return 0;
}

/* Everything that must be written; the same for the diff and for the step. */
static void find_changes(struct net_changes *c, const struct resource *want, const struct resource *have)
{
    *c = (struct net_changes){0};
    c->v = arena_array(&c->arena, struct net_change, have->network.n_others + 2);
    net_row(want->network.stack)->find(c, want, have);
}

/* "10.1.1.130/24 via 10.1.1.1", to be compared with want's. */
static const char *live_text(struct arena *a, const struct res_network *h)
{
    return arena_printf(a, "%s%s%s", h->addresses ? h->addresses : "no address of ours",
                        h->gateways ? " via " : ", no gateway", h->gateways ? h->gateways : "");
}

static void set_obstacles(struct plan *p, struct step *s, const struct net_changes *c)
{
    if (!c->blocked)
        return;
    s->blocked = arena_strdup(&p->arena, c->blocked);
    s->hint = c->hint ? arena_strdup(&p->arena, c->hint) : NULL;
}

static const char *shown(const struct net_row *row, struct arena *a, const char *text)
{
    autosb struct strbuf sb = {0};
    if (!text || !row->shown)
        return text;
    row->shown(&sb, text);
    return arena_strdup(a, sb_str(&sb));
}

static void set_diff(struct plan *p, struct step *s, struct net_changes *c)
{
    const struct net_row *row = net_row(s->want->network.stack);
    autosb struct strbuf diff = {0}, masked = {0};
    for (size_t i = 0; i < c->n; i++)
        udiff(&diff, c->v[i].path, shown(row, &c->arena, c->v[i].old),
              shown(row, &c->arena, c->v[i].new));
    catalog_mask(p->catalog, &masked, sb_str(&diff), diff.len);
    if (masked.len)
        s->diff = arena_strdup(&p->arena, sb_str(&masked));
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_network *w = &want->network;
    struct net_changes c;
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
        set_obstacles(p, s, &c);
    }
    arena_free(&c.arena);
}

static void stage(struct script *s, size_t n, const struct net_change *c, unsigned mode)
{
    autosb struct strbuf old = {0};
    base64_encode(&old, c->old ? c->old : "", c->old ? strlen(c->old) : 0, 0);
    script_addf(s, "net_stage %zu", n);
    script_arg(s, c->path);
    script_addf(s, " %o", mode);
    script_arg(s, c->old ? sb_str(&old) : "-");
    putfile_heredoc(s, c->new, strlen(c->new));
}

static void apply(struct script *s, const struct step *step)
{
    const struct res_network *w = &step->want->network;
    const struct net_row *row = net_row(w->stack);
    char own[IPADDR_STRLEN];
    struct net_changes c;
    find_changes(&c, step->want, step->have);
    script_add(s, "net_begin\n");
    for (size_t i = 0; i < c.n; i++)
        stage(s, i, &c.v[i], row->mode);
    arena_free(&c.arena);
    script_addf(s, "net_stack");
    script_arg(s, step->want->key);
    script_addf(s, " <<'EOF'\n%sEOF\n", row->change);
    script_addf(s, "net_change %s", step->todo & STEP_NETWORK_LIVE ? "live" : "files");
    script_arg(s, w->interface);
    script_arg(s, ipaddr_str(&w->address, own));
    script_addf(s, " %.*s\n", (int)strcspn(w->live, " ,"), w->live);
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
