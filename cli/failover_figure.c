/* The frame of a figure: heights, axes, what lies behind the data. */
#include "cli/failover_figure.h"

#include <math.h>

/* The latency axis spans whole decades around what is to be shown. */
static void scale_latency(struct figure *f)
{
    double low = 1e3, high = 1e4;
    for (size_t i = 0; i < f->t->log.n; i++) {
        const struct load_record *q = &f->t->log.v[i];
        double us = (double)(q->done_us - q->due_us);
        if (q->outcome != LOAD_OK || us < 1)
            continue;
        low = us < low ? us : low;
        high = us > high ? us : high;
    }
    f->low = (int)floor(log10(low));
    f->high = (int)ceil(log10(high));
}

static unsigned lost_kinds(const struct trial *t)
{
    unsigned n = 0;
    for (unsigned o = LOAD_OK + 1; o < LOAD_OUTCOMES; o++)
        n += t->measured.by_outcome[o] > 0;
    return n;
}

static void lay_out(struct figure *f)
{
    f->labels = figure_lanes(f) * FIGURE_LANE + 4;
    f->bars = f->labels + (f->view.bars ? FIGURE_PAD + FIGURE_BARS : 0);
    f->latency = f->bars + FIGURE_PAD + FIGURE_LATENCY;
    f->lost = f->latency + (lost_kinds(f->t) ? FIGURE_GAP + lost_kinds(f->t) * FIGURE_ROW : 0);
    f->height = f->lost + 24;
    scale_latency(f);
}

/* A step of 1, 2 or 5 times a power of ten that gives at most `most` ticks. */
static int64_t tick_step(int64_t span, int64_t most)
{
    static const int64_t nice[] = {1, 2, 5};
    for (int64_t scale = 1;; scale *= 10)
        for (size_t i = 0; i < ARRAY_LEN(nice); i++)
            if (span / (nice[i] * scale) < most)
                return nice[i] * scale;
}

static void add_tick_label(struct strbuf *out, int64_t us, int64_t step)
{
    const char *sign = us < 0 ? "\xe2\x88\x92" : ""; /* a minus, not a hyphen */
    double v = (double)(us < 0 ? -us : us);
    if (us == 0)
        sb_add(out, "0");
    else if (step < 100000)
        sb_addf(out, "%s%.0f ms", sign, v / 1e3);
    else
        sb_addf(out, "%s%.*f s", sign, step < 1000000 ? 1 : 0, v / 1e6);
}

static void time_axis(const struct figure *f)
{
    int64_t step = tick_step(f->view.to - f->view.from, 7);
    int64_t first = f->view.from - f->zero;
    first = (first >= 0 ? (first + step - 1) / step : first / step) * step;
    for (int64_t at = first; at + f->zero <= f->view.to; at += step) {
        double x = figure_percent(f, at + f->zero);
        sb_addf(f->out,
                "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%.0f\" y2=\"%.0f\"/>", x, x,
                f->labels, f->lost);
        sb_addf(f->out, "<text class=\"tick\" x=\"%.2f%%\" y=\"%.0f\" text-anchor=\"%s\">", x,
                f->lost + 16,
                x < 4    ? "start"
                : x > 96 ? "end"
                         : "middle");
        add_tick_label(f->out, at, step);
        sb_add(f->out, "</text>\n");
    }
}

static void outage_windows(const struct figure *f)
{
    const struct measured *m = &f->t->measured;
    for (size_t i = 0; i < m->n_spells; i++) {
        const struct spell *s = &m->spells[i];
        double from = figure_x(f, s->from_us), to = figure_x(f, s->from_us + s->length_us);
        from = from < 0 ? 0 : from;
        to = to > 1000 ? 1000 : to;
        if (from < to)
            sb_addf(f->out,
                    "<rect class=\"outage\" x=\"%.1f\" width=\"%.1f\" y=\"%.0f\" height=\"%.0f\"/>",
                    from, to - from, f->labels, f->lost - f->labels);
    }
}

static void rule(const struct figure *f, double y)
{
    sb_addf(f->out, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>", y, y);
}

static void rules(const struct figure *f)
{
    if (f->view.bars) {
        rule(f, f->bars - FIGURE_BARS);
        rule(f, f->bars);
    }
    for (int p = f->low; p <= f->high; p++)
        rule(f, figure_latency_y(f, pow(10, p)));
}

/* What stands left of the plot: the names of rows and the values of rules. */
static void gutter_text(const struct figure *f, double y, const char *kind, const char *text)
{
    sb_addf(f->out, "<text class=\"%s\" x=\"66\" y=\"%.1f\">%s</text>", kind, y, text);
}

static void gutter(const struct figure *f)
{
    autosb struct strbuf text = {0};
    sb_addf(f->out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gutter\" width=\"70\" "
            "height=\"%.0f\" aria-hidden=\"true\">",
            f->height);
    if (f->view.bars) {
        sb_addf(&text, "%u/s", f->t->log.rate);
        gutter_text(f, f->bars - FIGURE_BARS + 4, "tick", sb_str(&text));
        gutter_text(f, f->bars + 4, "tick", "0");
    }
    for (int p = f->low; p <= f->high; p++) {
        static const char *const unit[] = {"\xc2\xb5s", "ms", "s"};
        sb_reset(&text);
        sb_addf(&text, "%.0f %s", pow(10, p % 3), unit[p / 3 > 2 ? 2 : p / 3]);
        gutter_text(f, figure_latency_y(f, pow(10, p)) + 4, "tick", sb_str(&text));
    }
    double y = f->latency + FIGURE_GAP;
    for (unsigned o = LOAD_OK + 1; o < LOAD_OUTCOMES; o++) {
        if (!f->t->measured.by_outcome[o])
            continue;
        gutter_text(f, y + FIGURE_ROW - 5, "lostname", load_outcome_name(o));
        y += FIGURE_ROW;
    }
    sb_add(f->out, "</svg>\n");
}

/* Titles of the panels stand in the space above them. */
static void titles(const struct figure *f)
{
    if (f->view.bars)
        sb_addf(f->out,
                "<text class=\"title\" x=\"0\" y=\"%.0f\">requests a second, by who answered"
                "</text>",
                f->labels + FIGURE_PAD - 7);
    sb_addf(f->out, "<text class=\"title\" x=\"0\" y=\"%.0f\">latency of each answer</text>\n",
            f->bars + FIGURE_PAD - 7);
}

void page_figure(struct strbuf *out, const struct failover_report *r, const struct trial *t,
                 const struct view *v)
{
    const struct mark *fault = trial_mark(t, MARK_FAULT);
    struct figure f = {.out = out, .r = r, .t = t, .view = *v, .zero = fault ? fault->at_us : 0};
    if (!t->log.n || !t->log.rate || v->to <= v->from)
        return;
    lay_out(&f);
    sb_add(out, "<div class=\"fig\">");
    gutter(&f);
    sb_addf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" width=\"100%%\" "
            "height=\"%.0f\" role=\"img\" aria-label=\"",
            f.height);
    page_text(out, v->caption);
    sb_add(out, "\">\n");
    rules(&f);
    time_axis(&f);
    sb_addf(out,
            "<svg x=\"0\" y=\"0\" width=\"100%%\" height=\"%.0f\" viewBox=\"0 0 1000 %.0f\" "
            "preserveAspectRatio=\"none\">\n",
            f.height, f.height);
    outage_windows(&f);
    if (v->bars)
        figure_bars(&f);
    figure_latencies(&f);
    figure_lost(&f);
    sb_add(out, "</svg>\n");
    figure_marks(&f);
    titles(&f);
    sb_add(out, "</svg></div>\n");
}
