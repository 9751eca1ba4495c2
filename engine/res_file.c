#include <string.h>

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
    script_addf(s, " %04o %s:%s %d", w->mode, w->owner, w->group, w->backup);
    putfile_args(s, step->want, w->check, w->daemon_reload);
    putfile_heredoc(s, w->content, w->len);
}

const struct res_ops res_file_ops = {"file", putfile_functions, observe, parse, diff, apply};
