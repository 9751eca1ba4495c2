/* What happened to the requests: bars, dots and ticks of a figure, a <path> a series. */
#include "cli/failover_figure.h"

#include <math.h>

size_t series_count(const struct failover_report *r)
{
    return r->n_backends < SERIES_MAX ? r->n_backends : SERIES_MAX;
}

size_t series_of(const struct failover_report *r, int backend)
{
    size_t b = backend < 0 ? 0 : (size_t)backend;
    return r->n_backends > SERIES_MAX && b >= SERIES_MAX - 1 ? SERIES_MAX - 1 : b;
}

void page_legend(struct strbuf *out, const struct failover_report *r)
{
    size_t n = series_count(r);
    sb_add(out, "<ul class=\"legend\">");
    for (size_t i = 0; i < n; i++) {
        sb_addf(out, "<li><span class=\"key b%zu\"></span>", i);
        if (i == SERIES_MAX - 1 && r->n_backends > SERIES_MAX)
            sb_addf(out, "%zu others", r->n_backends - i);
        else
            page_text(out, r->backends[i]);
        sb_add(out, "</li>");
    }
    sb_add(out, "<li><span class=\"key lost\"></span>lost</li>"
                "<li><span class=\"key shade\"></span>requests being lost</li></ul>\n");
}

/*
 * A bin holds whole turns of the scheduler, as long as these are short: its bars would beat with
 * them otherwise. At least four requests, and at most BINS in a figure: 1 to 5 pixels each.
 */
static int64_t bin_width(const struct figure *f)
{
    enum { BINS = 180, TURN_MAX = 20, REQUESTS = 4 };
    size_t n = f->r->n_backends;
    int64_t turn = 1000000 / f->t->log.rate * (int64_t)(n && n <= TURN_MAX ? n : 1);
    int64_t least = (f->view.to - f->view.from) / BINS;
    if (least < 1000000 / f->t->log.rate * REQUESTS)
        least = 1000000 / f->t->log.rate * REQUESTS;
    return turn ? (least + turn - 1) / turn * turn : least + 1;
}

/* One bin's part of the area of each series, lost requests on top. */
static void add_bin(const struct figure *f, struct strbuf *paths, const size_t *counts,
                    int64_t from, int64_t width)
{
    const struct load_log *log = &f->t->log;
    /* Time after the last request is no part of it. */
    int64_t end = log->v[log->n - 1].due_us + 1000000 / log->rate;
    int64_t to = from + width < end ? from + width : end;
    double x = figure_x(f, from), w = figure_x(f, to) - x, y = f->bars;
    double full = (double)log->rate * (double)(to - from) / 1e6; /* requests due in it */
    for (size_t s = 0; s <= SERIES_MAX && full > 0; s++) {
        double h = (double)counts[s] / full * FIGURE_BARS;
        if (counts[s])
            sb_addf(&paths[s], "M%.1f %.1fh%.1fv-%.1fh-%.1fz", x, y, w, h, w);
        y -= h;
    }
}

static void add_paths(const struct figure *f, struct strbuf *paths, const char *kind)
{
    for (size_t s = 0; s <= SERIES_MAX; s++) {
        if (paths[s].len && s < SERIES_MAX)
            sb_addf(f->out, "<path class=\"%s b%zu\" d=\"%s\"/>\n", kind, s, paths[s].s);
        else if (paths[s].len)
            sb_addf(f->out, "<path class=\"%s lost\" d=\"%s\"/>\n", kind, paths[s].s);
        sb_free(&paths[s]);
    }
}

/* Which series a request counts for: SERIES_MAX is "lost". */
static size_t series_of_request(const struct figure *f, const struct load_record *q)
{
    if (q->outcome != LOAD_OK)
        return SERIES_MAX;
    size_t s = series_of(f->r, q->backend);
    return s < SERIES_MAX ? s : SERIES_MAX - 1;
}

void figure_bars(const struct figure *f)
{
    const struct load_log *log = &f->t->log;
    struct strbuf paths[SERIES_MAX + 1] = {0};
    int64_t width = bin_width(f), at = f->view.from;
    size_t counts[SERIES_MAX + 1] = {0}, n = 0;
    for (size_t i = 0; i < log->n; i++) {
        const struct load_record *q = &log->v[i];
        if (!figure_shows(f, q->due_us))
            continue;
        for (; q->due_us >= at + width; at += width, n = 0) {
            if (n)
                add_bin(f, paths, counts, at, width);
            memset(counts, 0, sizeof counts);
        }
        counts[series_of_request(f, q)]++;
        n++;
    }
    if (n)
        add_bin(f, paths, counts, at, width);
    add_paths(f, paths, "bar");
}

double figure_latency_y(const struct figure *f, double us)
{
    double at = (log10(us < 1 ? 1 : us) - f->low) / (f->high - f->low);
    return f->latency - (at < 0 ? 0 : at) * FIGURE_LATENCY;
}

/* Dots that would fall on one another are drawn once, or a long trial would make a huge file. */
void figure_latencies(const struct figure *f)
{
    struct strbuf paths[SERIES_MAX + 1] = {0};
    bool taken[SERIES_MAX][FIGURE_LATENCY + 1];
    long column = -1;
    for (size_t i = 0; i < f->t->log.n; i++) {
        const struct load_record *q = &f->t->log.v[i];
        size_t s = series_of_request(f, q);
        if (s == SERIES_MAX || !figure_shows(f, q->due_us))
            continue;
        long x = lround(figure_x(f, q->due_us));
        double y = figure_latency_y(f, (double)(q->done_us - q->due_us));
        size_t row = (size_t)lround(f->latency - y);
        if (x != column)
            memset(taken, 0, sizeof taken);
        column = x;
        if (row > FIGURE_LATENCY || taken[s][row])
            continue;
        taken[s][row] = true;
        sb_addf(&paths[s], "M%ld %.0fh0", x, y);
    }
    add_paths(f, paths, f->view.bars ? "dot" : "dot big");
}

void figure_lost(const struct figure *f)
{
    double y = f->latency + FIGURE_GAP;
    for (unsigned o = LOAD_OK + 1; o < LOAD_OUTCOMES; o++) {
        autosb struct strbuf path = {0};
        long last = -1;
        if (!f->t->measured.by_outcome[o])
            continue;
        for (size_t i = 0; i < f->t->log.n; i++) {
            const struct load_record *q = &f->t->log.v[i];
            long x = lround(figure_x(f, q->due_us) * 2);
            if (q->outcome == o && figure_shows(f, q->due_us) && x != last) {
                sb_addf(&path, "M%.1f %.0fv%d", (double)x / 2, y + 2, FIGURE_ROW - 4);
                last = x;
            }
        }
        if (path.len)
            sb_addf(f->out, "<path class=\"ticks lost\" d=\"%s\"/>\n", path.s);
        y += FIGURE_ROW;
    }
}
