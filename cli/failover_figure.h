#pragma once
/*
 * A figure is as wide as the page lets it be, and its text keeps its size: what is drawn over time
 * stands in a nested <svg> of 1000 units that is stretched, what is written is placed in per cent.
 * Heights are CSS pixels throughout.
 */
#include "cli/failover_page.h"

struct figure {
    struct strbuf *out;
    const struct failover_report *r;
    const struct trial *t;
    struct view view;
    int64_t zero;   /* the fault: what times on the axis count from */
    double labels;  /* heights from the top: the marks' labels end... */
    double bars;    /* ...answers a second end; == labels without them */
    double latency; /* ...latencies end */
    double lost;    /* ...rows of lost requests end */
    double height;  /* ...the axis ends */
    int low, high;  /* latency axis: powers of ten, in microseconds */
};

/* Units of the stretched <svg>, per cent of the other. */
static inline double figure_x(const struct figure *f, int64_t us)
{
    return (double)(us - f->view.from) * 1000 / (double)(f->view.to - f->view.from);
}
static inline double figure_percent(const struct figure *f, int64_t us)
{
    return figure_x(f, us) / 10;
}
static inline bool figure_shows(const struct figure *f, int64_t us)
{
    return us >= f->view.from && us < f->view.to;
}

enum {
    FIGURE_PAD = 20,
    FIGURE_BARS = 90,
    FIGURE_LATENCY = 120,
    FIGURE_ROW = 16,
    FIGURE_LANE = 15,
    FIGURE_GAP = 12
};

/* failover_marks.c */
/* Lanes that the labels need so that none covers another. */
unsigned figure_lanes(const struct figure *f);
void figure_marks(const struct figure *f);

/* failover_series.c: what goes into the stretched <svg>. */
void figure_bars(const struct figure *f);
void figure_latencies(const struct figure *f);
void figure_lost(const struct figure *f);
double figure_latency_y(const struct figure *f, double us);
