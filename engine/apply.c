/*
 * Applying a plan: one exec, one streamed script. The text of a step is sent as soon as what it
 * needs of other hosts has happened; the host works through what it has and reports each step, with
 * a fresh observation that must show nothing left to do.
 */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/quote.h"
#include "engine/guard.h"
#include "engine/paths.h"
#include "engine/record.h"
#include "engine/restype.h"
#include "engine/worker.h"

struct apply {
    struct worker *w;
    struct host_result *hr;
    struct observation now; /* what is, as of each finished step */
    size_t running;         /* number of the step at work, from 1; 0: none */
    int64_t step_began;
    bool failed;         /* a step failed; *err says how */
    struct err *err;     /* hr->step_err */
    size_t posted;       /* resources up to here have had their milestones posted */
    int wake_fd;         /* board changes and our own progress */
    int64_t progress_at; /* when the host last moved on */
    const char *output;  /* of the step that is about to be reported as failed */
    bool unconfirmed;    /* steps have been sent that the host takes back unless they are confirmed */
};

static const char functions[] =
    "take_lock() {\n" /* SECONDS OWNER */
    "  (umask 077; mkdir -p " RUN_DIR "); exec 9>>" LOCK_FILE "\n"
    "  if ! flock -n 9; then\n"
    "    o=; [ -r /run/clusterctl/owner ] && read -r o </run/clusterctl/owner\n"
    "    m locked \"$o\"\n"
    "    flock -w \"$1\" 9 || { m busy \"$o\"; m end; exit 0; }\n"
    "  fi\n"
    "  printf '%s\\n' \"$2\" >/run/clusterctl/owner; m mine\n"
    "}\n"
    "step_failed() {\n" /* NUMBER STATUS */
    "  printf '@%s out ' \"$N\"; tail -c 6000 /run/clusterctl/out | base64 -w 0; echo\n"
    "  m failed \"$1\" \"$2\"; m end; exit 0\n"
    "}\n";

/* "root@ops1 pid 4711 since 2026-01-31T12:00:00Z": who holds the lock, for whoever waits for it. */
static void owner_text(char *buf, size_t size)
{
    char host[64] = "?", when[CLOCK_WALL_LEN];
    const char *user = getenv("USER");
    gethostname(host, sizeof host - 1);
    snprintf(buf, size, "%s@%s pid %d since %s", user ? user : "?", host, (int)getpid(),
             clock_wall(when));
}

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
                                    .elapsed_ms = clock_ms() - a->step_began,
                                    .text = text,
                                    .err = type == EV_STEP_FAILED ? a->err : NULL});
}

/* Post the milestones of every resource before the first step that is not done. */
static void post_milestones(struct apply *a)
{
    const struct plan *p = &a->hr->plan;
    const struct catalog *c = &a->hr->catalog;
    size_t end = a->hr->done < p->steps.n ? p->steps.v[a->hr->done].want->index : c->list.n;
    for (; a->posted < end; a->posted++)
        if (c->list.v[a->posted]->provides)
            board_post(a->w->board, a->hr->host, c->list.v[a->posted]->provides);
}

static void fail_step(struct apply *a, const char *output)
{
    a->failed = true;
    a->hr->states[a->running - 1] = STEP_FAILED;
    emit_step(a, EV_STEP_FAILED, output);
}

static int step_started(struct apply *a, size_t n)
{
    a->running = n;
    a->step_began = clock_ms();
    observation_clear(&a->now, a->hr->plan.steps.v[n - 1].want->index);
    emit_step(a, EV_STEP_START, NULL);
    return 0;
}

/* The step's own commands went well; believe it only if looking again finds nothing to do. */
static int step_finished(struct apply *a, struct err *e)
{
    const struct resource *want = a->hr->plan.steps.v[a->running - 1].want;
    struct plan left = {.catalog = &a->hr->catalog};
    plan_diff(&left, want, &a->now.have[want->index]);
    bool done = left.steps.n == 0;
    if (!done) {
        err_set(a->err, ERR_FAILED, "%s: it ran, but there is still to do: %s",
                a->hr->plan.steps.v[a->running - 1].summary, left.steps.v[0].summary);
        err_hint(a->err, "something on the host undoes it; look at %s there", want->key);
    }
    plan_free(&left);
    if (!done) {
        fail_step(a, NULL);
        *e = *a->err;
        return -1;
    }
    a->hr->states[a->running - 1] = STEP_DONE;
    a->hr->done++;
    emit_step(a, EV_STEP_DONE, NULL);
    a->running = 0;
    post_milestones(a);
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
    fail_step(a, a->output);
}

static const char *decode_output(struct apply *a, const char *b64)
{
    struct arena tmp = {0};
    const char *text = NULL;
    size_t n = strlen(b64);
    unsigned char *buf = arena_alloc(&tmp, n / 4 * 3 + 1);
    long len = base64_decode(b64, n, buf);
    if (len > 0)
        text = keep_quoted(a->w, (const char *)buf, (size_t)len, true);
    arena_free(&tmp);
    return text;
}

static int on_line(void *ud, char *kind, char *rest, struct err *e)
{
    struct apply *a = ud;
    size_t n = 0;
    a->progress_at = clock_ms();
    (void)eventfd_write(a->wake_fd, 1);
    if (!strcmp(kind, "r"))
        return observe_record(&a->now, rest, e);
    if (!strcmp(kind, "out")) {
        a->output = decode_output(a, rest);
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
        err_hint(a->err, "wait for that run to end, then run the same command again");
        a->failed = true;
        return 0;
    }
    if (!strcmp(kind, "mine"))
        return 0;
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

static void add_step(struct apply *a, struct script *s, size_t i)
{
    const struct step *step = &a->hr->plan.steps.v[i];
    size_t n = i + 1;
    /* One brace group: a shell runs it only when all of it has arrived. */
    unsigned guard = a->w->options->confirm_s;
    script_addf(s, "{ m start %zu\n(set -e\n", n);
    if (guard)
        guard_before(s, step, guard);
    plan_apply(s, step);
    script_addf(s, ") >/run/clusterctl/out 2>&1 9>&-\nrc=$?\n[ $rc = 0 ] || step_failed %zu $rc\n",
                n);
    if (guard) {
        guard_after(s);
        a->unconfirmed |= guard_is_risky(step);
    }
    record_step(s, a->w->options->record, step);
    observe_one(s, step->want);
    script_addf(s, "m done %zu\n} </dev/null\n", n);
}

static void add_setup(struct apply *a, struct script *s)
{
    char owner[256];
    owner_text(owner, sizeof owner);
    script_prelude(s);
    observe_functions(s, &a->hr->catalog);
    owned_functions(s, &a->hr->plan);
    script_add(s, functions);
    script_addf(s, "take_lock %u", a->w->options->lock_wait_s);
    script_arg(s, owner);
    script_add(s, " </dev/null\n");
    guard_setup(s, a->w->options->confirm_s);
    record_begin(s, a->w->options->record, a->hr->host, &a->hr->plan);
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

/* Hold step i back until its needs are met. 1: the script ended meanwhile (a step failed). */
static int wait_needs(struct apply *a, struct remote *r, size_t i, struct err *e)
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
            int rc = wait_needs(a, r, i, e);
            if (rc < 0)
                return -1;
            if (rc > 0 || a->failed)
                break;
        }
        add_step(a, s, i);
    }
    if (a->unconfirmed && confirm(a, r, s, p->steps.n, e) < 0)
        return -1;
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
    post_milestones(&a);
    if (!w->hr->plan.steps.n)
        return 0;
    if (script_init(&s, e) < 0)
        return -1;
    a.wake_fd = board_subscribe(w->board);
    if (a.wake_fd < 0) {
        script_free(&s);
        return err_errno(e, "eventfd");
    }
    observation_init(&a.now, &w->hr->catalog);
    add_setup(&a, &s);
    int rc = remote_open(&r, *w->ssh, w->hr->host, &s, &(struct remote_handler){on_line, &a}, e);
    if (rc == 0) {
        rc = send_steps(&a, &r, &s, e);
        rc = judge(&a, rc, e);
        remote_close(&r);
    }
    board_unsubscribe(w->board, a.wake_fd);
    observation_free(&a.now);
    script_free(&s);
    return rc;
}
