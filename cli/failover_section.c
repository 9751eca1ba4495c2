/* One scenario: what its rounds came to, and the rounds that tell it best as figures. */
#include "cli/failover_page.h"

/* The round whose outage is the median, or nearest to it. */
static const struct trial *median_trial(const struct failover_report *r,
                                        const struct scenario_summary *s)
{
    const struct trial *best = NULL;
    int64_t distance = INT64_MAX;
    for (size_t i = 0; i < r->trials.n; i++) {
        const struct trial *t = r->trials.v[i];
        if (t->scenario != s->scenario || !trial_counts(t))
            continue;
        int64_t d = t->measured.outage_us - s->outage_us;
        d = d < 0 ? -d : d;
        if (d < distance) {
            best = t;
            distance = d;
        }
    }
    return best;
}

/* By outage and, where that is the same, by latency. */
static const struct trial *worst_trial(const struct failover_report *r,
                                       const struct scenario_summary *s)
{
    const struct trial *worst = NULL;
    for (size_t i = 0; i < r->trials.n; i++) {
        const struct trial *t = r->trials.v[i];
        if (t->scenario != s->scenario || !trial_counts(t))
            continue;
        if (!worst || t->measured.outage_us > worst->measured.outage_us ||
            (t->measured.outage_us == worst->measured.outage_us &&
             t->measured.worst_us > worst->measured.worst_us))
            worst = t;
    }
    return worst;
}

static void add_facts(struct strbuf *out, const struct failover_report *r, const struct trial *t)
{
    struct notes notes = {0};
    trial_notes(&notes, r, t);
    for (size_t i = 0; i < notes.n; i++) {
        sb_add(out, "<p class=\"note\">");
        page_text(out, notes.v[i]);
        sb_add(out, "</p>\n");
    }
    notes_free(&notes);
}

static void add_marks(struct strbuf *out, const struct trial *t)
{
    const struct mark *fault = trial_mark(t, MARK_FAULT);
    if (!t->marks.n)
        return;
    sb_add(out, "<table class=\"marks\"><tbody>\n");
    for (size_t i = 0; i < t->marks.n; i++) {
        const struct mark *m = &t->marks.v[i];
        int64_t at = m->at_us - (fault ? fault : &t->marks.v[0])->at_us;
        sb_add(out, "<tr><td>");
        sb_add(out, at < 0 ? "\xe2\x88\x92" : at ? "+" : "");
        sb_duration(out, at < 0 ? -at : at);
        if (m->error_us) {
            sb_add(out, "<small> \xc2\xb1 ");
            sb_duration(out, m->error_us);
            sb_add(out, "</small>");
        }
        sb_addf(out, "</td><td>%s</td><td>", mark_name(m->kind));
        page_text(out, m->text);
        sb_add(out, "</td></tr>\n");
    }
    sb_add(out, "</tbody></table>\n");
}

static void share_cell(struct strbuf *out, size_t n, size_t of)
{
    sb_addf(out, "<td>%zu<small>", n);
    if (of)
        sb_addf(out, "%.0f %%", (double)n * 100 / (double)of);
    sb_add(out, "</small></td>");
}

static void add_shares(struct strbuf *out, const struct failover_report *r, const struct trial *t)
{
    struct share all = {0};
    if (!r->n_backends || !t->shares)
        return;
    for (size_t i = 0; i < r->n_backends; i++) {
        all.answered += t->shares[i].answered;
        all.before += t->shares[i].before;
        all.during += t->shares[i].during;
        all.after += t->shares[i].after;
    }
    sb_add(out, "<table class=\"shares\"><thead><tr><th scope=\"col\">Answered by</th>"
                "<th scope=\"col\">before</th><th scope=\"col\">during</th>"
                "<th scope=\"col\">after</th><th scope=\"col\">all</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->n_backends; i++) {
        const struct share *s = &t->shares[i];
        sb_addf(out, "<tr><th scope=\"row\"><span class=\"key b%zu\"></span>",
                series_of(r, (int)i));
        page_text(out, r->backends[i]);
        sb_add(out, "</th>");
        share_cell(out, s->before, all.before);
        share_cell(out, s->during, all.during);
        share_cell(out, s->after, all.after);
        share_cell(out, s->answered, all.answered);
        sb_add(out, "</tr>\n");
    }
    sb_add(out, "</tbody></table>\n");
}

static struct view whole_view(const struct trial *t)
{
    const struct load_log *log = &t->log;
    struct view v = {.bars = true};
    if (log->n && log->rate)
        v.to = log->v[log->n - 1].due_us + 1000000 / log->rate;
    return v;
}

/* The fault and what came of it, when that is a small part of the whole. */
static bool close_view(const struct trial *t, const struct view *whole, struct view *v)
{
    const struct mark *fault = trial_mark(t, MARK_FAULT);
    const struct measured *m = &t->measured;
    if (!fault || (!m->lost && m->takeover_us < 0))
        return false;
    const struct spell *first = m->n_spells ? &m->spells[0] : NULL;
    int64_t end = first ? first->from_us + first->length_us : fault->at_us + m->takeover_us;
    int64_t span = end - fault->at_us;
    span = span < 200000 ? 200000 : span; /* less than 0.2 s shows no more than dots */
    *v = (struct view){.from = fault->at_us - span / 2, .to = fault->at_us + span * 2};
    v->from = v->from < 0 ? 0 : v->from;
    v->to = v->to > whole->to ? whole->to : v->to;
    return v->to - v->from < (whole->to - whole->from) / 3;
}

static void add_figures(struct strbuf *out, const struct failover_report *r, const struct trial *t)
{
    autosb struct strbuf caption = {0};
    struct view whole = whole_view(t), near;
    sb_addf(&caption, "%s, round %u: ", t->scenario->name, t->round);
    sb_outage(&caption, &t->measured);
    if (!t->log.n)
        return;
    whole.caption = sb_str(&caption);
    page_figure(out, r, t, &whole);
    if (!close_view(t, &whole, &near))
        return;
    near.caption = sb_str(&caption);
    sb_add(out, "<p class=\"closer\">Closer, around the fault</p>\n");
    page_figure(out, r, t, &near);
}

static void add_trial(struct strbuf *out, const struct failover_report *r, const struct trial *t,
                      const char *which)
{
    autosb struct strbuf line = {0}, reason = {0};
    sb_add(out, "<article>\n<h3>");
    if (which)
        sb_addf(out, "Round %u of %u, %s", t->round, r->repeat, which);
    else
        sb_add(out, "What happened");
    sb_add(out, "</h3>\n<p>");
    page_badge(out, t->verdict);
    if (t->host) {
        sb_add(&line, "Fault on ");
        sb_add(&line, t->host);
        sb_add(&line, ": ");
    }
    sb_outage(&line, &t->measured);
    sb_addc(out, ' ');
    page_text(out, sb_str(&line));
    if (t->measured.lost) {
        sb_reset(&line);
        sb_lost_kinds(&line, &t->measured);
        sb_addf(out, " (%s)", sb_str(&line));
    }
    sb_add(out, ".</p>\n");
    if (t->verdict != TRIAL_PASS) {
        sb_reason(&reason, r, t);
        sb_add(out, "<p class=\"reason\">");
        page_text(out, sb_str(&reason));
        sb_add(out, "</p>\n");
    }
    add_facts(out, r, t);
    if (t->log.n) {
        page_legend(out, r);
        add_figures(out, r, t);
    }
    sb_add(out, "<div class=\"pair\">");
    add_marks(out, t);
    if (t->measured.requests)
        add_shares(out, r, t);
    sb_add(out, "</div></article>\n");
}

static void round_row(struct strbuf *out, const struct trial *t)
{
    const struct measured *m = &t->measured;
    sb_addf(out, "<tr><th scope=\"row\">%u</th><td>", t->round);
    page_text(out, t->host);
    sb_add(out, "</td><td>");
    page_badge(out, t->verdict);
    sb_add(out, "</td>");
    if (m->requests) {
        page_duration_cell(out, "", m->outage_us);
        sb_addf(out, "<td>%zu</td>", m->lost);
        page_duration_cell(out, "", m->worst_us);
        page_duration_cell(out, "", m->detection_us);
        page_duration_cell(out, "", m->takeover_us);
    } else {
        sb_add(out, "<td colspan=\"5\">");
        page_text(out, t->reason);
        sb_add(out, "</td>");
    }
    sb_add(out, "</tr>\n");
}

static void add_rounds(struct strbuf *out, const struct failover_report *r,
                       const struct scenario *sc)
{
    sb_add(out, "<h3>Every round</h3>\n<div class=\"scroll\"><table class=\"rounds\"><thead><tr>"
                "<th>Round</th><th>Fault on</th><th>Verdict</th><th>Outage</th><th>Lost</th>"
                "<th>Worst latency</th><th>Detected</th><th>VIP moved</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->trials.n; i++)
        if (r->trials.v[i]->scenario == sc)
            round_row(out, r->trials.v[i]);
    sb_add(out, "</tbody></table></div>\n");
}

static void add_prediction(struct strbuf *out, const struct prediction *p)
{
    if (!p->how)
        return;
    sb_add(out, "<p>Predicted outage: <b>");
    sb_prediction(out, p);
    sb_add(out, "</b> (");
    page_text(out, p->how);
    sb_add(out, ")</p>\n");
}

void page_section(struct strbuf *out, const struct failover_report *r,
                  const struct scenario_summary *s)
{
    const struct trial *median = median_trial(r, s), *worst = worst_trial(r, s);
    sb_addf(out, "<section id=\"%s\"><h2>%s ", s->scenario->name, s->scenario->name);
    page_badge(out, summary_verdict(s));
    sb_addf(out, "</h2>\n<p class=\"sub\">%s%s</p>\n", s->scenario->title,
            s->scenario->planned ? "; planned, so nothing may be lost" : "");
    add_prediction(out, &s->predicted);
    if (median)
        add_trial(out, r, median,
                  s->rounds == 1    ? NULL
                  : median == worst ? "the median and the worst"
                                    : "the median");
    if (worst && worst != median)
        add_trial(out, r, worst, "the worst");
    for (size_t i = 0; i < r->trials.n; i++) {
        const struct trial *t = r->trials.v[i];
        if (t->scenario == s->scenario && t->verdict == TRIAL_FAILED)
            add_trial(out, r, t, s->rounds == 1 ? NULL : "which failed");
        else if (t->scenario == s->scenario && t->verdict == TRIAL_SKIPPED && s->rounds == 1)
            add_trial(out, r, t, NULL);
    }
    if (s->rounds > 1)
        add_rounds(out, r, s->scenario);
    sb_add(out, "</section>\n");
}
