/*
 * SELinux out of the way: now by setenforce, and from the next boot on by /etc/selinux/config, of
 * which one word changes. A running kernel cannot be rid of it ("disabled" is permissive until the
 * boot), and since RHEL 9 a kernel takes that from its command line alone (Red Hat, "Using
 * SELinux", 2.5; selinux(8)).
 */
#include <string.h>

#include "engine/restype.h"

static const char functions[] =
    "ob_selinux() {\n" /* INDEX, 1: by the kernel's argument as well */
    "  if [ -r /sys/fs/selinux/enforce ]; then read -r l </sys/fs/selinux/enforce || :; r \"$1\" "
    "live \"$l\"; fi\n"
    "  [ ! -r /etc/selinux/config ] || r \"$1\" config \"$(se_config)\"\n"
    "  [ \"$2\" = 0 ] || ! command -v grubby >/dev/null || r \"$1\" arg \"$(se_arg)\"\n"
    "}\n"
    "se_config() { sed -n 's/^SELINUX=\\([a-z]*\\).*/\\1/p' /etc/selinux/config | head -n 1; }\n"
    /* 1: every kernel that can be booted has it */
    "se_arg() { grubby --info=ALL | awk '/^args=/ { n++; if (/[\" ]selinux=0[\" ]/) k++ }\n"
    "  END { print (n && n == k) + 0 }'; }\n"
    "se_put() {\n" /* MODE */
    "  f=/etc/selinux/config t=/etc/selinux/.config.clusterctl-tmp\n"
    "  rm -f \"$t\"; cp -p \"$f\" \"$t\"\n"
    "  awk -v m=\"$1\" '/^SELINUX=/ { sub(/^SELINUX=[a-z]*/, \"SELINUX=\" m); done = 1 } { print "
    "}\n"
    "    END { if (!done) print \"SELINUX=\" m }' \"$f\" >\"$t\"\n"
    "  sync \"$t\"; mv -f \"$t\" \"$f\"; sync /etc/selinux\n"
    "  ! command -v restorecon >/dev/null || restorecon \"$f\"\n"
    "}\n";

static const char *word(const struct resource *want)
{
    return want->selinux.mode == SELINUX_DISABLED ? "disabled" : "permissive";
}

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        script_addf(s, "ob_selinux %zu %d\n", list[i]->index, list[i]->selinux.by_argument);
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    struct res_selinux *h = &have->selinux;
    (void)want, (void)e;
    if (!strcmp(field, "live")) {
        h->live = true;
        h->enforcing = !strcmp(value, "1");
    } else if (!strcmp(field, "config")) {
        h->config = arena_strdup(a, value);
    } else if (!strcmp(field, "arg")) {
        h->can_argue = true;
        h->by_argument = !strcmp(value, "1");
    }
    return 0;
}

/* A host that is laxer than it need be stays so: to turn SELinux on again takes new labels. */
static bool configured(const struct res_selinux *w, const struct res_selinux *h)
{
    if (!h->config || !strcmp(h->config, "disabled"))
        return true;
    return w->mode == SELINUX_PERMISSIVE && !strcmp(h->config, "permissive");
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_selinux *w = &want->selinux, *h = &have->selinux;
    bool argue = w->by_argument && h->can_argue && !h->by_argument && h->live;
    if (!h->enforcing && configured(w, h) && !argue)
        return;
    if (w->mode == SELINUX_PERMISSIVE)
        plan_step(p, want, have, IMPACT_NONE, "put SELinux to permissive, now and at boot");
    else
        plan_step(p, want, have, IMPACT_NONE, "disable SELinux from the next boot on%s%s",
                  w->by_argument && h->can_argue ? " (by the kernel's argument selinux=0)" : "",
                  h->live ? "; permissive until then" : "");
}

static void apply(struct script *s, const struct step *step)
{
    const struct res_selinux *w = &step->want->selinux, *h = &step->have->selinux;
    if (w->by_argument && h->can_argue && !h->by_argument && h->live)
        script_add(s, "grubby --update-kernel ALL --args selinux=0\n");
    if (!configured(w, h))
        script_addf(s, "se_put %s\n", word(step->want));
    if (h->enforcing)
        script_add(s, "setenforce 0\n");
}

/*
 * BEFORE is "LIVE CONFIG ARG", "-" for what was not there. Where SELinux has been off since, files
 * were made without a label: all get theirs at the next boot, as Red Hat says.
 */
static const char undo[] =
    "pre_selinux() {\n"
    "  [ -z \"$adopt\" ] || { echo '?'; return 0; }\n"
    "  l=-; [ ! -r /sys/fs/selinux/enforce ] || read -r l </sys/fs/selinux/enforce || :\n"
    "  c=; [ ! -r /etc/selinux/config ] || c=$(se_config)\n"
    "  a=-; ! command -v grubby >/dev/null || a=$(se_arg)\n"
    "  echo \"${l:--} ${c:--} $a\"\n"
    "}\n"
    "undo_selinux() {\n" /* KEY - "LIVE CONFIG ARG" */
    "  [ \"$3\" != '?' ] || return 0\n"
    "  set -- $3\n"
    "  [ \"$3\" != 0 ] || ! grubby --info=ALL | grep -q 'selinux=0' ||\n"
    "    grubby --update-kernel ALL --remove-args selinux=0\n"
    "  [ \"$2\" = - ] || [ ! -e /etc/selinux/config ] || [ \"$(se_config)\" = \"$2\" ] || se_put "
    "\"$2\"\n"
    "  if [ -e /sys/fs/selinux/enforce ]; then [ \"$1\" != 1 ] || setenforce 1\n"
    "  elif [ \"$1\" != - ]; then printf '%s\\n' -F >/.autorelabel; fi\n"
    "}\n";

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    if (!strcmp(o->before, "?") || !strncmp(o->before, "- - ", 4))
        return false;
    sb_addf(words, "put SELinux back as it was%s",
            o->before[0] == '1' ? " (enforcing; where it is off, from the next boot on)" : "");
    return true;
}

bool selinux_wants_boot(const struct resource *want, const struct resource *have)
{
    return !want->gone && want->selinux.mode == SELINUX_DISABLED && have->selinux.live;
}

const struct res_ops res_selinux_ops = {"selinux", functions, observe, parse, diff,
                                        apply,     undo,      NULL,    gone};
