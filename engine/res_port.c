#include <string.h>

#include "engine/restype.h"

/* The web servers that may be stopped, by the name that ss(8) shows. */
static const struct {
    const char *program, *unit;
} servers[] = {
    {"httpd", "httpd.service"},
    {"apache2", "apache2.service"},
    {"lighttpd", "lighttpd.service"},
};

static const char functions[] =
    "ob_port() {\n"
    "  ss -H -ltnp \"sport = :$2\" | while IFS= read -r l; do r \"$1\" line \"$l\"; done\n"
    "}\n"
    "free_port() {\n" /* PORT UNIT */
    "  systemctl disable -q --now \"$2\"\n"
    "  l=$(ss -H -ltnp \"sport = :$1\" | grep -v '((\"nginx\"' || :)\n"
    "  [ -z \"$l\" ] || { echo \"-- still held: $l\"; return 1; }\n"
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

static const char *unit_of(const char *program)
{
    for (size_t i = 0; i < ARRAY_LEN(servers); i++)
        if (!strcmp(servers[i].program, program))
            return servers[i].unit;
    return NULL;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    if (!have->port.owner || !strcmp(have->port.owner, want->port.owner))
        return;
    const char *unit = unit_of(have->port.owner);
    if (want->port.stop && unit) {
        plan_step(p, want, have, IMPACT_NONE, "stop and disable %s, which holds port %s", unit,
                  want->key);
        return;
    }
    struct step *s = plan_step(p, want, have, IMPACT_NONE, "use port %s for %s", want->key,
                               want->port.owner);
    s->blocked = arena_printf(&p->arena, "port %s is taken by %s (ss: %s)", want->key,
                              have->port.owner, have->port.evidence);
    s->hint = arena_printf(&p->arena,
                           "stop and disable %s on this host (systemctl disable --now UNIT%s), or "
                           "choose another port for the service",
                           have->port.owner,
                           unit ? ", or \"web_servers\": \"stop\" in the inventory" : "");
}

static void apply(struct script *s, const struct step *step)
{
    const char *unit = unit_of(step->have->port.owner);
    if (!unit) { /* never planned without `blocked` */
        script_add(s, "false\n");
        return;
    }
    script_addf(s, "free_port %u", step->want->port.port);
    script_arg(s, unit);
    script_add(s, "\n");
}

/* "httpd.service enabled" where that server holds the port, as the way back. */
static const char undo[] =
    "pre_port() {\n" /* KEY PORT */
    "  [ -z \"$adopt\" ] || { printf '%s' -; return 0; }\n"
    "  p=$(ss -H -ltnp \"sport = :$2\" | sed -n 's/.*((\"\\([a-z0-9]*\\)\".*/\\1/p' | head -n 1)\n"
    "  case $p in httpd|apache2|lighttpd) ;; *) printf '%s' -; return 0 ;; esac\n"
    "  e=disabled; systemctl is-enabled -q \"$p.service\" 2>/dev/null && e=enabled\n"
    "  printf '%s' \"$p.service $e\"\n"
    "}\n"
    "undo_port() {\n" /* KEY PORT BEFORE */
    "  case $3 in *.service\\ *) ;; *) return 0 ;; esac\n"
    "  case $3 in *' enabled') systemctl enable -q \"${3%% *}\" ;; esac\n"
    "  systemctl start \"${3%% *}\"\n"
    "}\n";

static void own_arg(struct strbuf *arg, const struct resource *want)
{
    sb_addf(arg, "%u", want->port.port);
}

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    sb_addf(words, "start %.*s again", (int)strcspn(o->before, " "), o->before);
    return strstr(o->before, ".service ") != NULL;
}

const struct res_ops res_port_ops = {"port", functions, observe, parse, diff, apply,
    undo, own_arg, gone};
