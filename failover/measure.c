/* From what was recorded to numbers: report.h says what each of them means. */
#include "failover/report.h"

#include <string.h>

const char *mark_name(enum mark_kind k)
{
    static const char *const names[] = {
        [MARK_FAULT] = "fault", [MARK_DETECTED] = "detected",   [MARK_MOVED] = "VIP moved",
        [MARK_UNDO] = "undone", [MARK_RECOVERED] = "recovered",
    };
    return names[k];
}

const char *verdict_name(enum trial_verdict v)
{
    static const char *const names[] = {
        [TRIAL_PASS] = "pass",
        [TRIAL_OVER] = "over budget",
        [TRIAL_FAILED] = "failed",
        [TRIAL_SKIPPED] = "skipped",
    };
    return names[v];
}

const struct mark *trial_mark(const struct trial *t, enum mark_kind kind)
{
    for (size_t i = 0; i < t->marks.n; i++)
        if (t->marks.v[i].kind == kind)
            return &t->marks.v[i];
    return NULL;
}

bool trial_counts(const struct trial *t)
{
    return t->verdict == TRIAL_PASS || t->verdict == TRIAL_OVER;
}

static int64_t interval_us(const struct trial *t)
{
    return t->log.rate ? 1000000 / t->log.rate : 0;
}

bool trial_over_budget(const struct failover_report *r, const struct trial *t)
{
    return t->scenario->planned ? t->measured.lost > 0 : t->measured.outage_us > r->budget_us;
}

bool trial_over_prediction(const struct trial *t)
{
    /* An outage of d loses between d - 1 and d + 1 intervals' worth of requests; none loses none.
     */
    int64_t high = t->predicted.high_us;
    return t->measured.lost > 0 && (high == 0 || t->measured.outage_us > high + interval_us(t));
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts them. -1 for none. */
static int64_t median(int64_t *v, size_t n)
{
    if (!n)
        return -1;
    qsort(v, n, sizeof *v, by_size);
    int64_t low = v[(n - 1) / 2], high = v[n / 2];
    return low + (high - low + 1) / 2; /* rounded up: half a lost request is one */
}

/* Where a request belongs: 0 before the fault, 1 during it, 2 after it was taken back. */
static unsigned phase_of(const struct load_record *q, const struct mark *fault,
                         const struct mark *undo)
{
    if (!fault || q->due_us < fault->at_us)
        return 0;
    return undo && q->due_us >= undo->at_us ? 2 : 1;
}

static void count_requests(struct trial *t)
{
    const struct mark *fault = trial_mark(t, MARK_FAULT), *undo = trial_mark(t, MARK_UNDO);
    struct measured *m = &t->measured;
    m->requests = t->log.n;
    for (size_t i = 0; i < t->log.n; i++) {
        const struct load_record *q = &t->log.v[i];
        unsigned phase = phase_of(q, fault, undo);
        m->by_outcome[q->outcome]++;
        if (q->outcome != LOAD_OK) {
            m->lost++;
            m->lost_before += fault && phase == 0;
            m->lost_after += phase == 2;
        }
    }
    m->ok = m->requests - m->lost;
}

static void count_shares(const struct failover_report *r, struct trial *t)
{
    const struct mark *fault = trial_mark(t, MARK_FAULT), *undo = trial_mark(t, MARK_UNDO);
    for (size_t i = 0; i < t->log.n; i++) {
        const struct load_record *q = &t->log.v[i];
        if (q->outcome != LOAD_OK || q->backend < 0 || (size_t)q->backend >= r->n_backends)
            continue;
        struct share *s = &t->shares[q->backend];
        size_t *const of_phase[] = {&s->before, &s->during, &s->after};
        s->answered++;
        ++*of_phase[phase_of(q, fault, undo)];
    }
}

/* The end of the load is one interval after its last request, and counts as good. */
static void measure_gap(struct trial *t)
{
    const struct load_log *log = &t->log;
    int64_t good_at = log->n ? log->v[0].due_us : 0, *gap = &t->measured.gap_us;
    for (size_t i = 0; i < log->n; i++) {
        const struct load_record *q = &log->v[i];
        bool ok = q->outcome == LOAD_OK;
        if (!ok && i + 1 < log->n)
            continue;
        int64_t since = q->due_us - good_at + (ok ? 0 : interval_us(t));
        *gap = since > *gap ? since : *gap;
        good_at = q->due_us;
    }
}

/* Is this lost request the first of a spell? */
static bool begins_spell(const struct load_record *q, const struct load_record *last_lost)
{
    return !last_lost || q->due_us - last_lost->due_us > SPELL_GAP_US;
}

static void measure_outage(struct failover_report *r, struct trial *t)
{
    struct measured *m = &t->measured;
    const struct load_record *last = NULL;
    m->spells = arena_array(&r->arena, struct spell, m->lost + 1);
    for (size_t i = 0; i < t->log.n; i++) {
        const struct load_record *q = &t->log.v[i];
        if (q->outcome == LOAD_OK)
            continue;
        if (begins_spell(q, last))
            m->spells[m->n_spells++].from_us = q->due_us;
        else
            m->partial = m->partial || q != last + 1;
        struct spell *s = &m->spells[m->n_spells - 1];
        s->length_us = q->due_us - s->from_us + interval_us(t);
        last = q;
    }
    for (size_t i = 0; i < m->n_spells; i++)
        m->outage_us += m->spells[i].length_us;
}

static void measure_latency(struct trial *t)
{
    autofree int64_t *v = xcalloc(t->log.n + 1, sizeof *v);
    size_t n = 0;
    for (size_t i = 0; i < t->log.n; i++)
        if (t->log.v[i].outcome == LOAD_OK)
            v[n++] = t->log.v[i].done_us - t->log.v[i].due_us;
    t->measured.median_us = median(v, n);
    t->measured.worst_us = n ? v[n - 1] : -1;
}

/* From the fault to the first mark of a kind that may have come after it. */
static int64_t since_fault(const struct trial *t, enum mark_kind kind)
{
    const struct mark *fault = trial_mark(t, MARK_FAULT);
    for (size_t i = 0; fault && i < t->marks.n; i++) {
        const struct mark *m = &t->marks.v[i];
        int64_t d = m->at_us - fault->at_us;
        if (m->kind == kind && d >= -(m->error_us + fault->error_us))
            return d > 0 ? d : 0;
    }
    return -1;
}

void trial_measure(struct failover_report *r, struct trial *t)
{
    t->measured = (struct measured){0};
    if (!t->shares)
        t->shares = arena_array(&r->arena, struct share, r->n_backends);
    else
        memset(t->shares, 0, r->n_backends * sizeof *t->shares);
    count_requests(t);
    count_shares(r, t);
    measure_gap(t);
    measure_outage(r, t);
    measure_latency(t);
    t->measured.detection_us = since_fault(t, MARK_DETECTED);
    t->measured.takeover_us = since_fault(t, MARK_MOVED);
}

static struct scenario_summary *summary_of(struct failover_report *r, const struct scenario *sc)
{
    for (size_t i = 0; i < r->summaries.n; i++)
        if (r->summaries.v[i].scenario == sc)
            return &r->summaries.v[i];
    struct scenario_summary *s = vec_push(&r->summaries);
    *s = (struct scenario_summary){.scenario = sc, .worst_outage_us = -1, .worst_latency_us = -1};
    return s;
}

static void count_trial(struct scenario_summary *s, const struct trial *t)
{
    unsigned *const of_verdict[] = {
        [TRIAL_PASS] = &s->passed,
        [TRIAL_OVER] = &s->over,
        [TRIAL_FAILED] = &s->failed,
        [TRIAL_SKIPPED] = &s->skipped,
    };
    const struct measured *m = &t->measured;
    bool first = s->passed + s->over == 0;
    s->rounds++;
    ++*of_verdict[t->verdict];
    if (!trial_counts(t))
        return;
    if (first)
        s->predicted = t->predicted;
    if (m->outage_us > s->worst_outage_us)
        s->worst_outage_us = m->outage_us;
    if (m->lost > s->worst_lost)
        s->worst_lost = m->lost;
    if (m->worst_us > s->worst_latency_us)
        s->worst_latency_us = m->worst_us;
}

/* The median of one number over a scenario's rounds; -1 is "not seen" and left out. */
static int64_t median_of(const struct failover_report *r, const struct scenario *sc,
                         int64_t (*number)(const struct trial *t))
{
    autofree int64_t *v = xcalloc(r->trials.n + 1, sizeof *v);
    size_t n = 0;
    for (size_t i = 0; i < r->trials.n; i++) {
        const struct trial *t = r->trials.v[i];
        if (t->scenario == sc && trial_counts(t) && number(t) >= 0)
            v[n++] = number(t);
    }
    return median(v, n);
}

static int64_t outage(const struct trial *t)
{
    return t->measured.outage_us;
}
static int64_t takeover(const struct trial *t)
{
    return t->measured.takeover_us;
}
static int64_t detection(const struct trial *t)
{
    return t->measured.detection_us;
}
static int64_t lost(const struct trial *t)
{
    return (int64_t)t->measured.lost;
}

void failover_summarise(struct failover_report *r)
{
    r->summaries.n = 0;
    for (size_t i = 0; i < r->trials.n; i++)
        count_trial(summary_of(r, r->trials.v[i]->scenario), r->trials.v[i]);
    for (size_t i = 0; i < r->summaries.n; i++) {
        struct scenario_summary *s = &r->summaries.v[i];
        int64_t n = median_of(r, s->scenario, lost);
        s->lost = n < 0 ? 0 : (size_t)n;
        s->outage_us = median_of(r, s->scenario, outage);
        s->takeover_us = median_of(r, s->scenario, takeover);
        s->detection_us = median_of(r, s->scenario, detection);
    }
}

bool failover_passed(const struct failover_report *r)
{
    size_t passed = 0;
    for (size_t i = 0; i < r->trials.n; i++) {
        enum trial_verdict v = r->trials.v[i]->verdict;
        if (v == TRIAL_OVER || v == TRIAL_FAILED)
            return false;
        passed += v == TRIAL_PASS;
    }
    return passed > 0;
}

void failover_free(struct failover_report *r)
{
    for (size_t i = 0; i < r->trials.n; i++) {
        load_log_free(&r->trials.v[i]->log);
        vec_free(&r->trials.v[i]->marks);
    }
    vec_free(&r->trials);
    vec_free(&r->summaries);
    arena_free(&r->arena);
}
