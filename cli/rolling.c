#include "cli/rolling.h"

#include "cli/departing.h"
#include "cli/directors.h"
#include "cli/render_verify.h"
#include "cli/traffic_cli.h"
#include "cli/verifying.h"
#include "ops/boot.h"
#include "ops/rollout.h"
#include "verify/drained.h"

/* A rolling deploy's passes, each added to the outcome. */
struct rolling {
    struct session *session;
    struct outcome *outcome;
    struct traffic_options shown;
};

static int pass(void *ud, enum run_mode mode, struct err *e)
{
    struct rolling *w = ud;
    int rc = w->shown.pass(w->shown.ud, mode, e);
    /* What drains and hands over is the way, not what was planned; where it fails, *e tells. */
    if (mode != RUN_OBSERVE && !run_in_part(w->session->run))
        outcome_add(w->outcome, w->session->run);
    return rc;
}

static void say(void *ud, const char *text)
{
    struct rolling *w = ud;
    w->shown.say(w->shown.ud, text);
}

static struct rollout_options rollout_options_of(struct rolling *w)
{
    const struct args *a = &w->session->in->args;
    w->shown = traffic_options_of(w->session);
    struct rollout_options o = {
        .traffic = w->shown,
        .batch = a->batch ? a->batch : 1,
        .close_ms = a->drain_timeout_us ? (unsigned)(a->drain_timeout_us / 1000) : TRAFFIC_CLOSE_MS,
        .settle_ms = SETTLE_MS,
    };
    o.traffic.pass = pass;
    o.traffic.say = say;
    o.traffic.ud = w;
    return o;
}

static struct rollout_options reboot_options_of(struct rolling *w)
{
    struct rollout_options o = rollout_options_of(w);
    int64_t given = w->session->in->args.reboot_timeout_us;
    size_t servers = cluster_count(w->session->in->cluster, ROLE_REAL_SERVER);
    o.reboot = true;
    if (servers > 1 && o.batch >= servers) /* somebody serves meanwhile */
        o.batch = (unsigned)servers - 1;
    o.settle_ms = settle_boot_ms(w->session->in->cluster);
    o.boot_ms = given ? (unsigned)(given / 1000) : BOOT_LIMIT_MS;
    o.lock_wait_s = w->session->options.lock_wait_s;
    return o;
}

static int roll(struct rolling *w, struct rollout *r, bool *stopped, struct err *e)
{
    struct session *s = w->session;
    session_drop(s);
    s->lines = true;
    if (s->in->args.output == OUTPUT_TEXT && !s->in->args.quiet && !r->o.reboot)
        report_note(&s->in->err, "traffic is served: changing one after the other");
    int rc = rollout_run(r, e);
    *stopped = rc < 0;
    if (r->stopped && s->in->args.output == OUTPUT_JSON)
        print_checks_json(stdout, &r->report);
    else if (r->stopped)
        print_checks(stdout, &s->in->out, &r->report, true);
    return rc;
}

static int all_at_once(struct session *s, struct outcome *o, struct err *e)
{
    int rc = session_carry_out(s, e);
    outcome_free(o);
    outcome_take(o, s->run);
    return rc;
}

static int change(struct session *s, struct outcome *o, struct err look, bool *stopped,
                  struct err *e)
{
    struct rolling w = {.session = s, .outcome = o};
    struct rollout r;
    outcome_take(o, s->run);
    if (s->in->args.at_once || look.code == ERR_INTERRUPTED)
        return all_at_once(s, o, e);
    struct rollout_options options = rollout_options_of(&w);
    int rc = rollout_init(&r, &options, e);
    if (rc < 0 || !rollout_needed(&r)) {
        rc = all_at_once(s, o, e);
    } else {
        rc = roll(&w, &r, stopped, e);
        if (rc == 0 && look.code != ERR_NONE) { /* somebody was not reached, the rest is done */
            *e = look;
            rc = -1;
        }
    }
    rollout_free(&r);
    return rc;
}

static bool directors_changed(struct run *r)
{
    const struct host *h = NULL;
    while ((h = cluster_next(run_cluster(r), h, ROLE_DIRECTOR)))
        if (!run_result_of(r, h)->ok)
            return false;
    return true;
}

/* Those that have left go when no director sends to them any more. Its failure is not the others'.
 */
static int depart(struct departing *d, struct outcome *o, int rc, struct err *e)
{
    struct err left = {0};
    if (!directors_changed(d->session->run)) {
        report_note(&d->session->in->err, "hosts that have left the inventory are as they were: a "
                                          "director may still send to them");
        return rc;
    }
    int ended = departing_end(d, &left);
    outcome_add(o, d->session->run);
    if (ended == 0)
        return rc;
    report_error(&d->session->in->err, &left);
    o->all_ok = false;
    if (rc == 0)
        *e = left;
    return -1;
}

/*
 * Those that what was deployed is right on only after a boot. What is known of directors may be
 * what drains them alone, so all are looked at.
 */
static int reboot(struct session *s, struct outcome *o, bool *stopped, struct err *e)
{
    struct rolling w = {.session = s, .outcome = o};
    struct rollout r = {0};
    struct rollout_options options = reboot_options_of(&w);
    session_drop(s);
    s->lines = true;
    int rc;
    do {
        rollout_free(&r);
        rc = w.shown.pass(w.shown.ud, RUN_OBSERVE, e) < 0 ? -1 : rollout_init(&r, &options, e);
    } while (rc == 0 && rollout_pending(&r) && (rc = session_claim(s, e)) > 0);
    *stopped = rc < 0;
    if (rc == 0 && rollout_pending(&r))
        rc = roll(&w, &r, stopped, e);
    rollout_free(&r);
    return rc;
}

/* Is there anything to change, or a drained server to be brought back? */
static bool has_work(const struct session *s)
{
    for (size_t i = 0; i < run_count(s->run); i++) {
        const struct host_result *hr = run_result(s->run, i);
        if (hr->reached && (hr->plan.steps.n || drain_wish(s->run, hr->host) == WISH_DRAIN_FOR_NOW))
            return true;
    }
    return false;
}

/* What there is to do, and with the cluster to ourselves if there is anything. */
struct first_look {
    struct err err; /* why not all was seen */
    struct departing departing;
    bool leaving;
};

static int look(struct session *s, struct first_look *l, struct err *e)
{
    for (;;) {
        *l = (struct first_look){0};
        session_look(s, &l->err);
        if (l->err.code == ERR_INTERRUPTED)
            return 0;
        if (directors_agree(s, e) < 0)
            return -1;
        l->leaving = departing_find(&l->departing, s);
        int waited = l->leaving || has_work(s) ? session_claim(s, e) : 0;
        if (waited == 0)
            return 0;
        departing_free(&l->departing);
        if (waited < 0)
            return -1;
        session_drop(s);
    }
}

static int apply(struct session *s, struct outcome *o, bool *stopped, struct err *e)
{
    struct first_look l;
    *stopped = look(s, &l, e) < 0;
    if (*stopped) {
        session_drop(s);
        outcome_take(o, s->run);
        return -1;
    }
    if (!l.leaving)
        return change(s, o, l.err, stopped, e);
    session_drop(s);
    s->lines = true;
    int rc = departing_begin(&l.departing, e);
    *stopped = rc < 0;
    if (rc < 0) {
        outcome_take(o, s->run);
    } else {
        struct err again = {0};
        session_look(s, &again); /* what drained them is on the directors now */
        rc = change(s, o, again, stopped, e);
        if (!*stopped && again.code != ERR_INTERRUPTED)
            rc = depart(&l.departing, o, rc, e);
    }
    departing_free(&l.departing);
    return rc;
}

int rolling_apply(struct session *s, struct outcome *o, bool *stopped, struct err *e)
{
    int rc = apply(s, o, stopped, e);
    return rc == 0 && s->in->args.reboot ? reboot(s, o, stopped, e) : rc;
}

static void print_order(const struct strbuf *sb, const char *title, FILE *f)
{
    if (!sb->len)
        return;
    fprintf(f, "%s:\n", title);
    size_t n = 0;
    for (const char *p = sb_str(sb); *p; p += strcspn(p, "\n") + 1)
        fprintf(f, "  %zu. %.*s\n", ++n, (int)strcspn(p, "\n"), p);
}

static void describe(const struct rollout_options *o, const char *title, FILE *f)
{
    struct rollout r;
    struct err ignored = {0};
    autosb struct strbuf sb = {0};
    if (rollout_init(&r, o, &ignored) == 0 &&
        (o->reboot ? rollout_pending(&r) : rollout_needed(&r)))
        rollout_describe(&r, &sb);
    rollout_free(&r);
    print_order(&sb, title, f);
}

void rolling_describe(struct session *s, FILE *f)
{
    struct rolling w = {.session = s};
    struct rollout_options o = rollout_options_of(&w);
    if (!s->in->args.at_once)
        describe(&o, "Traffic is served, so the hosts would be changed in this order", f);
    o = reboot_options_of(&w);
    if (s->in->args.reboot)
        describe(&o, "Hosts that need it would then be rebooted, in this order", f);
}
