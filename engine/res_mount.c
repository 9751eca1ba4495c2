#include <string.h>

#include "base/parse.h"
#include "engine/paths.h"
#include "engine/restype.h"

/* A stat that does not return within 5 s is a server that does not answer (hard mounts wait). */
static const char functions[] =
    "ob_mount() {\n"
    "  while IFS= read -r l; do\n"
    "    case $l in *\" $2 \"*) r \"$1\" line \"$l\" ;; esac\n"
    "  done </proc/self/mountinfo\n"
    "}\n"
    "ob_stale() {\n"
    "  while read -r _ _ _ _ p _; do\n"
    "    [ \"$p\" = \"$2\" ] || continue\n"
    "    timeout -s KILL 5 " STAT_SHARE_SH " \"$2\" >/dev/null 2>&1 || r \"$1\" stale 1\n"
    "    return 0\n"
    "  done </proc/self/mountinfo\n"
    "}\n"
    "mount_now() {\n"
    "  case $2 in\n"
    "  stale) umount -l \"$1\" ;;\n"
    "  other) umount \"$1\" ;;\n"
    "  esac\n"
    /* "nofail" makes a success of it whatever came of it. */
    "  timeout -s KILL 90 mount \"$1\" && mountpoint -q \"$1\"\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        static const char *const calls[] = {"ob_mount", "ob_stale"};
        for (size_t k = 0; k < ARRAY_LEN(calls); k++) {
            script_addf(s, "%s %zu", calls[k], list[i]->index);
            script_arg(s, list[i]->key);
            script_add(s, "\n");
        }
    }
}

/* proc(5): "36 35 98:0 /root /mountpoint rw,noatime master:1 - fstype source superoptions" */
static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)e;
    if (!strcmp(field, "stale")) {
        have->mount.stale = true;
        return 0;
    }
    char *word = NULL;
    for (int i = 0; i < 5; i++)
        word = parse_word(&value);
    if (!word || strcmp(word, want->key) != 0)
        return 0;
    while ((word = parse_word(&value)) && strcmp(word, "-") != 0)
        ;
    const char *fstype = parse_word(&value), *source = parse_word(&value);
    if (fstype && source) { /* the last line wins: it is on top */
        have->mount.fstype = arena_strdup(a, fstype);
        have->mount.source = arena_strdup(a, source);
        have->mount.options = arena_strdup(a, value);
    }
    return 0;
}

enum { MOUNT_PLAIN, MOUNT_OTHER, MOUNT_STALE };

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_mount *w = &want->mount, *h = &have->mount;
    struct step *s = NULL;
    if (!h->source)
        s = plan_step(p, want, have, IMPACT_NONE, "mount %s on %s", w->source, want->key);
    else if (strncmp(h->fstype, w->fstype, strlen(w->fstype)) != 0 ||
             strcmp(h->source, w->source) != 0) {
        s = plan_step(p, want, have, IMPACT_RESTART, "mount %s on %s instead of %s (%s)", w->source,
                      want->key, h->source, h->fstype);
        s->todo = MOUNT_OTHER;
    } else if (h->stale) {
        s = plan_step(p, want, have, IMPACT_RESTART, "mount %s on %s again: it does not answer",
                      w->source, want->key);
        s->todo = MOUNT_STALE;
    }
}

static void apply(struct script *s, const struct step *step)
{
    static const char *const how[] = {"plain", "other", "stale"};
    script_add(s, "mount_now");
    script_arg(s, step->want->key);
    script_arg(s, how[step->todo]);
    script_add(s, "\n");
}

static const char undo[] =
    "mounted_from() {\n"
    "  awk -v p=\"$1\" '$5 == p { for (i = 6; i < NF && $i != \"-\"; i++) ; s = $(i + 2) } END { print s }' \\\n"
    "    /proc/self/mountinfo\n"
    "}\n"
    "pre_mount() {\n"
    "  s=$(mounted_from \"$1\")\n"
    "  if [ -z \"$adopt\" ] && [ -n \"$s\" ]; then echo \"mounted $s\"; else echo absent; fi\n"
    "}\n"
    "undo_mount() {\n"
    "  n=0\n"
    "  while [ \"$(mounted_from \"$1\")\" = \"$2\" ] && [ \"$n\" -lt 3 ]; do\n"
    "    timeout -s KILL 20 umount \"$1\" || umount -l \"$1\"; n=$((n + 1)); done\n"
    "  [ \"$(mounted_from \"$1\")\" != \"$2\" ]\n"
    "}\n";

static void own_arg(struct strbuf *arg, const struct resource *want)
{
    sb_add(arg, want->mount.source);
}

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    *impact = IMPACT_RESTART;
    sb_addf(words, "unmount %s", o->key);
    return !strcmp(o->before, "absent");
}

const struct res_ops res_mount_ops = {"mount", functions, observe, parse, diff, apply,
    undo, own_arg, gone};
