#include <string.h>

#include "base/strlist.h"
#include "engine/restype.h"

/*
 * All packages of a host go in one transaction: a transaction is what costs. The lists are refreshed
 * only when the first try fails, and an interrupted dpkg is completed first in that case.
 */
static const char functions[] =
    "ob_packages() {\n" /* INDEX PACKAGE... */
    "  i=$1; shift\n"
    "  dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' \"$@\" 2>/dev/null |\n"
    "    while read -r p s; do [ \"$s\" = ii ] && r \"$i\" installed \"$p\"; done\n"
    "  :\n"
    "}\n"
    /* "package nginx is not installed" is more than one word */
    "ob_rpms() {\n" /* INDEX PACKAGE... */
    "  i=$1; shift\n"
    "  rpm -q --qf '%{NAME}\\n' \"$@\" 2>/dev/null |\n"
    "    while read -r p s; do [ -z \"$s\" ] && r \"$i\" installed \"$p\"; done\n"
    "  :\n"
    "}\n"
    /* Another package manager is waited for, but all in all for less than the time of a step (900 s). */
    "apt_install() {\n" /* SECONDS PACKAGE... */
    "  w=$1; shift\n"
    "  apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=$w -o Dpkg::Use-Pty=0 \\\n"
    "    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install \"$@\"\n"
    "}\n"
    "apt_repair() {\n"
    "  dpkg --configure -a --force-confdef --force-confold\n"
    "  apt-get -q -y -o DPkg::Lock::Timeout=60 update\n"
    "  apt-get -q -y -o DPkg::Lock::Timeout=60 --fix-broken --no-install-recommends install\n"
    "}\n"
    /*
     * dnf and yum wait for each other, for as long as the step may take. yum installs what it knows of
     * and answers 0: only rpm tells whether all of it is there.
     */
    "rpm_install() {\n" /* MANAGER PACKAGE... */
    "  m=$1; shift\n"
    "  case $m in\n"
    "  dnf) dnf -y --setopt=exit_on_lock=0 --setopt=install_weak_deps=0 install \"$@\" ;;\n"
    "  yum) yum -y --setopt=exit_on_lock=0 install \"$@\" ;;\n"
    "  esac && rpm -q \"$@\" >/dev/null || { rpm -q \"$@\" | grep 'not installed'; return 1; }\n"
    "}\n"
    /*
     * A transaction that was killed leaves rpm's database unreadable where that is Berkeley's (EL 7
     * and 8), or one half of an update beside the other, which only yum-utils can complete.
     */
    "rpm_repair() {\n" /* MANAGER */
    "  rpm -q rpm >/dev/null 2>&1 || { rm -f /var/lib/rpm/__db.*; rpm --rebuilddb; }\n"
    "  if [ \"$1\" = yum ] && command -v yum-complete-transaction >/dev/null; then\n"
    "    yum-complete-transaction -y --cleanup-only; fi\n"
    "  \"$1\" -q clean expire-cache\n"
    "}\n"
    /*
     * What comes with ours is ours too: the difference, which a run cut off leaves to the next. A key
     * that a repository was trusted with is no package, though rpm lists it.
     */
    "packages_list() {\n"
    "  if [ -s /var/lib/dpkg/status ]; then\n"
    "    dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n'\n"
    "  else rpm -qa --qf 'ii %{NAME}\\n' | grep -vx 'ii gpg-pubkey'; fi | sort -u\n"
    "}\n"
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
    "  if apt_install 600 \"$@\"; then packages_end; return 0; fi\n"
    "  echo '-- the first try failed; refreshing the package lists and trying once more'\n"
    "  apt_repair || :\n"
    "  apt_install 60 \"$@\"; packages_end\n"
    "}\n"
    /* The repository first, in a transaction of its own: before that nobody knows what is in it. */
    "install_rpms() {\n" /* MANAGER REPOSITORY|- PACKAGE... */
    "  manager=$1 repo=$2; shift 2\n"
    "  packages_begin\n"
    "  if rpms_at_once \"$@\"; then packages_end; return 0; fi\n"
    "  echo '-- the first try failed; refreshing the package lists and trying once more'\n"
    "  rpm_repair \"$manager\" || :\n"
    "  rpms_at_once \"$@\"; packages_end\n"
    "}\n"
    "rpms_at_once() {\n"
    "  if [ \"$repo\" != - ] && ! rpm -q \"$repo\" >/dev/null; then\n"
    "    rpm_install \"$manager\" \"$repo\" || return 1; fi\n"
    "  rpm_install \"$manager\" \"$@\"\n"
    "}\n";

static bool is_apt(const struct resource *want)
{
    return want->packages.manager == PACKAGES_APT;
}

static void names(struct script *s, const struct resource *want)
{
    for (const char *const *n = want->packages.names; *n; n++)
        script_arg(s, *n);
    script_add(s, "\n");
}

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        script_addf(s, "%s %zu", is_apt(list[i]) ? "ob_packages" : "ob_rpms", list[i]->index);
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
    const struct res_packages *w = &step->want->packages;
    if (is_apt(step->want)) {
        script_add(s, "install_packages");
    } else {
        script_addf(s, "install_rpms %s", manager_name(w->manager));
        script_arg(s, w->repository ? w->repository : "-");
    }
    names(s, step->want);
}

static const char undo[] =
    "pre_packages() { printf '%s' -; }\n"
    /* Never a package that somebody else needs: then only those that we named, or none at all. */
    "purge_only() {\n" /* PACKAGE... */
    "  if [ ! -s /var/lib/dpkg/status ]; then rpm_remove \"$@\"; return; fi\n"
    "  n=0; s=$(apt-get -s -q purge \"$@\") || return 1\n"
    "  for p in $(printf '%s\\n' \"$s\" | awk '/^(Purg|Remv) / { print $2 }'); do\n"
    "    grep -qxF \"$p\" /var/lib/clusterctl/packages || n=$((n + 1)); done\n"
    "  [ \"$n\" = 0 ] && apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 purge \"$@\"\n"
    "}\n"
    /* rpm --test refuses what others need; without the option dnf takes more than it is told to. */
    "rpm_remove() {\n" /* PACKAGE... */
    "  rpm -e --test \"$@\" || return 1\n"
    "  m=dnf; command -v dnf >/dev/null || m=yum\n"
    "  $m -y --setopt=exit_on_lock=0 --setopt=clean_requirements_on_remove=0 remove \"$@\"\n"
    "}\n"
    "there() {\n"
    "  if [ ! -s /var/lib/dpkg/status ]; then rpm -q \"$1\" >/dev/null; return; fi\n"
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
