/* Progress where lines cannot be redrawn: one line when something has happened. */
#include <stdlib.h>

#include "cli/render.h"
#include "cli/signals.h"
#include "cli/view.h"

/* A step that takes long says so, then again now and then, so that a log shows life. */
enum { SLOW_MS = 10 * 1000, SLOW_AGAIN_MS = 60 * 1000 };

struct plain {
    struct renderer r;
    struct render_options o;
    struct run_view view;
};

static void begin_line(const struct plain *p, struct strbuf *sb, const struct host_view *h)
{
    sb_addf(sb, "[%5lld.%llds] ", (long long)p->view.now_ms / 1000,
            (long long)p->view.now_ms % 1000 / 100);
    sb_foreign(sb, h->host->name, false);
    sb_addf(sb, "%*s  ", (int)(p->view.name_width - term_width(h->host->name)), "");
}

static void begin_step(const struct plain *p, struct strbuf *sb, const struct host_view *h)
{
    begin_line(p, sb, h);
    sb_addf(sb, "%3zu/%-3zu  ", h->step_no, h->n_steps);
    sb_foreign(sb, h->step->summary, false);
    sb_add(sb, " ... ");
}

static void step_ended(const struct plain *p, struct strbuf *sb, const struct host_view *h,
                       const struct event *ev)
{
    bool ok = ev->type == EV_STEP_DONE;
    const struct style *st = &p->o.style;
    begin_step(p, sb, h);
    sb_addf(sb, "%s%s%s (", style_code(st, ok ? C_GREEN : C_RED), ok ? "ok" : "FAILED",
            style_code(st, C_RESET));
    seconds(sb, ev->elapsed_ms);
    sb_add(sb, ")\n");
    if (!ok)
        error_lines(sb, st, "           ", ev->err, ev->text);
}

static void host_failed(const struct plain *p, struct strbuf *sb, const struct host_view *h)
{
    const struct style *st = &p->o.style;
    bool interrupted = h->err && h->err->code == ERR_INTERRUPTED;
    begin_line(p, sb, h);
    sb_addf(sb, "%s%s%s", style_code(st, C_RED),
            interrupted      ? "interrupted"
            : h->step_failed ? "stopped"
                             : "failed",
            style_code(st, C_RESET));
    if (h->n_steps)
        sb_addf(sb, ": %zu of %zu changes done", h->done, h->n_steps);
    sb_addc(sb, '\n');
    if (!h->step_failed && !interrupted)
        error_lines(sb, st, "           ", h->err, NULL);
}

static void plain_event(void *ud, const struct event *ev)
{
    struct plain *p = ud;
    struct host_view *h = view_event(&p->view, ev);
    autosb struct strbuf sb = {0};
    bool all = p->o.pass == PASS_APPLY && !p->o.quiet;
    if (!h)
        return;
    switch (ev->type) {
    case EV_STEP_FAILED: step_ended(p, &sb, h, ev); break;
    case EV_HOST_FAILED:
        if (p->o.pass != PASS_PLAN) /* a plan tells it itself */
            host_failed(p, &sb, h);
        break;
    case EV_STEP_DONE:
        if (all)
            step_ended(p, &sb, h, ev);
        break;
    case EV_PLANNED:
        if (all && ev->plan && ev->plan->steps.n) {
            begin_line(p, &sb, h);
            plan_words(&sb, ev->plan);
            sb_addc(&sb, '\n');
        }
        break;
    case EV_WAITING:
        if (all) {
            begin_line(p, &sb, h);
            sb_addf(&sb, "%3zu/%-3zu  waiting for ", ev->step_no, ev->n_steps);
            sb_foreign(&sb, ev->text ? ev->text : "", false);
            sb_addc(&sb, '\n');
        }
        break;
    case EV_LOST:
    case EV_LOCK_WAIT:
    case EV_HOST_OK:
        if (all) {
            begin_line(p, &sb, h);
            view_words(&sb, h);
            sb_addc(&sb, '\n');
        }
        break;
    case EV_CONNECTING:
    case EV_OBSERVING:
    case EV_STEP_START:
    case EV_RUN_END: break;
    }
    fputs(sb_str(&sb), p->o.out);
    fflush(p->o.out);
}

static void plain_tick(void *ud, int64_t at_ms)
{
    struct plain *p = ud;
    autosb struct strbuf sb = {0};
    p->view.now_ms = at_ms;
    for (size_t i = 0; p->o.pass == PASS_APPLY && !p->o.quiet && i < p->view.n; i++) {
        struct host_view *h = &p->view.hosts[i];
        int64_t wait = h->told_ms == h->since_ms ? SLOW_MS : SLOW_AGAIN_MS;
        if (h->state != HOST_STEP || at_ms - h->told_ms < wait)
            continue;
        h->told_ms = at_ms;
        begin_step(p, &sb, h);
        sb_add(&sb, "still at it (");
        seconds(&sb, at_ms - h->since_ms);
        sb_add(&sb, ")\n");
    }
    fputs(sb_str(&sb), p->o.out);
    fflush(p->o.out);
}

static void plain_free(struct renderer *r)
{
    struct plain *p = r->sink.ud;
    view_free(&p->view);
    xfree(p);
}

struct renderer *render_plain_new(const struct render_options *o)
{
    struct plain *p = xcalloc(1, sizeof *p);
    p->o = *o;
    view_init(&p->view, o->cluster);
    p->r = (struct renderer){{plain_event, plain_tick, p}, plain_free};
    return &p->r;
}
