#include <string.h>

#include "engine/putfile.h"

/*
 * A mount point is only looked up in the mount table when something is mounted there: stat(1) on a
 * dead NFS server's mount does not return.
 */
static const char functions[] =
    "ob_mountpoint() {\n"
    "  while read -r _ _ _ _ p _; do\n"
    "    [ \"$p\" = \"$2\" ] && { r \"$1\" present 1; return 0; }\n"
    "  done </proc/self/mountinfo\n"
    "  [ -d \"$2\" ] && r \"$1\" present 1\n"
    "  :\n"
    "}\n"
    "make_dir() {\n"
    "  (umask 022; mkdir -p \"$1\")\n"
    "  chown \"$3\" \"$1\"; chmod \"$2\" \"$1\"\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!list[i]->dir.any) {
            putfile_stat(s, "dir", &list[i], 1);
            continue;
        }
        script_addf(s, "ob_mountpoint %zu", list[i]->index);
        script_arg(s, list[i]->key);
        script_add(s, "\n");
    }
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want;
    struct file_stat st = {0};
    if (!strcmp(field, "present")) {
        have->dir.exists = true;
        return 0;
    }
    if (putfile_parse_stat(a, value, &st, e) < 0)
        return -1;
    have->dir = (struct res_dir){
        .exists = st.directory, .owner = st.owner, .group = st.group, .mode = st.mode};
    return 0;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_dir *w = &want->dir, *h = &have->dir;
    if (!h->exists) {
        plan_step(p, want, have, IMPACT_NONE, "create directory %s (%04o %s:%s)", want->key, w->mode,
                  w->owner, w->group);
        return;
    }
    if (w->any || (h->mode == w->mode && !strcmp(h->owner, w->owner) && !strcmp(h->group, w->group)))
        return;
    plan_step(p, want, have, IMPACT_NONE, "set %s to %04o %s:%s (is %04o %s:%s)", want->key, w->mode,
              w->owner, w->group, h->mode, h->owner, h->group);
}

static void apply(struct script *s, const struct step *step)
{
    const struct res_dir *w = &step->want->dir;
    script_add(s, "make_dir");
    script_arg(s, step->want->key);
    putfile_mode(s, w->mode, w->owner, w->group);
    script_add(s, "\n");
}

static const char undo[] =
    "pre_dir() {\n"
    "  if [ -n \"$adopt\" ]; then echo '?'\n"
    "  elif [ -d \"$1\" ]; then stat -c 'existed %a %U:%G' -- \"$1\"\n"
    "  else printf 'absent %s' \"$(first_missing \"$1/.\")\"; fi\n"
    "}\n"
    "undo_dir() {\n"
    "  case $3 in\n"
    "  'existed '*) set -- \"$1\" ${3#existed }\n"
    "    [ ! -d \"$1\" ] || { chown \"$3\" \"$1\"; chmod \"$2\" \"$1\"; } ;;\n"
    "  'absent '*) prune \"$1\" \"${3#absent }\" ;;\n"
    "  *) prune \"$1\" \"$1\" ;;\n"
    "  esac\n"
    "}\n";

static void own_arg(struct strbuf *arg, const struct resource *want)
{
    if (want->dir.any)
        sb_add(arg, "any");
}

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    if (strncmp(o->before, "existed ", 8) != 0)
        sb_addf(words, "remove directory %s, when it is empty", o->key);
    else
        sb_addf(words, "set %s back to %s", o->key, o->before + 8);
    return strncmp(o->before, "existed ", 8) != 0 || strcmp(o->arg, "any") != 0;
}

const struct res_ops res_dir_ops = {"dir", functions, observe, parse, diff, apply,
    undo, own_arg, gone};
