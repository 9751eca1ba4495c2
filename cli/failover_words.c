#include "cli/failover_words.h"

#include <stdarg.h>
#include <stdlib.h>

/* Three digits: no measurement of ours is better than that. */
static void add_number(struct strbuf *out, double v)
{
    sb_addf(out, "%.*f", v < 1 ? 2 : v < 10 ? 1 : 0, v);
}

void sb_duration(struct strbuf *out, int64_t us)
{
    double s = (double)us / 1e6;
    if (us < 0)
        sb_addc(out, '-');
    else if (us == 0)
        sb_add(out, "0 s");
    else if (us < 999500) { /* from there on it would round to 1000 ms */
        add_number(out, (double)us / 1e3);
        sb_add(out, " ms");
    } else
        sb_addf(out, "%.*f s", s < 9.995 ? 2 : 1, s);
}

void sb_prediction(struct strbuf *out, const struct prediction *p)
{
    bool ms = p->high_us < 999500;
    if (!p->how)
        sb_addc(out, '-');
    else if (p->high_us == 0)
        sb_add(out, "none");
    else if (p->low_us == p->high_us || p->low_us == 0) {
        sb_add(out, p->low_us ? "" : "up to ");
        sb_duration(out, p->high_us);
    } else if (ms) {
        add_number(out, (double)p->low_us / 1e3);
        sb_add(out, " to ");
        sb_duration(out, p->high_us);
    } else
        sb_addf(out, "%.2f to %.2f s", (double)p->low_us / 1e6, (double)p->high_us / 1e6);
}

void sb_allowed(struct strbuf *out, const struct failover_report *r, const struct scenario *sc)
{
    if (sc->planned)
        sb_add(out, "no loss");
    else
        sb_duration(out, r->budget_us);
}

void sb_lost_kinds(struct strbuf *out, const struct measured *m)
{
    const char *comma = "";
    for (unsigned o = LOAD_OK + 1; o < LOAD_OUTCOMES; o++) {
        if (!m->by_outcome[o])
            continue;
        sb_addf(out, "%s%s %zu", comma, load_outcome_name(o), m->by_outcome[o]);
        comma = ", ";
    }
}

void sb_outage(struct strbuf *out, const struct measured *m)
{
    if (!m->requests) {
        sb_add(out, "no request was made");
    } else if (!m->lost) {
        sb_addf(out, "none of %zu requests lost", m->requests);
    } else {
        sb_add(out, m->partial ? "some requests failed for " : "no service for ");
        sb_duration(out, m->outage_us);
        if (m->n_spells > 1)
            sb_addf(out, " in %zu spells", m->n_spells);
        sb_addf(out, ": %zu of %zu lost", m->lost, m->requests);
    }
}

void sb_reason(struct strbuf *out, const struct failover_report *r, const struct trial *t)
{
    if (t->reason && *t->reason) {
        sb_add(out, t->reason);
    } else if (t->verdict != TRIAL_OVER) {
        sb_add(out, verdict_name(t->verdict));
    } else if (t->scenario->planned) {
        sb_addf(out, "%zu request%s lost, and planned work may lose none", t->measured.lost,
                t->measured.lost == 1 ? "" : "s");
    } else {
        sb_add(out, "an outage of ");
        sb_duration(out, t->measured.outage_us);
        sb_add(out, " is over the budget of ");
        sb_duration(out, r->budget_us);
    }
}

enum trial_verdict summary_verdict(const struct scenario_summary *s)
{
    return s->failed ? TRIAL_FAILED : s->over ? TRIAL_OVER : s->passed ? TRIAL_PASS : TRIAL_SKIPPED;
}

static void __attribute__((format(printf, 2, 3))) add_note(struct notes *n, const char *fmt, ...)
{
    struct strbuf sb = {0};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&sb, fmt, ap);
    va_end(ap);
    if (n->n < NOTES_MAX)
        n->v[n->n++] = sb_detach(&sb);
    else
        sb_free(&sb);
}

static void note_schedule(struct notes *n, const struct load_log *log)
{
    autosb struct strbuf worst = {0};
    if (!log->late)
        return;
    sb_duration(&worst, log->late_max_us);
    add_note(n,
             "The prober could not keep its schedule: %zu of %zu requests began more than an "
             "interval late, by %s at worst. Latencies count from when a request was due, so they "
             "include this delay.",
             log->late, log->n, sb_str(&worst));
}

static void note_prediction(struct notes *n, const struct trial *t)
{
    autosb struct strbuf text = {0};
    if (!t->predicted.how || !trial_over_prediction(t))
        return;
    sb_duration(&text, t->measured.outage_us);
    sb_add(&text, " of outage, where the configuration predicts ");
    if (t->predicted.high_us) {
        sb_add(&text, "at most ");
        sb_duration(&text, t->predicted.high_us);
    } else {
        sb_add(&text, "none");
    }
    add_note(n, "More requests were lost than predicted: %s.", sb_str(&text));
}

static void note_standstill(struct notes *n, const struct trial *t)
{
    autosb struct strbuf text = {0};
    if (!t->stood)
        return;
    sb_duration(&text, t->stood_us);
    add_note(
        n,
        "%s's health checks stood still for %s, says keepalived. Closing a connection whose other "
        "end has gone holds them up, for 5 s at most; a machine that is too slow does so too.",
        t->stood, sb_str(&text));
}

static void note_drift(struct notes *n, const struct failover_report *r, const struct trial *t)
{
    if (r->drifted && t->predicted.how)
        add_note(
            n,
            "Predicted from the inventory, while keepalived on %s has another configuration: it "
            "may promise something else.",
            r->drifted);
}

static void note_unwatched(struct notes *n, const struct trial *t)
{
    if (t->unwatched)
        add_note(n, "The VIP's MAC address was not watched (%s): when the VIP moved is not known.",
                 t->unwatched);
}

static void note_elsewhere(struct notes *n, const struct trial *t)
{
    const struct measured *m = &t->measured;
    if (m->lost_before)
        add_note(n, "%zu of the lost requests %s due before the fault: something else was wrong.",
                 m->lost_before, m->lost_before == 1 ? "was" : "were");
    if (m->lost_after)
        add_note(n,
                 "%zu of the lost requests %s due after the fault was taken back: they are the "
                 "price of the return, and the outage reaches to the last of them.",
                 m->lost_after, m->lost_after == 1 ? "was" : "were");
    if (m->requests && !m->ok)
        add_note(n, "Nothing was answered at all, before the fault neither.");
}

static void note_clock(struct notes *n, const struct failover_report *r, const struct trial *t)
{
    const struct mark *fault = trial_mark(t, MARK_FAULT);
    autosb struct strbuf error = {0};
    if (!fault || !r->rate || fault->error_us <= 1000000 / r->rate)
        return;
    sb_duration(&error, fault->error_us);
    add_note(n, "The fault's time is known only to %s: detection and takeover are no better.",
             sb_str(&error));
}

void trial_notes(struct notes *out, const struct failover_report *r, const struct trial *t)
{
    note_schedule(out, &t->log);
    if (t->verdict == TRIAL_SKIPPED)
        return;
    note_drift(out, r, t);
    note_prediction(out, t);
    note_standstill(out, t);
    note_unwatched(out, t);
    note_elsewhere(out, t);
    note_clock(out, r, t);
}

void notes_free(struct notes *n)
{
    for (size_t i = 0; i < n->n; i++)
        xfree(n->v[i]);
    n->n = 0;
}
