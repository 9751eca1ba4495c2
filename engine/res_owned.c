/* That the host remembers what it was before us; see owned.h. */
#include <string.h>

#include "base/quote.h"
#include "base/strlist.h"
#include "engine/paths.h"
#include "engine/restype.h"

static const char functions[] =
    "ob_owned() {\n"
    "  [ -d " OWNED_DIR " ] && r \"$1\" exists 1\n"
    "  [ -r " OWNED_FILE " ] || return 0\n"
    "  while read -r t k l; do r \"$1\" record \"$t $k\"; done <" OWNED_FILE "\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        script_addf(s, "ob_owned %zu\n", list[i]->index);
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want, (void)e;
    if (!strcmp(field, "exists"))
        have->owned.exists = true;
    else
        have->owned.records = strlist_append(a, have->owned.records, value);
    return 0;
}

/* Call `each` for every resource that has no record; returns how many. */
static size_t missing(const struct resource *want, const struct resource *have,
                      void (*each)(struct script *, const struct resource *, const char *id),
                      struct script *s)
{
    const struct catalog *c = want->owned.catalog;
    struct arena tmp = {0};
    size_t n = 0;
    for (size_t i = 0; i < c->list.n; i++) {
        const struct resource *r = c->list.v[i];
        const char *id = owned_wants(r) ? owned_id(&tmp, r) : NULL;
        if (!id || strlist_contains(have->owned.records, id))
            continue;
        n++;
        if (each)
            each(s, r, id);
    }
    arena_free(&tmp);
    return n;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    if (want->owned.forget) {
        if (have->owned.exists)
            plan_step(p, want, have, IMPACT_NONE, "remove %s", want->key);
        return;
    }
    size_t n = missing(want, have, NULL, NULL);
    if (n)
        plan_step(p, want, have, IMPACT_NONE, "write down what %zu thing%s %s before", n,
                  n == 1 ? "" : "s", n == 1 ? "was" : "were");
}

static void record(struct script *s, const struct resource *r, const char *id)
{
    autosb struct strbuf arg = {0}, quoted = {0};
    if (res_ops(r->type)->own_arg)
        res_ops(r->type)->own_arg(&arg, r);
    quote_octal(&quoted, arg.len ? sb_str(&arg) : "-");
    script_add(s, "own");
    script_arg(s, id);
    script_arg(s, r->key);
    script_arg(s, sb_str(&quoted));
    script_arg(s, arg.len ? sb_str(&arg) : "-");
    script_add(s, "\n");
}

static void apply(struct script *s, const struct step *step)
{
    if (step->want->owned.forget) {
        /* The lock is held by the open file, which this does not close. */
        script_add(s, "rm -rf " OWNED_DIR " " RUN_DIR "\n");
        return;
    }
    script_add(s, "own_begin\n");
    missing(step->want, step->have, record, s);
    script_add(s, "own_end\n");
}

const struct res_ops res_owned_ops = {"owned", functions, observe, parse, diff, apply};
