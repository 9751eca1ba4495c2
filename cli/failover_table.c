/* All scenarios in one table; the strip shows each round's outage on a scale that all share. */
#include "cli/failover_page.h"

/* Beyond so many budgets a dot stands at the edge, or the others would all stand at zero. */
enum { EDGE_BUDGETS_TENTHS = 25 };

static int64_t strip_span(const struct failover_report *r)
{
    int64_t edge = r->budget_us * EDGE_BUDGETS_TENTHS / 10, span = r->budget_us * 5 / 4;
    for (size_t i = 0; i < r->trials.n; i++) {
        int64_t outage = r->trials.v[i]->measured.outage_us * 21 / 20;
        if (trial_counts(r->trials.v[i]) && outage > span)
            span = outage;
    }
    span = span > edge ? edge : span;
    return span > 0 ? span : 1000000;
}

static double percent(int64_t us, int64_t span)
{
    double p = (double)us * 100 / (double)span;
    return p > 100 ? 100 : p;
}

static void add_dots(struct strbuf *out, const struct failover_report *r, const struct scenario *sc,
                     int64_t span)
{
    static const unsigned rows[] = {12, 7, 17}; /* so that equal ones show */
    unsigned n = 0;
    for (size_t i = 0; i < r->trials.n; i++) {
        const struct trial *t = r->trials.v[i];
        if (t->scenario != sc || !trial_counts(t))
            continue;
        double x = percent(t->measured.outage_us, span);
        const char *kind = t->verdict == TRIAL_OVER ? "over" : "within";
        if (x < 100)
            sb_addf(out, "<circle class=\"%s\" cx=\"%.2f%%\" cy=\"%u\" r=\"3.5\"/>", kind, x,
                    rows[n++ % 3]);
        else
            sb_addf(out,
                    "<text class=\"%s\" x=\"100%%\" y=\"17\" text-anchor=\"end\">"
                    "\xe2\x96\xb6</text>",
                    kind);
    }
}

static void add_strip(struct strbuf *out, const struct failover_report *r,
                      const struct scenario_summary *s, int64_t span)
{
    double low = percent(s->predicted.low_us, span), high = percent(s->predicted.high_us, span);
    double budget = percent(s->scenario->planned ? 0 : r->budget_us, span);
    sb_add(out,
           "<td class=\"strip\" data-l=\"Each round\"><svg xmlns=\"http://www.w3.org/2000/svg\" "
           "width=\"100%\" height=\"24\" role=\"img\" aria-label=\"outage of each round\">");
    sb_add(out, "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"12\" y2=\"12\"/>");
    if (s->predicted.how && s->predicted.high_us > 0)
        sb_addf(out,
                "<rect class=\"predicted\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"1\" height=\"22\"/>",
                low, high - low);
    sb_addf(out, "<line class=\"budget\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"24\"/>", budget,
            budget);
    if (s->passed + s->over > 1)
        sb_addf(out, "<line class=\"median\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"2\" y2=\"22\"/>",
                percent(s->outage_us, span), percent(s->outage_us, span));
    add_dots(out, r, s->scenario, span);
    sb_add(out, "</svg></td>\n");
}

/* "320 ms" or, of several rounds, "320 ms <small>worst 410 ms</small>": the median and the worst.
 */
static void pair_cell(struct strbuf *out, const char *label, const char *median, const char *worst,
                      bool several)
{
    sb_addf(out, "<td data-l=\"%s\">%s", label, median);
    if (several)
        sb_addf(out, "<small>worst %s</small>", worst);
    sb_add(out, "</td>");
}

static void outage_cells(struct strbuf *out, const struct scenario_summary *s)
{
    autosb struct strbuf a = {0}, b = {0};
    bool several = s->passed + s->over > 1;
    sb_duration(&a, s->outage_us);
    sb_duration(&b, s->worst_outage_us);
    pair_cell(out, "Outage", sb_str(&a), sb_str(&b), several);
    sb_reset(&a), sb_reset(&b);
    if (s->passed + s->over)
        sb_addf(&a, "%zu", s->lost);
    else
        sb_addc(&a, '-');
    sb_addf(&b, "%zu", s->worst_lost);
    pair_cell(out, "Lost", sb_str(&a), sb_str(&b), several);
}

static void add_row(struct strbuf *out, const struct failover_report *r,
                    const struct scenario_summary *s, int64_t span)
{
    autosb struct strbuf predicted = {0}, allowed = {0};
    sb_addf(out, "<tr><th scope=\"row\"><a href=\"#%s\">%s</a></th><td data-l=\"Verdict\">",
            s->scenario->name, s->scenario->name);
    page_badge(out, summary_verdict(s));
    unsigned bad = s->failed ? s->failed : s->over;
    if (bad && s->rounds > 1)
        sb_addf(out, "<small>%u of %u</small>", bad, s->rounds);
    sb_add(out, "</td>");
    add_strip(out, r, s, span);
    outage_cells(out, s);
    sb_prediction(&predicted, &s->predicted);
    page_cell(out, "Predicted", sb_str(&predicted));
    sb_allowed(&allowed, r, s->scenario);
    page_cell(out, "Allowed", sb_str(&allowed));
    page_duration_cell(out, "Worst latency", s->worst_latency_us);
    page_duration_cell(out, "Detected", s->detection_us);
    page_duration_cell(out, "VIP moved", s->takeover_us);
    sb_add(out, "</tr>\n");
}

static void add_scale(struct strbuf *out, const struct failover_report *r, int64_t span)
{
    double budget = percent(r->budget_us, span);
    sb_add(out, "<tfoot><tr><td></td><td></td><td class=\"strip\" data-l=\"Scale\">"
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%\" height=\"18\" "
                "aria-hidden=\"true\"><text class=\"tick\" x=\"0\" y=\"12\">0</text>");
    sb_addf(out, "<text class=\"tick\" x=\"%.2f%%\" y=\"12\" text-anchor=\"%s\">budget ", budget,
            budget > 75 ? "end" : "middle");
    sb_duration(out, r->budget_us);
    sb_add(out, "</text></svg></td><td colspan=\"7\"></td></tr></tfoot>\n");
}

void page_table(struct strbuf *out, const struct failover_report *r)
{
    static const char *const headings[] = {
        "Scenario",  "Verdict", "Outage of each round", "Outage",   "Lost",
        "Predicted", "Allowed", "Worst latency",        "Detected", "VIP moved"};
    int64_t span = strip_span(r);
    sb_add(out, "<section><h2>Every scenario</h2>\n<table class=\"all\"><thead><tr>");
    for (size_t i = 0; i < ARRAY_LEN(headings); i++)
        sb_addf(out, "<th scope=\"col\">%s</th>", headings[i]);
    sb_add(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < r->summaries.n; i++)
        add_row(out, r, &r->summaries.v[i], span);
    sb_add(out, "</tbody>\n");
    add_scale(out, r, span);
    sb_add(out, "</table>\n<p class=\"fine\"><span class=\"key predicted\"></span>predicted from "
                "the configuration in force <span class=\"key within\"></span>measured, a dot a "
                "round ");
    if (r->repeat > 1)
        sb_add(out, "<span class=\"key medianline\"></span>median ");
    sb_add(out, "<span class=\"key budgetline\"></span>allowed.");
    if (r->repeat > 1)
        sb_add(out, " Numbers are medians.");
    sb_add(out, "</p></section>\n");
}
