#include "engine/owned.h"

#include <string.h>

#include "base/parse.h"
#include "base/quote.h"
#include "engine/restype.h"

/*
 * own_begin, own ID KEY ARG for each record that is missing, own_end: all of them or none are there
 * after a power cut. `adopt` is set where an older clusterctl has left its block in /etc/hosts, but no
 * records: what is there now is then not taken for what was before.
 */
static const char functions[] =
    "own_begin() {\n"
    "  (umask 077; mkdir -p " OWNED_ORIG "); adopt=; own_t=" OWNED_DIR "/.owned-tmp\n"
    "  rm -f \"$own_t\"; (umask 077; : >\"$own_t\")\n"
    "  if [ -e " OWNED_FILE " ]; then cat " OWNED_FILE " >\"$own_t\"\n"
    "  elif [ -r /etc/hosts ]; then\n"
    "    while IFS= read -r l; do case $l in '# BEGIN clusterctl') adopt=1 ;; esac; done </etc/hosts; fi\n"
    "}\n"
    "own() {\n"
    "  b=$(pre_${1%% *} \"$2\" \"$4\"); printf '%s %s %s\\n' \"$1\" \"$3\" \"$b\" >>\"$own_t\"\n"
    "}\n"
    "own_end() {\n" /* coreutils before 8.24 know no -f */
    "  sync -f \"$own_t\" 2>/dev/null || sync; mv -f \"$own_t\" " OWNED_FILE "; sync " OWNED_DIR "\n"
    "}\n"
    /* The copies go last: until the record is gone the taking back may begin anew. */
    "disown() {\n" /* ID KEY */
    "  t=" OWNED_DIR "/.owned-tmp\n"
    "  (umask 077; while IFS= read -r l; do\n"
    "    case $l in \"$1 \"*) ;; *) printf '%s\\n' \"$l\" ;; esac; done <" OWNED_FILE " >\"$t\")\n"
    "  sync \"$t\"; mv -f \"$t\" " OWNED_FILE "; sync " OWNED_DIR "\n"
    "  case $1 in file\\ *|block\\ *|network\\ *)\n"
    "    rm -f \"" OWNED_ORIG "$2\" \"" OWNED_ORIG "$2.dropped\" \"$2.clusterctl-orig\" ;; esac\n"
    "}\n"
    "keep_orig() {\n" /* PATH */
    "  o=" OWNED_ORIG "$1; [ -e \"$o\" ] && return 0\n"
    "  (umask 077; mkdir -p \"${o%/*}\"); cp -p \"$1\" \"$o.tmp\"; mv -f \"$o.tmp\" \"$o\"\n"
    "}\n"
    "put_back() {\n" /* COPY PATH */
    "  t=${2%/*}/.${2##*/}.clusterctl-tmp\n"
    "  mkdir -p \"${2%/*}\"; cp -p \"$1\" \"$t\"; sync \"$t\"; mv -f \"$t\" \"$2\"; sync \"${2%/*}\"\n"
    "}\n"
    /* PATH: the topmost of the directories above it that is not there, or - */
    "first_missing() {\n"
    "  t=-; p=${1%/*}\n"
    "  while [ -n \"$p\" ] && [ ! -d \"$p\" ]; do t=$p; p=${p%/*}; done\n"
    "  printf '%s' \"$t\"\n"
    "}\n"
    "of_package() {\n"
    "  if [ -s /var/lib/dpkg/status ]; then dpkg-query -S \"$1\"; else rpm -qf \"$1\"; fi >/dev/null 2>&1\n"
    "}\n"
    /* DIR TOP: remove empty directories from DIR up to TOP; a package's own stay */
    "prune() {\n"
    "  [ \"$2\" != - ] || return 0\n"
    "  d=$1\n"
    "  while :; do\n"
    "    case $d/ in \"$2\"/*) ;; *) return 0 ;; esac\n"
    "    [ -d \"$d\" ] || { d=${d%/*}; continue; }\n"
    "    of_package \"$d\" && return 0\n"
    "    rmdir \"$d\" 2>/dev/null || return 0\n"
    "    d=${d%/*}\n"
    "  done\n"
    "}\n";

static const char functions_observe[] =
    "ob_gone() {\n" /* INDEX ID */
    "  [ -r " OWNED_FILE " ] || return 0\n"
    "  while IFS= read -r l; do\n"
    "    case $l in \"$2 \"*) r \"$1\" gone 1; return 0 ;; esac; done <" OWNED_FILE "\n"
    "}\n";

static bool type_named(const char *name, unsigned *type)
{
    for (unsigned t = 0; t < RES_TYPES; t++) {
        if (!res_ops(t)->undo || strcmp(res_ops(t)->name, name) != 0)
            continue;
        *type = t;
        return true;
    }
    return false;
}

int owned_parse(struct owned *o, struct arena *a, const char *line, struct err *e)
{
    char *rest = arena_strdup(a, line);
    char *type = parse_word(&rest), *key = parse_word(&rest), *arg = parse_word(&rest);
    *o = (struct owned){0};
    if (!type || !key || !arg) {
        err_set(e, ERR_FAILED, "%s is damaged", OWNED_FILE);
        return err_hint(e, "it tells what the host was before clusterctl; look at it there");
    }
    if (!type_named(type, &o->type)) {
        err_set(e, ERR_FAILED, "%s names a kind of thing that this clusterctl does not know",
                OWNED_FILE);
        return err_hint(e, "a newer clusterctl wrote it: use that one");
    }
    o->id = arena_printf(a, "%s %s", type, key);
    unquote_octal(key);
    unquote_octal(arg);
    o->key = key;
    o->arg = arg;
    o->before = rest;
    return 0;
}

bool owned_wants(const struct resource *r)
{
    bool refusal = r->type == RES_PORT && !r->port.stop; /* changes nothing */
    return !r->gone && !refusal && res_ops(r->type)->undo &&
           strcmp(r->key, OWNED_DIR) != 0 &&
           strncmp(r->key, OWNED_DIR "/", strlen(OWNED_DIR "/")) != 0;
}

/* A host has one name, whatever it is: what was before counts, not what was before the change. */
const char *owned_id(struct arena *a, const struct resource *r)
{
    autosb struct strbuf key = {0};
    quote_octal(&key, r->type == RES_HOSTNAME ? "hostname" : r->key);
    return arena_printf(a, "%s %s", res_ops(r->type)->name, sb_str(&key));
}

static bool is_wanted(struct catalog *c, const struct owned *o)
{
    for (size_t i = 0; i < c->list.n; i++)
        if (c->list.v[i]->type == o->type &&
            (o->type == RES_HOSTNAME || !strcmp(c->list.v[i]->key, o->key)))
            return true;
    return false;
}

/* "nginx.service/reload", as res_file.c records it. */
static void set_notify(struct catalog *c, struct resource *r)
{
    const char *slash = r->type == RES_FILE ? strrchr(r->gone->arg, '/') : NULL;
    if (!slash || !strncmp(r->gone->arg, "seed:", 5))
        return;
    const char *unit = arena_strndup(&c->arena, r->gone->arg, (size_t)(slash - r->gone->arg));
    if (!catalog_find(c, RES_SERVICE, unit))
        return;
    r->notify = unit;
    r->notify_how = !strcmp(slash, "/restart") ? NOTIFY_RESTART : NOTIFY_RELOAD;
}

static bool is_work(const struct owned *o, enum owned_scope scope)
{
    autosb struct strbuf words = {0};
    enum impact impact = IMPACT_NONE;
    if (o->type == RES_PACKAGES && scope != OWNED_PURGE)
        return false;
    return res_ops(o->type)->gone(&words, o, &impact);
}

static struct resource *add_gone(struct catalog *c, const struct owned *o)
{
    struct resource *r = arena_new(&c->arena, struct resource);
    r->type = o->type;
    r->key = o->key;
    r->module = "owned";
    r->gone = o;
    set_notify(c, r);
    return r;
}

int owned_removals(struct catalog *c, enum owned_scope scope, struct err *e)
{
    const struct facts *f = c->facts;
    VEC(struct resource *) list = {0};
    if (scope != OWNED_STALE && f->unrecorded) {
        err_set(e, ERR_FAILED, "an older clusterctl set this host up, and did not write down what "
                               "it was before");
        return err_hint(e, "run `clusterctl deploy` once: it writes down what can still be known");
    }
    size_t first = c->list.n && c->list.v[0]->type == RES_OWNED;
    if (first)
        *vec_push(&list) = c->list.v[0];
    for (size_t i = f->owned.n; i-- > 0;)
        if (!is_wanted(c, &f->owned.v[i]) && is_work(&f->owned.v[i], scope))
            *vec_push(&list) = add_gone(c, &f->owned.v[i]);
    for (size_t i = first; i < c->list.n; i++)
        *vec_push(&list) = c->list.v[i];
    c->list.n = 0;
    for (size_t i = 0; i < list.n; i++) {
        list.v[i]->index = i;
        *vec_push(&c->list) = list.v[i];
    }
    vec_free(&list);
    if (scope != OWNED_STALE)
        want_forgotten(c);
    return 0;
}

/* 0: a director and nothing else, 1: a real server, 2: whatever exports the share. */
static unsigned rank(const struct host *h)
{
    return h->roles & ROLE_NFS ? 2 : h->roles & ROLE_REAL_SERVER ? 1 : 0;
}

void owned_order(struct catalog *c)
{
    for (const struct host *h = NULL; (h = cluster_next(c->cluster, h, ROLE_ANY));)
        if (rank(h) < rank(c->host))
            want_needs(c, c->list.v[0], h, OWNED_EMPTIED, true);
}

void owned_observe(struct script *s, const struct resource *r)
{
    script_addf(s, "ob_gone %zu", r->index);
    script_arg(s, r->gone->id);
    script_add(s, "\n");
}

void owned_diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    autosb struct strbuf words = {0};
    enum impact impact = IMPACT_NONE;
    if (have->gone && res_ops(want->type)->gone(&words, want->gone, &impact))
        plan_step(p, want, have, impact, "%s", sb_str(&words));
}

void owned_apply(struct script *s, const struct step *step)
{
    const struct resource *r = step->want;
    script_addf(s, "undo_%s", res_ops(r->type)->name);
    script_arg(s, r->key);
    script_arg(s, r->gone->arg);
    script_arg(s, r->gone->before);
    if (r->type == RES_FILE) /* its unit's own step follows */
        script_addf(s, " %d", r->notify != NULL);
    script_add(s, "\ndisown");
    script_arg(s, r->gone->id);
    script_arg(s, r->key);
    script_add(s, "\n");
}

void owned_functions(struct script *s, const struct plan *p)
{
    bool needed = false;
    for (size_t i = 0; i < p->steps.n; i++)
        needed |= p->steps.v[i].want->gone || p->steps.v[i].want->type == RES_OWNED;
    if (!needed)
        return;
    script_add(s, functions);
    for (unsigned t = 0; t < RES_TYPES; t++)
        if (res_ops(t)->undo)
            script_add(s, res_ops(t)->undo);
}

void owned_observe_functions(struct script *s, const struct catalog *c)
{
    for (size_t i = 0; i < c->list.n; i++) {
        if (!c->list.v[i]->gone)
            continue;
        script_add(s, functions_observe);
        return;
    }
}
