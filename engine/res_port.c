#include <string.h>

#include "engine/restype.h"

static const char functions[] =
    "ob_port() {\n"
    "  ss -H -ltnp \"sport = :$2\" | while IFS= read -r l; do r \"$1\" line \"$l\"; done\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        script_addf(s, "ob_port %zu %u\n", list[i]->index, list[i]->port.port);
}

/* LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=812,fd=6),("nginx",pid=811,fd=6)) */
static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)field, (void)e;
    char *name = strstr(value, "((\"");
    size_t n = name ? strcspn(name + 3, "\"") : 0;
    const char *owner = n ? arena_strndup(a, name + 3, n) : "an unknown program";
    if (have->port.owner && strcmp(have->port.owner, want->port.owner) != 0)
        return 0; /* a stranger found already is the one to name */
    have->port.owner = owner;
    have->port.evidence = arena_strdup(a, value);
    return 0;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    if (!have->port.owner || !strcmp(have->port.owner, want->port.owner))
        return;
    struct step *s = plan_step(p, want, have, IMPACT_NONE, "use port %s for %s", want->key,
                               want->port.owner);
    s->blocked = arena_printf(&p->arena, "port %s is taken by %s (ss: %s)", want->key,
                              have->port.owner, have->port.evidence);
    s->hint = arena_printf(&p->arena,
                           "stop and disable %s on this host (systemctl disable --now UNIT), or "
                           "choose another port for the service",
                           have->port.owner);
}

static void apply(struct script *s, const struct step *step)
{
    /* Never planned without `blocked`. */
    (void)step;
    script_add(s, "false\n");
}

const struct res_ops res_port_ops = {"port", functions, observe, parse, diff, apply};
