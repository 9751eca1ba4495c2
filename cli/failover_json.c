#include "cli/failover_words.h"
#include "cli/json_out.h"
#include "cli/render_failover.h"

/* Negative: not seen, and left out. */
static void add_time(struct strbuf *sb, const char *key, int64_t us)
{
    if (us >= 0)
        json_number(sb, key, us);
}

static void add_count(struct strbuf *sb, const char *key, size_t n)
{
    json_number(sb, key, (long long)n);
}

static void add_prediction(struct strbuf *sb, const struct prediction *p)
{
    if (!p->how)
        return;
    json_open(sb, "predicted", '{');
    json_number(sb, "low_us", p->low_us);
    json_number(sb, "high_us", p->high_us);
    json_text(sb, "how", p->how);
    json_close(sb, '}');
}

static void add_measured(struct strbuf *sb, const struct measured *m)
{
    json_open(sb, "measured", '{');
    add_count(sb, "requests", m->requests);
    add_count(sb, "ok", m->ok);
    add_count(sb, "lost", m->lost);
    add_count(sb, "lost_before", m->lost_before);
    add_count(sb, "lost_after", m->lost_after);
    json_open(sb, "outcomes", '{');
    for (unsigned o = 0; o < LOAD_OUTCOMES; o++)
        add_count(sb, load_outcome_name(o), m->by_outcome[o]);
    json_close(sb, '}');
    add_time(sb, "outage_us", m->outage_us);
    json_open(sb, "spells", '[');
    for (size_t i = 0; i < m->n_spells; i++) {
        json_open(sb, NULL, '{');
        json_number(sb, "from_us", m->spells[i].from_us);
        json_number(sb, "length_us", m->spells[i].length_us);
        json_close(sb, '}');
    }
    json_close(sb, ']');
    json_bool(sb, "partial", m->partial);
    add_time(sb, "gap_us", m->gap_us);
    add_time(sb, "median_us", m->median_us);
    add_time(sb, "worst_us", m->worst_us);
    add_time(sb, "detection_us", m->detection_us);
    add_time(sb, "takeover_us", m->takeover_us);
    json_close(sb, '}');
}

static void add_schedule(struct strbuf *sb, const struct load_log *log)
{
    json_open(sb, "schedule", '{');
    json_number(sb, "rate", log->rate);
    add_count(sb, "late", log->late);
    json_number(sb, "late_median_us", log->late_median_us);
    json_number(sb, "late_max_us", log->late_max_us);
    json_close(sb, '}');
}

static void add_shares(struct strbuf *sb, const struct failover_report *r, const struct trial *t)
{
    json_open(sb, "backends", '[');
    for (size_t i = 0; t->shares && i < r->n_backends; i++) {
        json_open(sb, NULL, '{');
        json_text(sb, "name", r->backends[i]);
        add_count(sb, "answered", t->shares[i].answered);
        add_count(sb, "before", t->shares[i].before);
        add_count(sb, "during", t->shares[i].during);
        add_count(sb, "after", t->shares[i].after);
        json_close(sb, '}');
    }
    json_close(sb, ']');
}

static void add_marks(struct strbuf *sb, const struct trial *t)
{
    json_open(sb, "marks", '[');
    for (size_t i = 0; i < t->marks.n; i++) {
        const struct mark *m = &t->marks.v[i];
        json_open(sb, NULL, '{');
        json_text(sb, "kind", mark_name(m->kind));
        json_number(sb, "at_us", m->at_us);
        json_number(sb, "error_us", m->error_us);
        json_text(sb, "text", m->text);
        json_close(sb, '}');
    }
    json_close(sb, ']');
}

static void add_requests(struct strbuf *sb, const struct load_log *log)
{
    static const char *const columns[] = {"due_us",  "sent_us", "done_us",
                                          "outcome", "status",  "backend"};
    json_open(sb, "request_columns", '[');
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        json_text(sb, NULL, columns[i]);
    json_close(sb, ']');
    json_open(sb, "requests", '[');
    for (size_t i = 0; i < log->n; i++) {
        const struct load_record *q = &log->v[i];
        json_open(sb, NULL, '[');
        json_number(sb, NULL, q->due_us);
        json_number(sb, NULL, q->sent_us);
        json_number(sb, NULL, q->done_us);
        json_text(sb, NULL, load_outcome_name(q->outcome));
        json_number(sb, NULL, q->status);
        json_number(sb, NULL, q->backend);
        json_close(sb, ']');
    }
    json_close(sb, ']');
}

static void add_note_list(struct strbuf *sb, const struct failover_report *r, const struct trial *t)
{
    struct notes notes = {0};
    trial_notes(&notes, r, t);
    json_open(sb, "notes", '[');
    for (size_t i = 0; i < notes.n; i++)
        json_text(sb, NULL, notes.v[i]);
    json_close(sb, ']');
    notes_free(&notes);
}

void failover_print_trial_json(FILE *f, const struct failover_report *r, const struct trial *t,
                               bool requests)
{
    autosb struct strbuf sb = {0}, reason = {0};
    if (t->verdict != TRIAL_PASS)
        sb_reason(&reason, r, t);
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "trial");
    json_text(&sb, "scenario", t->scenario->name);
    json_text(&sb, "title", t->scenario->title);
    json_bool(&sb, "planned", t->scenario->planned);
    json_number(&sb, "round", t->round);
    json_text(&sb, "host", t->host);
    json_text(&sb, "began", t->began);
    json_text(&sb, "verdict", verdict_name(t->verdict));
    json_text(&sb, "reason", reason.s);
    json_number(&sb, "budget_us", t->scenario->planned ? 0 : r->budget_us);
    add_prediction(&sb, &t->predicted);
    if (t->measured.requests) {
        add_measured(&sb, &t->measured);
        add_schedule(&sb, &t->log);
        add_shares(&sb, r, t);
        json_bool(&sb, "vip_watched", !t->unwatched);
        json_text(&sb, "unwatched", t->unwatched);
    }
    add_marks(&sb, t);
    add_note_list(&sb, r, t);
    if (requests)
        add_requests(&sb, &t->log);
    json_line(&sb, f);
}

static void print_summary_json(FILE *f, const struct failover_report *r,
                               const struct scenario_summary *s)
{
    autosb struct strbuf sb = {0};
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "summary");
    json_text(&sb, "scenario", s->scenario->name);
    json_text(&sb, "title", s->scenario->title);
    json_text(&sb, "verdict", verdict_name(summary_verdict(s)));
    json_number(&sb, "rounds", s->rounds);
    json_number(&sb, "passed", s->passed);
    json_number(&sb, "over", s->over);
    json_number(&sb, "failed", s->failed);
    json_number(&sb, "skipped", s->skipped);
    json_number(&sb, "budget_us", s->scenario->planned ? 0 : r->budget_us);
    add_prediction(&sb, &s->predicted);
    add_time(&sb, "outage_us", s->outage_us);
    add_time(&sb, "worst_outage_us", s->worst_outage_us);
    if (s->passed + s->over) {
        add_count(&sb, "lost", s->lost);
        add_count(&sb, "worst_lost", s->worst_lost);
    }
    add_time(&sb, "worst_latency_us", s->worst_latency_us);
    add_time(&sb, "detection_us", s->detection_us);
    add_time(&sb, "takeover_us", s->takeover_us);
    json_line(&sb, f);
}

void failover_print_result_json(FILE *f, const struct failover_report *r)
{
    for (size_t i = 0; i < r->summaries.n; i++)
        print_summary_json(f, r, &r->summaries.v[i]);
    autosb struct strbuf sb = {0};
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "result");
    json_bool(&sb, "passed", failover_passed(r));
    json_bool(&sb, "interrupted", r->interrupted);
    json_text(&sb, "cluster", r->cluster);
    json_text(&sb, "vip", r->vip);
    json_text(&sb, "url", r->url);
    json_text(&sb, "timers", r->timers);
    json_text(&sb, "drifted", r->drifted);
    json_text(&sb, "began", r->began);
    json_number(&sb, "rate", r->rate);
    json_number(&sb, "timeout_ms", r->timeout_ms);
    json_number(&sb, "repeat", r->repeat);
    json_number(&sb, "budget_us", r->budget_us);
    add_count(&sb, "trials", r->trials.n);
    json_line(&sb, f);
}

void failover_print_json(FILE *f, const struct failover_report *r, bool requests)
{
    for (size_t i = 0; i < r->trials.n; i++)
        failover_print_trial_json(f, r, r->trials.v[i], requests);
    failover_print_result_json(f, r);
}
