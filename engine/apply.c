/*
 * Applying a plan: one exec, one streamed script. The text of a step is sent as soon as what it
 * needs of other hosts has happened; the host works through what it has and reports each step, with
 * a fresh observation that must show nothing left to do.
 */
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/trace.h"
#include "engine/apply_state.h"
#include "engine/guard.h"
#include "engine/lock.h"
#include "engine/paths.h"
#include "engine/record.h"
#include "engine/restype.h"

enum { HOST_FIRST_MS = 500 };

static const char functions[] =
    "step_failed() {\n" /* NUMBER STATUS */
    "  printf '@%s out ' \"$N\"; " OUTPUT_TAIL_SH "; echo\n"
    "  " OUTPUT_EMPTY_SH
    "  m failed \"$1\" \"$2\"; m end; exit 0\n"
    "}\n";

static void add_step(struct apply *a, struct script *s, size_t i)
{
    const struct step *step = &a->hr->plan.steps.v[i];
    size_t n = i + 1;
    /* One brace group: a shell runs it only when all of it has arrived. */
    unsigned guard = a->w->options->confirm_s;
    script_addf(s, "{ at_step %zu %u; m start %zu\n", n, a->w->options->step_timeout_s, n);
    lock_work_begin(s);
    if (guard)
        guard_before(s, step, guard);
    plan_apply(s, step);
    lock_work_end(s, OUTPUT_FILE);
    script_addf(s, "[ $rc = 0 ] || step_failed %zu $rc\n", n);
    if (guard) {
        guard_after(s);
        a->unconfirmed |= guard_is_risky(step);
    }
    record_step(s, a->w->options->record, step);
    observe_one(s, step->want);
    script_addf(s, "at_step 0 0; m done %zu\n} </dev/null\n", n);
}

static void add_setup(struct apply *a, struct script *s)
{
    script_prelude(s);
    observe_functions(s, &a->hr->catalog);
    owned_functions(s, &a->hr->plan);
    script_add(s, functions);
    lock_functions(s);
    lock_take(s, a->w->options->lock_wait_s, a->w->owner);
    lock_unless_worked(s, a->hr->facts.holder);
    lock_watch_steps(s, a->w->owner);
    guard_setup(s, a->w->options->confirm_s);
    size_t n = a->hr->plan.steps.n, owed = a->hr->owed;
    record_begin(s, a->w->options->record, a->hr->host, n > owed ? n - owed : 0);
}

static int64_t step_deadline(const struct apply *a)
{
    return a->progress_at + (int64_t)a->w->options->step_timeout_s * 1000 +
           (a->running ? 0 : (int64_t)a->w->options->lock_wait_s * 1000);
}

/* Let output come in until something has changed. 1: the script has ended. */
static int wait_change(struct apply *a, struct remote *r, int64_t deadline, struct err *e)
{
    eventfd_t ignored;
    int rc = remote_wait(r, a->wake_fd, deadline, e);
    (void)eventfd_read(a->wake_fd, &ignored);
    return rc;
}

/* The first need that is not met; *lost when it never will be, for the reason *why. */
static const struct need *open_need(struct apply *a, const struct resource *want, bool *lost,
                                    enum err_code *why)
{
    *lost = false;
    for (size_t i = 0; i < want->n_needs; i++) {
        const struct need *n = &want->needs[i];
        enum milestone_state st = board_state(a->w->board, n->host, n->milestone, why);
        if (st == MILESTONE_REACHED || (st == MILESTONE_LOST && n->soft))
            continue;
        *lost = st == MILESTONE_LOST;
        return n;
    }
    return NULL;
}

/*
 * The host ends whoever holds its lock and says nothing, but no step at work: see lock.h. During one
 * nothing is sent: a connection that the step has cut would be found dead only so much later.
 */
static int beat(struct apply *a, struct remote *r, struct script *s, struct err *e)
{
    if (a->running || clock_ms() - a->beat_at < LOCK_BEAT_S * 1000)
        return 0;
    a->beat_at = clock_ms();
    lock_at_step(s, 0, 0);
    return remote_send(r, s, step_deadline(a), e);
}

/* Hold step i back until its needs are met. 1: the script ended meanwhile (a step failed). */
static int wait_needs(struct apply *a, struct remote *r, struct script *s, size_t i, struct err *e)
{
    const struct step *step = &a->hr->plan.steps.v[i];
    const struct need *told = NULL;
    for (;;) {
        bool lost;
        enum err_code why;
        const struct need *n = open_need(a, step->want, &lost, &why);
        if (!n || a->failed)
            return 0;
        if (lost) {
            /* Nothing is wrong here: the failure is the other host's, and so is its kind. */
            err_set(a->err, why == ERR_NONE ? ERR_FAILED : why,
                    "%s: not done, it needs '%s' of %s, which did not get there", step->summary,
                    n->milestone, n->host->name);
            err_hint(a->err, "solve what stopped %s, then run the same command again",
                     n->host->name);
            a->failed = true;
            return 0;
        }
        if (n != told && a->hr->done == i) {
            autosb struct strbuf text = {0};
            sb_addf(&text, "%s on %s", n->milestone, n->host->name);
            a->w->emit(a->w, (struct event){.type = EV_WAITING,
                                            .plan = &a->hr->plan,
                                            .step = step,
                                            .step_no = i + 1,
                                            .n_steps = a->hr->plan.steps.n,
                                            .text = a->w->keep(a->w, sb_str(&text), text.len)});
            told = n;
        }
        /* Other hosts' steps have limits of their own; while ours are at work, ours counts. */
        int rc = wait_change(a, r, a->running ? step_deadline(a) : DEADLINE_NEVER, e);
        if (rc != 0)
            return rc;
        if (beat(a, r, s, e) < 0)
            return -1;
    }
}

/*
 * Confirm what was sent so far over a new connection, once the host has done it: before anything that
 * takes long, since the host does not wait. 1: the script ended meanwhile.
 */
static int confirm(struct apply *a, struct remote *r, struct script *s, size_t sent, struct err *e)
{
    const struct run_options *o = a->w->options;
    if (remote_send(r, s, step_deadline(a), e) < 0)
        return -1;
    while (a->hr->done < sent && !a->failed) {
        int rc = wait_change(a, r, step_deadline(a), e);
        if (rc != 0)
            return rc;
    }
    if (guard_confirm(a->hr->host, o->cancel, o->confirm_s, e) < 0)
        return -1;
    a->unconfirmed = false;
    guard_confirmed(s);
    return 0;
}

/* Send everything, step by step; returns -1 on a transport error, not on a failed step. */
static int send_steps(struct apply *a, struct remote *r, struct script *s, struct err *e)
{
    const struct plan *p = &a->hr->plan;
    for (size_t i = 0; i < p->steps.n; i++) {
        bool lost, waits = open_need(a, p->steps.v[i].want, &lost, NULL);
        if (a->unconfirmed && (waits || p->steps.v[i].want->type == RES_PACKAGES)) {
            int rc = confirm(a, r, s, i, e);
            if (rc < 0)
                return -1;
            if (rc > 0 || a->failed)
                break;
        }
        if (waits) {
            if (remote_send(r, s, step_deadline(a), e) < 0)
                return -1;
            int rc = wait_needs(a, r, s, i, e);
            if (rc < 0)
                return -1;
            if (rc > 0 || a->failed)
                break;
        }
        add_step(a, s, i);
    }
    if (a->unconfirmed && confirm(a, r, s, p->steps.n, e) < 0)
        return -1;
    script_add(s, OUTPUT_EMPTY_SH);
    script_end(s);
    script_add(s, "exit 0\n");
    a->progress_at = clock_ms();
    if (remote_send(r, s, step_deadline(a), e) < 0)
        return -1;
    int rc;
    while ((rc = wait_change(a, r, step_deadline(a), e)) == 0)
        ;
    return rc < 0 ? -1 : remote_finish(r, step_deadline(a), e);
}

static int check_blocked(const struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->steps.n; i++) {
        const struct step *s = &p->steps.v[i];
        if (!s->blocked)
            continue;
        err_set(e, ERR_FAILED, "%s: %s; nothing was changed on this host", s->summary, s->blocked);
        return s->hint ? err_hint(e, "%s", s->hint) : -1;
    }
    return 0;
}

/*
 * Has the step at work failed the run, for no other reason than that it takes too long? The host ends it too,
 * and by a clock that began when it did: we hear of that by its shell's end, and perhaps before our time is over.
 */
static bool is_late(const struct apply *a, int rc, const struct err *e)
{
    return rc < 0 && !a->failed && a->running && e->code != ERR_INTERRUPTED &&
           clock_ms() >= step_deadline(a) - HOST_FIRST_MS;
}

/* What the run's end means: the failed step explains more than the broken pipe that followed it. */
static int judge(struct apply *a, int rc, struct err *e)
{
    if (a->failed) {
        *e = *a->err;
        return -1;
    }
    if (rc < 0) {
        if (a->running)
            err_wrap(e, "during step %zu of %zu (%s)", a->running, a->hr->plan.steps.n,
                     a->hr->plan.steps.v[a->running - 1].summary);
        if (e->code == ERR_FAILED && !*e->hint && !a->running)
            err_hint(e, "if this run stood still for a minute, another one took its place: see "
                        "`clusterctl history`");
        if (e->code == ERR_UNREACHABLE && a->hr->done < a->hr->plan.steps.n &&
            a->hr->plan.steps.v[a->hr->done].hint)
            err_hint(e, "%s", a->hr->plan.steps.v[a->hr->done].hint);
        return -1;
    }
    if (a->hr->done != a->hr->plan.steps.n)
        return err_set(e, ERR_PROTOCOL, "the host ended after %zu of %zu steps", a->hr->done,
                       a->hr->plan.steps.n);
    return 0;
}

int worker_apply(struct worker *w, struct err *e)
{
    struct apply a = {.w = w, .hr = w->hr, .err = &w->hr->step_err, .progress_at = clock_ms()};
    struct script s;
    struct remote r;
    if (check_blocked(&w->hr->plan, e) < 0)
        return -1;
    apply_post_milestones(&a);
    if (!w->hr->plan.steps.n)
        return 0;
    if (script_init(&s, e) < 0)
        return -1;
    a.wake_fd = board_subscribe(w->board);
    if (a.wake_fd < 0) {
        script_free(&s);
        return err_errno(e, "eventfd");
    }
    TRACE(w->hr->host->name, "apply");
    observation_init(&a.now, &w->hr->catalog);
    add_setup(&a, &s);
    int rc = remote_open(&r, *w->ssh, &s, &(struct remote_handler){apply_hear, &a}, e);
    if (rc == 0) {
        rc = send_steps(&a, &r, &s, e);
        bool late = is_late(&a, rc, e);
        if (late)
            err_set(e, ERR_FAILED, "it did not end within its time limit of %u s", w->options->step_timeout_s);
        rc = judge(&a, rc, e);
        remote_close(&r);
        if (late) {
            apply_end_late(&a, e);
            *e = *a.err;
        }
    }
    board_unsubscribe(w->board, a.wake_fd);
    observation_free(&a.now);
    script_free(&s);
    return rc;
}
