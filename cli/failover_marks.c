/* The marks of a figure: a line each, and labels in lanes so that none covers another. */
#include "cli/failover_figure.h"

#include <stdio.h>

#include "base/vec.h"

/*
 * Labels are laid out for the narrowest plot, that of a phone held upright, in the widest of the
 * usual fonts. What has room there has room everywhere.
 */
enum { NARROW = 280, PER_CHARACTER = 7, MOST_LABELS = 12 };

struct label {
    double x; /* per cent */
    double from, to;
    unsigned lane;
    enum mark_kind kind;
    char text[48];
};
typedef VEC(struct label) labels;

static void set_text(struct label *l, const struct figure *f, const struct mark *m)
{
    autosb struct strbuf sb = {0};
    sb_add(&sb, mark_name(m->kind));
    if (m->kind != MARK_FAULT && m->at_us >= f->zero) {
        sb_add(&sb, " +");
        sb_duration(&sb, m->at_us - f->zero);
    }
    snprintf(l->text, sizeof l->text, "%s", sb_str(&sb));
}

/*
 * The first lane at which nothing reaches this label's place, neither in it nor in any below it:
 * its line goes down through those.
 */
static unsigned free_lane(const labels *all, double from)
{
    unsigned lane = 0;
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].to > from && all->v[i].lane >= lane)
            lane = all->v[i].lane + 1;
    return lane;
}

static labels lay_labels(const struct figure *f)
{
    labels all = {0};
    for (size_t i = 0; i < f->t->marks.n && all.n < MOST_LABELS; i++) {
        const struct mark *m = &f->t->marks.v[i];
        if (!figure_shows(f, m->at_us))
            continue;
        struct label l = {.x = figure_percent(f, m->at_us), .kind = m->kind};
        set_text(&l, f, m);
        double width = (double)(strlen(l.text) * PER_CHARACTER + 8) * 100 / NARROW;
        bool right = l.x + width <= 100;
        l.from = right ? l.x : l.x - width;
        l.to = right ? l.x + width : l.x;
        l.lane = free_lane(&all, l.from);
        *vec_push(&all) = l;
    }
    return all;
}

unsigned figure_lanes(const struct figure *f)
{
    labels all = lay_labels(f);
    unsigned n = 0;
    for (size_t i = 0; i < all.n; i++)
        n = all.v[i].lane + 1 > n ? all.v[i].lane + 1 : n;
    vec_free(&all);
    return n;
}

void figure_marks(const struct figure *f)
{
    labels all = lay_labels(f);
    for (size_t i = 0; i < all.n; i++)
        sb_addf(
            f->out, "<line class=\"mark k%d\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%u\" y2=\"%.0f\"/>",
            (int)all.v[i].kind, all.v[i].x, all.v[i].x, all.v[i].lane * FIGURE_LANE + 2, f->lost);
    for (size_t i = 0; i < all.n; i++) {
        const struct label *l = &all.v[i];
        bool right = l->from >= l->x;
        sb_addf(f->out,
                "<text class=\"label k%d\" x=\"%.2f%%\" dx=\"%d\" y=\"%u\" text-anchor=\"%s\">",
                (int)l->kind, l->x, right ? 4 : -4, l->lane * FIGURE_LANE + 12,
                right ? "start" : "end");
        page_text(f->out, l->text);
        sb_add(f->out, "</text>\n");
    }
    vec_free(&all);
}
