#include <string.h>

#include "engine/restype.h"

/*
 * ob_sysctl INDEX PATH INDEX PATH...: the shell's own read cannot do it, since it reads byte by
 * byte and /proc/sys answers the second read with end-of-file. awk takes i=... between its files.
 */
static const char functions[] =
    "ob_sysctl() {\n"
    "  k=$#\n"
    "  while [ \"$k\" -gt 0 ]; do\n"
    "    i=$1 p=/proc/sys/$2; shift 2; k=$((k - 2))\n"
    "    [ -r \"$p\" ] && set -- \"$@\" \"i=$i\" \"$p\"\n"
    "  done\n"
    "  [ $# = 0 ] || awk 'FNR == 1 { print \"@\" n \" r \" i \" value \" $0 }' n=\"$N\" \"$@\"\n"
    "}\n"
    "set_sysctl() { printf '%s\\n' \"$2\" >\"/proc/sys/$1\"; }\n";

/* net.ipv4.conf.all.arp_ignore -> net/ipv4/conf/all/arp_ignore; sysctl(8) swaps dot and slash. */
static void arg_path(struct script *s, const char *key)
{
    autosb struct strbuf path = {0};
    for (; *key; key++)
        sb_addc(&path, *key == '.' ? '/' : *key == '/' ? '.' : *key);
    script_arg(s, sb_str(&path));
}

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    script_add(s, "ob_sysctl");
    for (size_t i = 0; i < n; i++) {
        script_argn(s, list[i]->index);
        arg_path(s, list[i]->key);
    }
    script_add(s, "\n");
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want, (void)field, (void)e;
    /* Vectors are separated by tabs (proc_dointvec), by any blank when written: "1\t3", "1 3". */
    char *s = arena_strdup(a, value);
    for (char *p = s; (p = strchr(p, '\t'));)
        *p = ' ';
    have->sysctl.value = s;
    return 0;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const char *old = have->sysctl.value;
    if (!old || strcmp(old, want->sysctl.value) != 0)
        plan_step(p, want, have, IMPACT_NONE, "set %s = %s (is %s)", want->key, want->sysctl.value,
                  old ? old : "unset");
}

static void apply(struct script *s, const struct step *step)
{
    script_add(s, "set_sysctl");
    arg_path(s, step->want->key);
    script_arg(s, step->want->sysctl.value);
    script_add(s, "\n");
}

static const char undo[] =
    "sysctl_path() { printf '/proc/sys/'; printf '%s' \"$1\" | tr './' '/.'; }\n"
    "pre_sysctl() {\n"
    "  p=$(sysctl_path \"$1\")\n"
    "  if [ ! -r \"$p\" ]; then printf '%s' -\n"
    "  elif [ -n \"$adopt\" ]; then echo '?'\n"
    "  else echo $(cat \"$p\"); fi\n"
    "}\n"
    "undo_sysctl() {\n"
    "  p=$(sysctl_path \"$1\"); v=$3\n"
    "  [ -e \"$p\" ] || return 0\n"
    "  [ \"$v\" != '?' ] || v=$(cat \"/proc/sys/net/ipv4/conf/default/${p##*/}\")\n"
    "  printf '%s\\n' \"$v\" >\"$p\"\n"
    "}\n";

/* "-": it came with a module. For one that nobody looked at, what a new interface gets. */
static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    bool unknown = !strcmp(o->before, "?");
    (void)impact;
    if (!strcmp(o->before, "-") || (unknown && strncmp(o->key, "net.ipv4.conf.", 14) != 0))
        return false;
    sb_addf(words, "set %s back to %s", o->key, unknown ? "the default" : o->before);
    return true;
}

const struct res_ops res_sysctl_ops = {"sysctl", functions, observe, parse, diff, apply,
    undo, NULL, gone};
