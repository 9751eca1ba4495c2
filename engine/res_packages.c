#include <string.h>

#include "base/strlist.h"
#include "engine/restype.h"

/*
 * All packages of a host go in one transaction: a transaction is what costs. The lists are refreshed
 * only when the first try fails, and an interrupted dpkg is completed first in that case.
 */
static const char functions[] =
    "ob_packages() {\n"
    "  i=$1; shift\n"
    "  dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' \"$@\" 2>/dev/null |\n"
    "    while read -r p s; do [ \"$s\" = ii ] && r \"$i\" installed \"$p\"; done\n"
    "  :\n"
    "}\n"
    "apt_install() {\n"
    "  apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \\\n"
    "    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install \"$@\"\n"
    "}\n"
    "apt_repair() {\n"
    "  dpkg --configure -a --force-confdef --force-confold\n"
    "  apt-get -q -y -o DPkg::Lock::Timeout=600 update\n"
    "  apt-get -q -y -o DPkg::Lock::Timeout=600 --fix-broken --no-install-recommends install\n"
    "}\n"
    /* What comes with ours is ours too: the difference, which a run cut off leaves to the next. */
    "packages_list() { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n' | sort; }\n"
    "packages_begin() {\n"
    "  f=/var/lib/clusterctl/packages; [ ! -e \"$f.before\" ] || return 0\n"
    "  (umask 077; mkdir -p /var/lib/clusterctl; packages_list >\"$f.tmp\")\n"
    "  sync \"$f.tmp\"; mv -f \"$f.tmp\" \"$f.before\"\n"
    "}\n"
    "packages_end() {\n"
    "  packages_list | awk -v b=\"$f.before\" 'FILENAME == b { was[$2] = $1; next }\n"
    "    $1 ~ /^.i/ && was[$2] !~ /^.i/ { print $2 }' \"$f.before\" - >>\"$f\"\n"
    "  sync \"$f\"; rm -f \"$f.before\"\n"
    "}\n"
    "install_packages() {\n"
    "  packages_begin\n"
    "  export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1\n"
    "  if apt_install \"$@\"; then packages_end; return 0; fi\n"
    "  echo '-- the first try failed; refreshing the package lists and trying once more'\n"
    "  apt_repair || :\n"
    "  apt_install \"$@\"; packages_end\n"
    "}\n";

static void names(struct script *s, const struct resource *want)
{
    for (const char *const *n = want->packages.names; *n; n++)
        script_arg(s, *n);
    script_add(s, "\n");
}

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        script_addf(s, "ob_packages %zu", list[i]->index);
        names(s, list[i]);
    }
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)e;
    size_t n = strlist_count(want->packages.names);
    if (!have->packages.installed)
        have->packages.installed = arena_array(a, bool, n + 1);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(field, "installed") && !strcmp(value, want->packages.names[i]))
            have->packages.installed[i] = true;
    return 0;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    autosb struct strbuf missing = {0};
    for (size_t i = 0; want->packages.names[i]; i++)
        if (!have->packages.installed || !have->packages.installed[i])
            sb_addf(&missing, " %s", want->packages.names[i]);
    if (missing.len)
        plan_step(p, want, have, IMPACT_NONE, "install%s", sb_str(&missing));
}

static void apply(struct script *s, const struct step *step)
{
    script_add(s, "install_packages");
    names(s, step->want);
}

static const char undo[] =
    "pre_packages() { printf '%s' -; }\n"
    /* Never a package that somebody else needs: then only those that we named, or none at all. */
    "purge_only() {\n" /* PACKAGE... */
    "  n=0; s=$(apt-get -s -q purge \"$@\") || return 1\n"
    "  for p in $(printf '%s\\n' \"$s\" | awk '/^(Purg|Remv) / { print $2 }'); do\n"
    "    grep -qxF \"$p\" /var/lib/clusterctl/packages || n=$((n + 1)); done\n"
    "  [ \"$n\" = 0 ] && apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 purge \"$@\"\n"
    "}\n"
    "there() {\n"
    "  case $(dpkg-query -W -f '${db:Status-Abbrev}' \"$1\" 2>/dev/null) in ''|un*) return 1 ;; esac\n"
    "}\n"
    "undo_packages() {\n" /* KEY NAME,... BEFORE */
    "  f=/var/lib/clusterctl/packages; names=$(printf '%s' \"$2\" | tr ',' ' ')\n"
    "  [ -s \"$f\" ] || return 0\n"
    "  export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1\n"
    "  set --; while read -r p; do if there \"$p\"; then set -- \"$@\" \"$p\"; fi; done <\"$f\"\n"
    "  [ $# != 0 ] || return 0\n"
    "  if purge_only \"$@\"; then return 0; fi\n"
    "  set --; for p in $names; do\n"
    "    if there \"$p\" && grep -qxF \"$p\" \"$f\"; then set -- \"$@\" \"$p\"; fi; done\n"
    "  [ $# = 0 ] || purge_only \"$@\" || {\n"
    "    echo '-- packages that were installed since need these; nothing was purged'; return 1; }\n"
    "}\n";

static void own_arg(struct strbuf *arg, const struct resource *want)
{
    for (const char *const *n = want->packages.names; *n; n++)
        sb_addf(arg, "%s%s", arg->len ? "," : "", *n);
}

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)o;
    *impact = IMPACT_RESTART;
    sb_add(words, "purge the packages that were installed");
    return true;
}

const struct res_ops res_packages_ops = {"packages", functions, observe, parse, diff, apply,
    undo, own_arg, gone};
