#include <string.h>

#include "engine/restype.h"

static const char functions[] =
    "ob_hostname() {\n"
    "  read -r l </proc/sys/kernel/hostname; r \"$1\" live \"$l\"\n"
    "  [ -r /etc/hostname ] && read -r l </etc/hostname && r \"$1\" stored \"$l\"\n"
    "  :\n"
    "}\n"
    /* Neither hostname(1) nor hostnamectl(1) is on every bare machine. */
    "set_hostname() {\n"
    "  printf '%s\\n' \"$1\" >/etc/.hostname.clusterctl-tmp\n"
    "  chmod 644 /etc/.hostname.clusterctl-tmp\n"
    "  sync /etc/.hostname.clusterctl-tmp\n"
    "  mv -f /etc/.hostname.clusterctl-tmp /etc/hostname\n"
    "  printf '%s\\n' \"$1\" >/proc/sys/kernel/hostname\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        script_addf(s, "ob_hostname %zu\n", list[i]->index);
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want, (void)e;
    if (!strcmp(field, "live"))
        have->hostname.live = arena_strdup(a, value);
    else if (!strcmp(field, "stored"))
        have->hostname.stored = arena_strdup(a, value);
    return 0;
}

static bool is(const char *have, const char *want)
{
    return have && !strcmp(have, want);
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    if (is(have->hostname.live, want->key) && is(have->hostname.stored, want->key))
        return;
    const char *old = is(have->hostname.live, want->key) ? have->hostname.stored
                                                         : have->hostname.live;
    plan_step(p, want, have, IMPACT_NONE, "set the hostname to %s (is %s)", want->key,
              old ? old : "unset");
}

static void apply(struct script *s, const struct step *step)
{
    script_add(s, "set_hostname");
    script_arg(s, step->want->key);
    script_add(s, "\n");
}

static const char undo[] =
    "pre_hostname() {\n"
    "  [ -z \"$adopt\" ] || { echo '?'; return 0; }\n"
    "  read -r a </proc/sys/kernel/hostname; b=-\n"
    "  if [ -r /etc/hostname ]; then read -r b </etc/hostname || :; keep_orig /etc/hostname; fi\n"
    "  echo \"$a $b\"\n"
    "}\n"
    "undo_hostname() {\n"
    "  o=/var/lib/clusterctl/orig/etc/hostname; set_hostname \"${3%% *}\"\n"
    "  if [ -e \"$o\" ]; then put_back \"$o\" /etc/hostname\n"
    "  elif [ \"${3#* }\" = - ]; then rm -f /etc/hostname; fi\n"
    "}\n";

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    sb_addf(words, "set the hostname back to %.*s", (int)strcspn(o->before, " "), o->before);
    return strcmp(o->before, "?") != 0;
}

const struct res_ops res_hostname_ops = {"hostname", functions, observe, parse, diff, apply,
    undo, NULL, gone};
