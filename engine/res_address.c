#include <string.h>

#include "engine/restype.h"

static const char functions[] =
    "ob_address() {\n"
    "  [ -n \"$(ip -o addr show dev \"$2\" to \"$3\")\" ] && r \"$1\" address 1\n"
    "  [ -n \"$(ip -o route show table main \"$3\" dev \"$2\")\" ] && r \"$1\" route 1\n"
    "  :\n"
    "}\n"
    "set_address() {\n"
    "  ip address replace \"$2\" dev \"$1\" label \"$3\"\n"
    "  ip route replace \"$2\" dev \"$1\"\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        script_addf(s, "ob_address %zu", list[i]->index);
        script_arg(s, list[i]->address.interface);
        script_arg(s, list[i]->key);
        script_add(s, "\n");
    }
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want, (void)a, (void)value, (void)e;
    if (!strcmp(field, "address"))
        have->address.present = true;
    else if (!strcmp(field, "route"))
        have->address.route = true;
    return 0;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    if (!have->address.present)
        plan_step(p, want, have, IMPACT_NONE, "add %s to %s (%s) with its host route", want->key,
                  want->address.interface, want->address.label);
    else if (!have->address.route)
        plan_step(p, want, have, IMPACT_NONE, "add the host route to %s on %s", want->key,
                  want->address.interface);
}

static void apply(struct script *s, const struct step *step)
{
    script_add(s, "set_address");
    script_arg(s, step->want->address.interface);
    script_arg(s, step->want->key);
    script_arg(s, step->want->address.label);
    script_add(s, "\n");
}

static const char undo[] =
    "pre_address() {\n"
    "  if [ -z \"$adopt\" ] && [ -n \"$(ip -o addr show dev \"$2\" to \"$1\")\" ]; then echo present\n"
    "  else echo absent; fi\n"
    "}\n"
    "undo_address() {\n"
    "  ip route del \"$1\" dev \"$2\" table main 2>/dev/null || :\n"
    "  ip address del \"$1\" dev \"$2\" 2>/dev/null || :\n"
    "  [ -z \"$(ip -o addr show dev \"$2\" to \"$1\")\" ]\n"
    "}\n";

static void own_arg(struct strbuf *arg, const struct resource *want)
{
    sb_add(arg, want->address.interface);
}

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    sb_addf(words, "remove %s from %s, with its host route", o->key, o->arg);
    return strcmp(o->before, "present") != 0;
}

const struct res_ops res_address_ops = {"address", functions, observe, parse, diff, apply,
    undo, own_arg, gone};
