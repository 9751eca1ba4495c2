#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "failover/predict.h"
#include "failover/tester.h"
#include "verify/verify.h"

enum {
    BASELINE_MS = 2000, /* of load without a loss before the fault */
    BASELINE_LIMIT_MS = 30 * 1000,
    TAIL_MS = 1000,          /* of load without a loss, before all counts as well */
    PREPARED_MS = 2000,      /* after a preparing fault: its own losses are over */
    LOOK_MS = 300,           /* between two looks at everybody's health */
    RECOVER_MS = 120 * 1000, /* an article's check takes 15 s and more to find a server again */
    UNDO_MS = 60 * 1000,
    SETTLE_MS = 20 * 1000,
};

/* What one trial has under way. */
struct attempt {
    struct tester *x;
    struct trial *t;
    struct fault fault;
    struct load *load;
    struct neigh_watch *watch;
    int64_t recovered_us;
    char why[200]; /* it cannot count: why */
};

static void fail(struct attempt *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct attempt *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!a->why[0])
        vsnprintf(a->why, sizeof a->why, fmt, ap);
    va_end(ap);
}

/* There is nothing to try it on. */
static void skip(struct attempt *a, const char *why)
{
    a->t->verdict = TRIAL_SKIPPED;
    a->t->reason = why;
}

/* Every part at work, and no request lost for a while. -1 interrupted; 1 not within the time. */
static int wait_healthy(struct attempt *a, int64_t limit_ms, struct health *h, struct err *e)
{
    struct tester *x = a->x;
    int64_t deadline = deadline_in(limit_ms);
    for (;;) {
        if (health_look(x->run, x->service, &x->live, h, e) < 0)
            return -1;
        bool quiet = true;
        if (a->load) {
            struct load_counts n;
            int64_t now = clock_us() - load_epoch(a->load);
            load_counts(a->load, &n);
            quiet = n.last_ok_due_us >= 0 && now - n.last_ok_due_us < TAIL_MS * 1000 &&
                    (n.last_lost_due_us < 0 || now - n.last_lost_due_us > TAIL_MS * 1000);
            if (h->whole && !quiet)
                snprintf(h->why, sizeof h->why, "requests are still being lost");
        }
        if (h->whole && quiet)
            return 0;
        if (!deadline_left(deadline))
            return 1;
        if (tester_sleep(x, LOOK_MS, e) < 0)
            return -1;
    }
}

static const struct host *choose(struct tester *x, const struct scenario *s,
                                 const struct health *now)
{
    const struct cluster *c = run_cluster(x->run);
    if (s->target == TARGET_ACTIVE)
        return now->active;
    if (s->target == TARGET_NFS)
        return cluster_next(c, NULL, ROLE_NFS);
    const struct host *rs = health_serving(c, &x->live, x->service, x->last_rs);
    x->last_rs = rs ? rs : x->last_rs;
    return rs;
}

static int set_out(struct attempt *a, struct err *e)
{
    struct tester *x = a->x;
    struct trial *t = a->t;
    struct health now;
    tester_say(x, t, "looking for the active director");
    int rc = wait_healthy(a, SETTLE_MS, &now, e);
    if (rc > 0)
        fail(a, "the cluster is not whole: %s", now.why);
    if (rc != 0)
        return rc;
    const struct host *h = choose(x, t->scenario, &now);
    if (!h) {
        skip(a, "no real server has a weight above 0 in every director's table");
        return 1;
    }
    unsigned hold = predict_hold_ms(x->run, t->scenario, x->service, h);
    t->host = h->name;
    t->predicted = predict(x->run, t->scenario, x->service, h, hold, &x->report->arena);
    fault_init(&a->fault, x->run, t->scenario, x->service, h, hold, &x->report->arena);
    return 0;
}

/* A director fails and its VIP moves, before the clock runs. */
static int prepare(struct attempt *a, struct err *e)
{
    struct err fe = {0};
    if (!fault_prepares(&a->fault))
        return 0;
    tester_say(a->x, a->t, "stopping it first, to see it return");
    if (fault_prepare(&a->fault, &fe) < 0) {
        if (fe.code == ERR_INTERRUPTED) {
            *e = fe;
            return -1;
        }
        fail(a, "%s", fe.msg);
        return 1;
    }
    return tester_sleep(a->x, PREPARED_MS + a->t->predicted.high_us / 1000, e);
}

/* Load without a loss, to compare with: what was lost before the fault is not the fault's doing. */
static int baseline(struct attempt *a, struct err *e)
{
    int64_t deadline = deadline_in(BASELINE_LIMIT_MS);
    struct load_counts n;
    tester_say(a->x, a->t, "%u requests a second, for comparison", a->x->options->rate);
    for (int64_t from_us = 0;;) {
        if (tester_sleep(a->x, LOOK_MS, e) < 0)
            return -1;
        load_counts(a->load, &n);
        int64_t now = clock_us() - load_epoch(a->load);
        if (n.last_lost_due_us >= from_us)
            from_us = n.last_lost_due_us + 1;
        if (now - from_us >= BASELINE_MS * 1000)
            return 0;
        if (!deadline_left(deadline)) {
            fail(
                a,
                "requests are lost before any fault (%zu of %zu): there is nothing to compare with",
                n.lost, n.done);
            return 1;
        }
    }
}

/* The trial goes on without: the VIP's way is then told by the directors' logs alone. */
static void watch_vip(struct attempt *a)
{
    struct tester *x = a->x;
    struct err we = {0};
    if (x->via.on_link)
        a->watch = neigh_watch_start(&x->service->vip, x->via.ifindex, &we);
    else
        err_set(&we, ERR_FAILED, "it is on none of this machine's own links");
    if (!a->watch)
        a->t->unwatched = arena_strdup(&x->report->arena, we.msg);
}

static int start_looking(struct attempt *a, struct err *e)
{
    struct tester *x = a->x;
    struct load_options o = {.address = x->service->vip,
                             .port = x->service->port,
                             .path = a->t->scenario->target == TARGET_NFS ? "/" : x->pages.path,
                             .host = x->service->check.host,
                             .rate = x->options->rate,
                             .timeout_ms = x->options->timeout_ms,
                             .classify = pages_classify,
                             .ud = &x->pages};
    watch_vip(a);
    a->load = load_start(&o, e);
    return a->load ? baseline(a, e) : -1;
}

static int break_it(struct attempt *a, struct err *e)
{
    struct err fe = {0};
    tester_say(a->x, a->t, "the fault goes in");
    if (fault_inject(&a->fault, &fe) == 0) {
        tester_say(a->x, a->t, "watching for %u s", (a->fault.lasts_ms + 999) / 1000);
        return tester_sleep(a->x, a->fault.lasts_ms, e);
    }
    if (fe.code == ERR_INTERRUPTED) {
        *e = fe;
        return -1;
    }
    fail(a, "%s", fe.msg);
    return 1;
}

/* Whatever happened: the fault goes. */
static void undo(struct attempt *a)
{
    struct err e = {0};
    tester_say(a->x, a->t, "undoing the fault");
    if (fault_undo(&a->fault, UNDO_MS + a->fault.lasts_ms, &e) < 0)
        fail(a, "%s%s%s", e.msg, e.hint[0] ? "; " : "", e.hint);
    for (size_t i = 0; i < a->fault.n_sites; i++)
        if (a->fault.sites[i].failed[0])
            fail(a, "%s: the fault's commands failed: %s", a->fault.sites[i].host->name,
                 a->fault.sites[i].failed);
}

static int recover(struct attempt *a, struct err *e)
{
    struct health h;
    tester_say(a->x, a->t, "waiting until every part is at work again");
    int rc = wait_healthy(a, RECOVER_MS, &h, e);
    if (rc == 0)
        a->recovered_us = clock_us();
    else if (rc > 0)
        fail(a, "not whole again after %d s: %s", RECOVER_MS / 1000, h.why);
    return rc;
}

static void stop_looking(struct attempt *a)
{
    neigh_changes moves = {0};
    struct err e = {0};
    if (a->load && load_stop(a->load, &a->t->log, &e) < 0)
        fail(a, "%s", e.msg);
    if (a->watch)
        neigh_watch_stop(a->watch, &moves);
    if (a->t->log.n) {
        marks_collect(a->x, a->t, &a->fault, &moves, a->recovered_us);
        trial_measure(a->x->report, a->t);
    }
    vec_free(&moves);
}

/* The same checks as before the first fault. */
static int verify_after(struct attempt *a, struct err *e)
{
    struct tester *x = a->x;
    struct verify_report v;
    struct verify_options o = {.settle_ms = SETTLE_MS, .cancel = x->options->cancel};
    tester_say(x, a->t, "verifying the cluster");
    int rc = run_execute(x->run, RUN_OBSERVE, NULL, e);
    if (rc < 0 && e->code != ERR_INTERRUPTED) {
        fail(a, "after the fault: %s", e->msg);
        rc = 0;
    }
    if (rc < 0)
        return -1;
    rc = verify_cluster(x->run, &o, &v, e);
    for (size_t i = 0; rc == 0 && i < v.results.n; i++)
        if (v.results.v[i].status == CHECK_FAIL)
            fail(a, "after the fault %s of %s fails: %s", v.results.v[i].id, v.results.v[i].subject,
                 v.results.v[i].reason);
    verify_free(&v);
    return rc;
}

static void judge(struct attempt *a)
{
    struct trial *t = a->t;
    struct failover_report *r = a->x->report;
    if (t->verdict == TRIAL_SKIPPED)
        return;
    const char *objection = a->why[0] ? NULL : trial_objection(r, t);
    if (objection)
        fail(a, "%s", objection);
    if (a->why[0]) {
        t->verdict = TRIAL_FAILED;
        t->reason = arena_strdup(&r->arena, a->why);
    } else if (trial_over_budget(r, t)) {
        t->verdict = TRIAL_OVER;
        t->reason =
            t->scenario->planned
                ? arena_printf(&r->arena, "%zu requests lost where none may be", t->measured.lost)
                : arena_printf(&r->arena, "an outage of %.3f s, and the budget is %.3g s",
                               (double)t->measured.outage_us / 1e6, (double)r->budget_us / 1e6);
    }
}

int trial_run(struct tester *x, struct trial *t, struct err *e)
{
    struct attempt a = {.x = x, .t = t};
    char now[CLOCK_WALL_LEN];
    t->began = arena_strdup(&x->report->arena, clock_wall(now));
    const char *impossible = fault_impossible(run_cluster(x->run), t->scenario);
    if (impossible) {
        skip(&a, impossible);
        return 0;
    }
    int rc = set_out(&a, e);
    if (t->verdict == TRIAL_SKIPPED)
        return 0;
    if (rc == 0 && (rc = prepare(&a, e)) == 0 && (rc = start_looking(&a, e)) == 0)
        rc = break_it(&a, e);
    undo(&a);
    if (rc == 0)
        rc = recover(&a, e);
    stop_looking(&a);
    if (rc >= 0 && (rc = verify_after(&a, e)) < 0)
        fail(&a, "%s", e->msg);
    if (rc < 0)
        fail(&a, "interrupted");
    judge(&a);
    return rc < 0 ? -1 : 0;
}
