#include "cli/view.h"

#include <string.h>

#include "base/mem.h"

void view_init(struct run_view *v, const struct cluster *c)
{
    *v = (struct run_view){.n = c->n_hosts};
    v->hosts = xcalloc(c->n_hosts, sizeof *v->hosts);
    for (size_t i = 0; i < c->n_hosts; i++) {
        v->hosts[i].host = &c->hosts[i];
        size_t w = term_width(c->hosts[i].name);
        if (w > v->name_width)
            v->name_width = w;
    }
}

void view_free(struct run_view *v)
{
    xfree(v->hosts);
    *v = (struct run_view){0};
}

size_t view_count(const struct run_view *v, enum host_state first, enum host_state last)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++)
        n += v->hosts[i].state >= first && v->hosts[i].state <= last;
    return n;
}

static enum host_state state_after(enum event_type t)
{
    switch (t) {
    case EV_CONNECTING: return HOST_CONNECTING;
    case EV_LOST: return HOST_LOST;
    case EV_OBSERVING: return HOST_OBSERVING;
    case EV_PLANNED:
    case EV_STEP_DONE:
    case EV_STEP_FAILED: return HOST_PLANNED;
    case EV_LOCK_WAIT: return HOST_LOCKED;
    case EV_WAITING: return HOST_WAITING;
    case EV_STEP_START: return HOST_STEP;
    case EV_HOST_OK: return HOST_OK;
    case EV_HOST_FAILED: return HOST_FAILED;
    case EV_RUN_END: break;
    }
    return HOST_IDLE;
}

/* A wait is told as soon as it is known, which may be while an earlier step is still at work. */
static void take_wait(struct host_view *h, enum host_state before, const struct event *ev)
{
    if (ev->type == EV_WAITING && before == HOST_STEP) {
        h->next_wait = ev->text;
        h->state = HOST_STEP;
        return;
    }
    h->text = ev->text;
    if (ev->type == EV_STEP_DONE && h->next_wait) {
        h->state = HOST_WAITING;
        h->text = h->next_wait;
    }
    h->next_wait = NULL;
}

struct host_view *view_event(struct run_view *v, const struct event *ev)
{
    v->now_ms = ev->at_ms;
    if (!ev->host || ev->type == EV_RUN_END)
        return NULL;
    struct host_view *h = &v->hosts[ev->host->index_in_cluster];
    enum host_state before = h->state;
    h->state = state_after(ev->type);
    take_wait(h, before, ev);
    if (h->state != before || ev->type != EV_WAITING)
        h->since_ms = h->told_ms = ev->at_ms;
    h->err = ev->err;
    if (ev->type == EV_LOST)
        h->before = h->done;
    if (ev->plan) {
        h->n_steps = h->before + ev->plan->steps.n;
        h->impact = plan_impact(ev->plan);
    }
    if (ev->step && ev->type != EV_WAITING) {
        h->step = ev->step;
        h->step_no = h->before + ev->step_no;
        if (ev->n_steps)
            h->n_steps = h->before + ev->n_steps;
    }
    h->done += ev->type == EV_STEP_DONE;
    h->step_failed |= ev->type == EV_STEP_FAILED;
    return h;
}

void view_words(struct strbuf *out, const struct host_view *h)
{
    switch (h->state) {
    case HOST_IDLE: return;
    case HOST_CONNECTING: sb_add(out, "connecting"); return;
    case HOST_OBSERVING: sb_add(out, "looking at what is there"); return;
    case HOST_LOST: sb_add(out, "connecting again: "); break;
    case HOST_LOCKED: sb_add(out, "locked: "); break;
    case HOST_WAITING: sb_add(out, "waiting for "); break;
    case HOST_PLANNED:
        if (!h->step) {
            sb_addf(out, "%zu change%s to make", h->n_steps, h->n_steps == 1 ? "" : "s");
            return;
        }
        sb_foreign(out, h->step->summary, false); /* between two steps: the last one */
        return;
    case HOST_STEP: sb_foreign(out, h->step ? h->step->summary : "", false); return;
    case HOST_OK:
        if (h->done)
            sb_addf(out, "done: %zu change%s", h->done, h->done == 1 ? "" : "s");
        else
            sb_add(out, h->n_steps ? "done" : "no changes");
        return;
    case HOST_FAILED: sb_foreign(out, h->err ? h->err->msg : "failed", false); return;
    }
    sb_foreign(out, h->text ? h->text : "", false);
}

size_t plan_blocked(const struct plan *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->steps.n; i++)
        n += p->steps.v[i].blocked != NULL;
    return n;
}

void plan_words(struct strbuf *out, const struct plan *p)
{
    size_t blocked = plan_blocked(p), changes = p->steps.n - blocked;
    if (p->steps.n == 0) {
        sb_add(out, "no changes");
        return;
    }
    sb_addf(out, "%zu change%s", changes, changes == 1 ? "" : "s");
    if (blocked)
        sb_addf(out, ", %zu blocked", blocked);
    if (plan_impact(p) != IMPACT_NONE)
        sb_addf(out, ", impact %s", impact_name(plan_impact(p)));
}

/* `text` quoted, every line of it behind `indent` and `mark`. */
static void add_indented(struct strbuf *out, const char *indent, const char *mark, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        autofree char *line = xcalloc(len + 1, 1);
        memcpy(line, text, len);
        sb_addf(out, "%s%s", indent, mark);
        sb_foreign(out, line, false);
        sb_addc(out, '\n');
        text += len + (text[len] == '\n');
    }
}

void error_lines(struct strbuf *out, const struct style *st, const char *indent,
                 const struct err *err, const char *tail)
{
    autosb struct strbuf mark = {0};
    if (err && err->msg[0]) {
        sb_addf(&mark, "%serror:%s ", style_code(st, C_RED), style_code(st, C_RESET));
        add_indented(out, indent, sb_str(&mark), err->msg);
    }
    if (err && err->hint[0]) {
        sb_reset(&mark);
        sb_addf(&mark, "%shint:%s ", style_code(st, C_CYAN), style_code(st, C_RESET));
        add_indented(out, indent, sb_str(&mark), err->hint);
    }
    if (tail)
        add_indented(out, indent, "| ", tail);
}

void seconds(struct strbuf *out, int64_t ms)
{
    if (ms < 60000)
        sb_addf(out, "%lld.%llds", (long long)ms / 1000, (long long)ms % 1000 / 100);
    else
        sb_addf(out, "%lldm%02llds", (long long)ms / 60000, (long long)ms / 1000 % 60);
}
