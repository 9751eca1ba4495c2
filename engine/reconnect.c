/* Carrying out a plan, over more than one connection if need be. */
#include <string.h>

#include "base/clock.h"
#include "engine/lock.h"
#include "engine/worker.h"

enum { FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 5000 };

/*
 * A step that has a hint may cut us off, if only when the next one has begun, and the host takes it back:
 * to try it again would be the same again. So would what waits for a confirmation over a new connection.
 * `again`: it has been gone on with before; then the loss may also have been that of a log-in.
 */
static bool may_go_on(const struct worker *w, bool again, const struct err *e)
{
    const struct host_result *hr = w->hr;
    const struct run_options *o = w->options;
    bool log_in = again && !*w->ssh && e->code == ERR_UNREACHABLE;
    if ((!worker_lost(w, e) && !log_in) || !o->reconnect_s || o->confirm_s)
        return false;
    for (size_t i = 0; i <= hr->done && i < hr->plan.steps.n; i++)
        if (hr->plan.steps.v[i].hint)
            return false;
    return true;
}

static int ignore(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    (void)hr, (void)value, (void)ud, (void)e;
    return 0;
}

static void settle_fragment(struct script *s, const struct host_result *hr, void *ud)
{
    const struct worker *w = ud;
    (void)hr;
    lock_functions(s);
    lock_take(s, w->options->lock_wait_s, w->owner);
}

/* The lost connection's shell may be at a step still: what it leaves must not be looked at before. */
static int settle(struct worker *w, struct err *e)
{
    const struct remote_query q = {.fragment = settle_fragment, .record = ignore, .ud = w};
    int64_t limit = (int64_t)w->options->lock_wait_s * 1000 + WORKER_LOOK_MS;
    return worker_query(w, &q, deadline_in(limit), e);
}

static int gave_up(const struct worker *w, struct err *e)
{
    return err_wrap(e, "tried for %u s to go on after a lost connection", w->options->reconnect_s);
}

/* A host that answers refuses at once, or is gone for the time of a boot. */
static int connect_again(struct worker *w, int64_t deadline, const struct err *why, struct err *e)
{
    const struct ssh_cancel *cancel = w->options->cancel;
    for (int64_t pause = FIRST_PAUSE_MS;; pause *= 2) {
        if (pause > LONGEST_PAUSE_MS)
            pause = LONGEST_PAUSE_MS;
        if (ssh_cancelled(cancel, pause))
            return err_set(e, ERR_INTERRUPTED, "interrupted while connecting again");
        *w->ssh = ssh_connect(w->hr->host, cancel, e);
        if (*w->ssh)
            return 0;
        if (e->code != ERR_UNREACHABLE)
            return -1;
        if (deadline_left(deadline) == 0)
            break;
    }
    *e = *why;
    return gave_up(w, e);
}

/*
 * A plan that another run's last step has overtaken is made again: it may want what is there by now, and not
 * every step can be done twice (a mount).
 */
static int apply_fresh(struct worker *w, struct err *e)
{
    enum { MOST_LOOKS = 5 };
    int rc = worker_apply(w, e);
    for (int i = 0; rc < 0 && w->hr->stale && i < MOST_LOOKS; i++) {
        size_t owed = w->hr->owed;
        w->renew(w);
        w->hr->owed = owed; /* the host has not been told of that plan */
        rc = worker_observe(w, e) < 0 ? -1 : worker_apply(w, e);
    }
    return rc;
}

static int go_on(struct worker *w, int64_t deadline, struct err *e)
{
    const struct err why = *e;
    w->emit(w, (struct event){.type = EV_LOST, .text = w->keep(w, e->msg, strlen(e->msg))});
    worker_disconnect(w);
    if (connect_again(w, deadline, &why, e) < 0 || settle(w, e) < 0)
        return -1;
    w->renew(w);
    return worker_observe(w, e) < 0 ? -1 : apply_fresh(w, e);
}

int worker_carry_out(struct worker *w, struct err *e)
{
    int64_t deadline = 0;
    int rc = apply_fresh(w, e);
    for (size_t before = 0; rc < 0 && may_go_on(w, deadline != 0, e);) {
        size_t done = w->hr->done_before + w->hr->done;
        if (!deadline || done > before) /* each step that is done is worth as much time again */
            deadline = deadline_in((int64_t)w->options->reconnect_s * 1000);
        else if (deadline_left(deadline) == 0)
            return gave_up(w, e);
        before = done;
        rc = go_on(w, deadline, e);
    }
    return rc;
}
