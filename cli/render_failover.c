#include "cli/render_failover.h"

#include <string.h>

#include "base/quote.h"
#include "cli/failover_words.h"

static const enum color verdict_colors[] = {
    [TRIAL_PASS] = C_GREEN,
    [TRIAL_OVER] = C_RED,
    [TRIAL_FAILED] = C_RED,
    [TRIAL_SKIPPED] = C_YELLOW,
};

static void add_detail(struct strbuf *sb, const struct style *st, const char *what,
                       const char *text)
{
    if (!*text)
        return;
    sb_addf(sb, "     %s%s:%s%*s ", style_code(st, C_CYAN), what, style_code(st, C_RESET),
            (int)(10 - strlen(what)), "");
    sb_foreign(sb, text, false);
    sb_addc(sb, '\n');
}

static void add_timing(struct strbuf *sb, const struct style *st, const struct trial *t)
{
    const struct measured *m = &t->measured;
    const struct mark *fault = trial_mark(t, MARK_FAULT);
    autosb struct strbuf text = {0};
    if (m->detection_us >= 0) {
        sb_add(&text, "detected after ");
        sb_duration(&text, m->detection_us);
    }
    if (m->takeover_us >= 0) {
        sb_add(&text, text.len ? ", VIP moved after " : "VIP moved after ");
        sb_duration(&text, m->takeover_us);
    }
    if (text.len && fault && fault->error_us) {
        sb_add(&text, " (the fault's time is known to ");
        sb_duration(&text, fault->error_us);
        sb_addc(&text, ')');
    }
    add_detail(sb, st, "takeover", sb_str(&text));
}

static void add_latency(struct strbuf *sb, const struct style *st, const struct measured *m)
{
    autosb struct strbuf text = {0};
    if (m->worst_us < 0)
        return;
    sb_add(&text, "median ");
    sb_duration(&text, m->median_us);
    sb_add(&text, ", worst ");
    sb_duration(&text, m->worst_us);
    add_detail(sb, st, "latency", sb_str(&text));
}

static void add_shares(struct strbuf *sb, const struct style *st, const struct failover_report *r,
                       const struct trial *t)
{
    autosb struct strbuf text = {0};
    for (size_t i = 0; t->shares && i < r->n_backends; i++) {
        const struct share *s = &t->shares[i];
        sb_addf(&text, "%s%s %zu (%zu before, %zu during, %zu after)", i ? "; " : "",
                r->backends[i], s->answered, s->before, s->during, s->after);
    }
    add_detail(sb, st, "answered", sb_str(&text));
}

static void add_prediction(struct strbuf *sb, const struct style *st, const struct prediction *p)
{
    autosb struct strbuf text = {0};
    if (!p->how)
        return;
    sb_prediction(&text, p);
    sb_addf(&text, " (%s)", p->how);
    add_detail(sb, st, "predicted", sb_str(&text));
}

static void add_numbers(struct strbuf *sb, const struct style *st, const struct failover_report *r,
                        const struct trial *t)
{
    autosb struct strbuf kinds = {0};
    sb_lost_kinds(&kinds, &t->measured);
    add_detail(sb, st, "lost", sb_str(&kinds));
    add_prediction(sb, st, &t->predicted);
    add_timing(sb, st, t);
    add_latency(sb, st, &t->measured);
    add_shares(sb, st, r, t);
}

static void add_notes(struct strbuf *sb, const struct style *st, const struct failover_report *r,
                      const struct trial *t)
{
    struct notes notes = {0};
    trial_notes(&notes, r, t);
    for (size_t i = 0; i < notes.n; i++)
        add_detail(sb, st, "note", notes.v[i]);
    notes_free(&notes);
}

void failover_print_trial(FILE *f, const struct style *st, const struct failover_report *r,
                          const struct trial *t)
{
    static const char *const words[] = {"PASS", "OVER", "FAIL", "SKIP"};
    autosb struct strbuf sb = {0}, outage = {0}, reason = {0};
    sb_addf(&sb, "%s%s%s %s", style_code(st, verdict_colors[t->verdict]), words[t->verdict],
            style_code(st, C_RESET), t->scenario->name);
    if (r->repeat > 1)
        sb_addf(&sb, " %u/%u", t->round, r->repeat);
    if (t->host) {
        sb_add(&sb, "  ");
        sb_foreign(&sb, t->host, false);
    }
    if (t->measured.requests) {
        sb_outage(&outage, &t->measured);
        sb_addf(&sb, ": %s", sb_str(&outage));
    }
    sb_addc(&sb, '\n');
    if (t->verdict != TRIAL_PASS) {
        sb_reason(&reason, r, t);
        add_detail(&sb, st, "reason", sb_str(&reason));
    }
    if (t->measured.requests)
        add_numbers(&sb, st, r, t);
    add_notes(&sb, st, r, t);
    fputs(sb_str(&sb), f);
    fflush(f);
}

/* The table: its rows are text, its columns as wide as their widest. */
enum {
    COL_SCENARIO,
    COL_ROUNDS,
    COL_VERDICT,
    COL_OUTAGE,
    COL_WORST,
    COL_LOST,
    COL_WORST_LOST,
    COL_LATENCY,
    COL_DETECTED,
    COL_MOVED,
    COL_PREDICTED,
    COL_BUDGET,
    COLUMNS
};
static const char *const headings[COLUMNS] = {
    "SCENARIO", "ROUNDS",        "VERDICT",  "OUTAGE", "WORST",     "LOST",
    "WORST",    "WORST LATENCY", "DETECTED", "MOVED",  "PREDICTED", "BUDGET",
};

struct row {
    struct strbuf cells[COLUMNS];
    enum trial_verdict verdict;
};

static void fill_row(struct row *row, const struct failover_report *r,
                     const struct scenario_summary *s)
{
    struct strbuf *c = row->cells;
    row->verdict = summary_verdict(s);
    sb_add(&c[COL_SCENARIO], s->scenario->name);
    sb_addf(&c[COL_ROUNDS], "%u", s->rounds);
    sb_add(&c[COL_VERDICT], verdict_name(row->verdict));
    unsigned bad = s->failed ? s->failed : s->over;
    if (bad && s->rounds > 1)
        sb_addf(&c[COL_VERDICT], " %u/%u", bad, s->rounds);
    sb_duration(&c[COL_OUTAGE], s->outage_us);
    sb_duration(&c[COL_WORST], s->worst_outage_us);
    if (s->passed + s->over) {
        sb_addf(&c[COL_LOST], "%zu", s->lost);
        sb_addf(&c[COL_WORST_LOST], "%zu", s->worst_lost);
    }
    sb_duration(&c[COL_LATENCY], s->worst_latency_us);
    sb_duration(&c[COL_DETECTED], s->detection_us);
    sb_duration(&c[COL_MOVED], s->takeover_us);
    sb_prediction(&c[COL_PREDICTED], &s->predicted);
    sb_allowed(&c[COL_BUDGET], r, s->scenario);
}

static void add_row(struct strbuf *sb, const struct style *st, const struct row *row,
                    const size_t widths[COLUMNS], enum color color)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *text = sb_str(&row->cells[i]);
        int pad = (int)(widths[i] - strlen(text));
        bool left = i == COL_SCENARIO || i == COL_VERDICT, colored = i == COL_VERDICT || !i;
        sb_addf(sb, "%s%*s%s%s%s", i ? "  " : "", left ? 0 : pad, "",
                colored ? style_code(st, color) : "", text, colored ? style_code(st, C_RESET) : "");
        if (left)
            sb_addf(sb, "%*s", pad, "");
    }
    sb_addc(sb, '\n');
}

static void add_table(struct strbuf *sb, const struct style *st, const struct failover_report *r)
{
    size_t n = r->summaries.n + 1, widths[COLUMNS] = {0};
    autofree struct row *rows = xcalloc(n, sizeof *rows);
    for (size_t i = 0; i < COLUMNS; i++)
        sb_add(&rows[0].cells[i], headings[i]);
    for (size_t i = 1; i < n; i++)
        fill_row(&rows[i], r, &r->summaries.v[i - 1]);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < COLUMNS; k++)
            if (rows[i].cells[k].len > widths[k])
                widths[k] = rows[i].cells[k].len;
    for (size_t i = 0; i < n; i++)
        add_row(sb, st, &rows[i], widths, i ? verdict_colors[rows[i].verdict] : C_BOLD);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < COLUMNS; k++)
            sb_free(&rows[i].cells[k]);
}

void failover_print_summary(FILE *f, const struct style *st, const struct failover_report *r)
{
    autosb struct strbuf sb = {0};
    size_t counts[TRIAL_SKIPPED + 1] = {0};
    for (size_t i = 0; i < r->trials.n; i++)
        counts[r->trials.v[i]->verdict]++;
    add_table(&sb, st, r);
    sb_addf(&sb, "%zu trial%s: %zu passed, %zu over budget, %zu failed, %zu skipped%s.",
            r->trials.n, r->trials.n == 1 ? "" : "s", counts[TRIAL_PASS], counts[TRIAL_OVER],
            counts[TRIAL_FAILED], counts[TRIAL_SKIPPED],
            r->interrupted ? "; interrupted, the rest was not tried" : "");
    if (r->repeat > 1)
        sb_add(&sb, " Numbers are medians of the trials carried out, and the worst of them.");
    sb_addc(&sb, '\n');
    fputs(sb_str(&sb), f);
}
