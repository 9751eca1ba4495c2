/* What a host says while it carries out a plan. */
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/quote.h"
#include "base/trace.h"
#include "engine/apply_state.h"
#include "engine/restype.h"

static const char *keep_quoted(struct worker *w, const char *text, size_t n, bool multiline)
{
    autosb struct strbuf sb = {0};
    quote_terminal(&sb, text, n, multiline);
    return w->keep(w, sb_str(&sb), sb.len);
}

static void emit_step(struct apply *a, enum event_type type, const char *text)
{
    size_t n = a->running;
    a->w->emit(a->w, (struct event){.type = type,
                                    .plan = &a->hr->plan,
                                    .step = &a->hr->plan.steps.v[n - 1],
                                    .step_no = n,
                                    .n_steps = a->hr->plan.steps.n,
                                    .elapsed_ms = (clock_us() - a->began_us) / 1000,
                                    .text = text,
                                    .err = type == EV_STEP_FAILED ? a->err : NULL});
}

/* Post the milestones of every resource before the first step that is not done. */
void apply_post_milestones(struct apply *a)
{
    const struct plan *p = &a->hr->plan;
    const struct catalog *c = &a->hr->catalog;
    size_t end = a->hr->done < p->steps.n ? p->steps.v[a->hr->done].want->index : c->list.n;
    for (; a->posted < end; a->posted++)
        if (c->list.v[a->posted]->provides)
            board_post(a->w->board, a->hr->host, c->list.v[a->posted]->provides);
}

void apply_fail_step(struct apply *a, const char *output)
{
    a->failed = a->over = true;
    a->hr->states[a->running - 1] = STEP_FAILED;
    emit_step(a, EV_STEP_FAILED, output);
}

static int step_started(struct apply *a, size_t n)
{
    a->running = n;
    a->began_us = clock_us();
    observation_clear(&a->now, a->hr->plan.steps.v[n - 1].want->index);
    emit_step(a, EV_STEP_START, NULL);
    return 0;
}

/* The step's own commands went well; believe it only if looking again finds nothing to do. */
static int step_finished(struct apply *a, struct err *e)
{
    const struct step *step = &a->hr->plan.steps.v[a->running - 1];
    const struct resource *want = step->want;
    struct plan left = {.catalog = &a->hr->catalog};
    plan_diff(&left, want, &a->now.have[want->index]);
    trace_since(a->began_us, a->hr->host->name, step->summary);
    bool done = left.steps.n == 0;
    if (!done) {
        err_set(a->err, ERR_FAILED, "%s: it ran, but there is still to do: %s",
                step->summary, left.steps.v[0].summary);
        /* A change of the network may have been taken back before we could look. */
        if (step->hint)
            err_hint(a->err, "%s", step->hint);
        else
            err_hint(a->err, "something on the host undoes it; look at %s there", want->key);
    }
    plan_free(&left);
    if (!done) {
        apply_fail_step(a, NULL);
        *e = *a->err;
        return -1;
    }
    a->hr->states[a->running - 1] = STEP_DONE;
    a->hr->done++;
    emit_step(a, EV_STEP_DONE, NULL);
    a->running = 0;
    apply_post_milestones(a);
    return 0;
}

static int step_number(struct apply *a, char *rest, size_t *n, struct err *e)
{
    uint64_t v;
    const char *word = parse_word(&rest);
    if (!word || !parse_u64(word, 1, a->hr->plan.steps.n, &v))
        return err_set(e, ERR_PROTOCOL, "the host reports on a step that it was not given");
    *n = (size_t)v;
    return 0;
}

static void step_failed(struct apply *a, char *rest)
{
    const char *number = parse_word(&rest), *status = parse_word(&rest);
    (void)number;
    err_set(a->err, ERR_FAILED, "%s: failed with status %s",
            a->hr->plan.steps.v[a->running - 1].summary, status ? status : "?");
    apply_fail_step(a, a->output);
}

const char *apply_decode_output(struct apply *a, const char *b64)
{
    struct arena tmp = {0};
    const char *text = NULL;
    size_t n = strlen(b64);
    unsigned char *buf = arena_alloc(&tmp, n / 4 * 3 + 1);
    long len = base64_decode(b64, n, buf);
    if (len > 0) {
        autosb struct strbuf shown = {0}; /* a checker may show the line that it does not like */
        catalog_mask(&a->hr->catalog, &shown, (const char *)buf, (size_t)len);
        text = keep_quoted(a->w, sb_str(&shown), shown.len, true);
    }
    arena_free(&tmp);
    return text;
}

/* To the run that a->err tells of. */
static int give_way(struct apply *a)
{
    err_hint(a->err, "wait for that run to end, then run the same command again");
    a->failed = a->over = true;
    return 0;
}

int apply_hear(void *ud, char *kind, char *rest, struct err *e)
{
    struct apply *a = ud;
    size_t n = 0;
    a->progress_at = clock_ms();
    (void)eventfd_write(a->wake_fd, 1);
    if (a->over) /* its error is being shown by another thread by now */
        return err_set(e, ERR_PROTOCOL, "the host goes on after what it failed at");
    if (!strcmp(kind, "r"))
        return observe_record(&a->now, rest, e);
    if (!strcmp(kind, "out")) {
        a->output = apply_decode_output(a, rest);
        return 0;
    }
    if (!strcmp(kind, "start")) {
        if (step_number(a, rest, &n, e) < 0)
            return -1;
        if (a->running || n != a->hr->done + 1)
            return err_set(e, ERR_PROTOCOL, "the host reports step %zu out of order", n);
        return step_started(a, n);
    }
    if (!strcmp(kind, "locked")) {
        a->w->emit(a->w, (struct event){.type = EV_LOCK_WAIT,
                                        .text = keep_quoted(a->w, rest, strlen(rest), false)});
        return 0;
    }
    if (!strcmp(kind, "busy")) {
        autosb struct strbuf who = {0};
        quote_terminal(&who, rest, strlen(rest), false);
        err_set(a->err, ERR_LOCKED, "locked by %s", who.len ? sb_str(&who) : "another run");
        return give_way(a);
    }
    if (!strcmp(kind, "mine"))
        return 0;
    if (!strcmp(kind, "stale") && !a->running && !a->hr->done) {
        err_set(a->err, ERR_LOCKED, "another run has changed the host since it was looked at");
        a->hr->stale = true;
        return give_way(a);
    }
    if (!a->running)
        return err_set(e, ERR_PROTOCOL, "the host reports '%s' while no step is at work", kind);
    if (!strcmp(kind, "done"))
        return step_finished(a, e);
    if (!strcmp(kind, "failed")) {
        step_failed(a, rest);
        return 0;
    }
    return err_set(e, ERR_PROTOCOL, "the host said something unknown: '%s'", kind);
}
