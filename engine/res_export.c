#include <string.h>

#include "base/strlist.h"
#include "engine/restype.h"
#include "inventory/cluster.h"

/* /var/lib/nfs/etab is what exportfs(8) has put in force: "PATH<tab>CLIENT(OPTIONS)" a line. */
static const char functions[] =
    "ob_export() {\n"
    "  [ -r /var/lib/nfs/etab ] || return 0\n"
    "  while read -r p c; do [ \"$p\" = \"$2\" ] && r \"$1\" client \"$c\"; done </var/lib/nfs/etab\n"
    "  :\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        script_addf(s, "ob_export %zu", list[i]->index);
        script_arg(s, list[i]->key);
        script_add(s, "\n");
    }
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want, (void)field, (void)e;
    have->export.live = strlist_append(a, have->export.live, value);
    return 0;
}

/* An option that gives a client more, and that nobody has asked for; NULL: none. */
static const char *extra_option(const char *entry, const char *wanted)
{
    static const char *const giving[] = {"rw", "insecure", "no_root_squash", "anonuid=0",
                                         "anongid=0"};
    for (size_t i = 0; i < ARRAY_LEN(giving); i++)
        if (nfs_has_option(strchr(entry, '(') + 1, giving[i]) && !nfs_has_option(wanted, giving[i]))
            return giving[i];
    return NULL;
}

/* Whether "a,b" are all among the comma-separated options of "10.1.1.132(rw,sync,...)". */
static bool has_options(const char *entry, const char *options)
{
    const char *list = strchr(entry, '(');
    if (!list)
        return false;
    list++;
    while (*options) {
        size_t n = strcspn(options, ",");
        bool found = false;
        for (const char *p = list; *p && *p != ')' && !found;) {
            size_t k = strcspn(p, ",)");
            found = k == n && !strncmp(p, options, n);
            p += k + (p[k] == ',');
        }
        if (!found)
            return false;
        options += n + (options[n] == ',');
    }
    return true;
}

static const char *entry_of(const struct res_export *h, const char *client)
{
    size_t n = strlen(client);
    for (size_t i = 0; h->live && h->live[i]; i++)
        if (!strncmp(h->live[i], client, n) && h->live[i][n] == '(')
            return h->live[i];
    return NULL;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_export *w = &want->export, *h = &have->export;
    size_t n = strlist_count(w->clients);
    bool same = strlist_count(h->live) == n;
    const char *extra = NULL;
    for (size_t i = 0; i < n && !extra; i++) {
        const char *entry = entry_of(h, w->clients[i]);
        same = same && entry && has_options(entry, w->options);
        extra = entry ? extra_option(entry, w->options) : NULL;
    }
    if (!same || extra)
        plan_step(p, want, have, IMPACT_NONE, "export %s to %zu client%s (now to %zu%s%s)",
                  want->key, n, n == 1 ? "" : "s", strlist_count(h->live), extra ? ", with " : "",
                  extra ? extra : "");
}

static void apply(struct script *s, const struct step *step)
{
    (void)step;
    /* It warns about lines that are not ours; what counts is the table, which is observed again. */
    script_add(s, "exportfs -r\n");
}

static const char undo[] =
    "pre_export() { printf '%s' -; }\n"
    "undo_export() {\n"
    "  [ -r /var/lib/nfs/etab ] || return 0\n"
    "  while read -r p c; do [ \"$p\" != \"$1\" ] || echo \"${c%%(*}\"; done </var/lib/nfs/etab |\n"
    "    while IFS= read -r c; do exportfs -u \"$c:$1\"; done\n"
    "}\n";

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    *impact = IMPACT_RESTART;
    sb_addf(words, "end the export of %s", o->key);
    return true;
}

const struct res_ops res_export_ops = {"export", functions, observe, parse, diff, apply,
    undo, NULL, gone};
