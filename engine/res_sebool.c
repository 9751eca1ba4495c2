#include <string.h>

#include "engine/restype.h"

/*
 * /sys/fs/selinux/booleans/NAME holds "CURRENT PENDING", without a newline: read(1) fails, having read.
 * setsebool -P keeps it over a reboot.
 */
static const char functions[] =
    "ob_sebool() {\n"
    "  a=; [ -r \"/sys/fs/selinux/booleans/$2\" ] && read -r a b <\"/sys/fs/selinux/booleans/$2\"\n"
    "  r \"$1\" live \"$a\"\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        script_addf(s, "ob_sebool %zu", list[i]->index);
        script_arg(s, list[i]->key);
        script_add(s, "\n");
    }
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want, (void)a, (void)e, (void)field;
    have->sebool.on = !strcmp(value, "1");
    return 0;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    if (!have->sebool.on)
        plan_step(p, want, have, IMPACT_NONE, "set SELinux boolean %s, now and at boot", want->key);
}

static void apply(struct script *s, const struct step *step)
{
    script_add(s, "setsebool -P");
    script_arg(s, step->want->key);
    script_add(s, " on\n");
}

static const char undo[] =
    "pre_sebool() {\n"
    "  [ -z \"$adopt\" ] && [ -r \"/sys/fs/selinux/booleans/$1\" ] || { echo '?'; return 0; }\n"
    "  read -r a b <\"/sys/fs/selinux/booleans/$1\" || :; echo \"$a\"\n"
    "}\n"
    "undo_sebool() { setsebool -P \"$1\" off; }\n";

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    sb_addf(words, "set SELinux boolean %s back to off, now and at boot", o->key);
    return !strcmp(o->before, "0");
}

const struct res_ops res_sebool_ops = {"sebool", functions, observe, parse, diff, apply,
    undo, NULL, gone};
