#include <string.h>

#include "base/parse.h"
#include "engine/putfile.h"

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    putfile_stat(s, "file", list, n);
    for (size_t i = 0; i < n; i++)
        if (!list[i]->file.seed)
            putfile_content(s, list[i]);
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want;
    struct res_file *h = &have->file;
    if (!strcmp(field, "content"))
        return putfile_parse_content(a, value, &h->content, &h->len, e);
    struct file_stat st = {0};
    if (putfile_parse_stat(a, value, &st, e) < 0)
        return -1;
    h->exists = true;
    h->special = !st.regular;
    h->owner = st.owner;
    h->group = st.group;
    h->mode = st.mode;
    return 0;
}

static bool same_content(const struct res_file *w, const struct res_file *h)
{
    return h->content && h->len == w->len && !memcmp(h->content, w->content, w->len);
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_file *w = &want->file, *h = &have->file;
    if (h->exists && w->seed)
        return;
    if (h->special && strcmp(h->owner ? h->owner : "", "") != 0 && !h->content) {
        struct step *s = plan_step(p, want, have, IMPACT_NONE, "write %s", want->key);
        s->blocked = arena_printf(&p->arena, "%s is there, but is not a regular file", want->key);
        s->hint = "look at what put it there, and move it away";
        return;
    }
    bool content = h->exists && same_content(w, h);
    bool meta = h->exists && h->mode == w->mode && !strcmp(h->owner, w->owner) &&
                !strcmp(h->group, w->group);
    if (content && meta)
        return;
    struct step *s;
    if (content)
        s = plan_step(p, want, have, IMPACT_NONE, "set %s to %04o %s:%s (is %04o %s:%s)", want->key,
                      w->mode, w->owner, w->group, h->mode, h->owner, h->group);
    else
        s = plan_step(p, want, have, putfile_impact(want), "%s %s",
                      !h->exists ? (w->seed ? "seed" : "create") : "change", want->key);
    step_set_diff(p, s, want->key, h->exists ? (h->content ? h->content : "") : NULL, w->content);
}

static void apply(struct script *s, const struct step *step)
{
    const struct res_file *w = &step->want->file;
    script_add(s, "put_file");
    script_arg(s, step->want->key);
    putfile_mode(s, w->mode, w->owner, w->group);
    script_addf(s, " %d", w->backup);
    putfile_args(s, step->want, w->check, w->daemon_reload);
    putfile_heredoc(s, w->content, w->len);
}

static const char undo[] =
    "pre_file() {\n"
    "  if [ ! -e \"$1\" ]; then printf 'absent %s' \"$(first_missing \"$1\")\"\n"
    "  elif [ -n \"$adopt\" ]; then echo '?'\n"
    "  else keep_orig \"$1\"; echo existed; fi\n"
    "}\n"
    "undo_file() {\n"
    "  o=/var/lib/clusterctl/orig$1\n"
    "  case $2 in seed:*)\n"
    "    [ ! -e \"$1\" ] || [ \"$(base64 -w 0 \"$1\")\" = \"${2#seed:}\" ] || return 0 ;;\n"
    "  esac\n"
    "  if [ \"$3\" = existed ]; then put_back \"$o\" \"$1\"\n"
    "  elif [ -e \"$1.clusterctl-orig\" ] && ! is_ours \"$1.clusterctl-orig\"; then\n"
    "    put_back \"$1.clusterctl-orig\" \"$1\"\n"
    "  else rm -f \"$1\"; [ ! -d \"${1%/*}\" ] || sync \"${1%/*}\"; fi\n"
    "  case $3 in 'absent '*) prune \"${1%/*}\" \"${3#absent }\" ;; esac\n"
    "  case $1 in /etc/systemd/system/*) systemctl daemon-reload ;; esac\n"
    "  case $2 in seed:*) return 0 ;; */reload|*/restart) ;; *) return 0 ;; esac\n"
    "  if [ \"$4\" = 1 ]; then note_pending \"${2%/*}\" \"${2##*/}\"\n"
    "  elif systemctl is-active -q -- \"${2%/*}\"; then systemctl \"${2##*/}\" -- \"${2%/*}\"; fi\n"
    "}\n";

static void own_arg(struct strbuf *arg, const struct resource *want)
{
    const struct res_file *w = &want->file;
    if (w->seed) {
        sb_add(arg, "seed:");
        base64_encode(arg, w->content, w->len, 0);
    } else if (want->notify) {
        sb_addf(arg, "%s/%s", want->notify,
                want->notify_how == NOTIFY_RESTART ? "restart" : "reload");
    }
}

/* A seed is ours only as long as nobody has edited it. */
static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    bool seed = !strncmp(o->arg, "seed:", 5), back = !strcmp(o->before, "existed");
    if (!seed && strrchr(o->arg, '/'))
        *impact = IMPACT_RELOAD;
    sb_addf(words, "%s %s%s", back ? "restore" : "remove", o->key,
            seed ? ", when nobody has changed it" : "");
    return !(seed && back);
}

const struct res_ops res_file_ops = {"file", putfile_functions, observe, parse, diff, apply,
    undo, own_arg, gone};
