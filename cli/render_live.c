/*
 * Progress on a terminal: a table with a line for each host, redrawn in place. Lines that are to
 * stay (failures, the notice of an interrupt) are printed above it. Only the table's own lines are
 * ever touched, and a frame is one write, so that nothing else on the screen is harmed or flickers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "cli/lending.h"
#include "cli/render.h"
#include "cli/signals.h"
#include "cli/view.h"

enum { FRAME_MS = 100, MIN_COLUMNS = 20 };

struct live {
    struct renderer r;
    struct render_options o;
    struct run_view view;
    bool utf8, ended;
    int64_t drawn_ms; /* of the last frame; -1: none yet */
    unsigned columns, rows;
    VEC(size_t) widths;  /* columns of each line on the screen, for when it gets narrower */
    struct strbuf above; /* lines to print above the next frame */
};

static const char *spinner(const struct live *l)
{
    static const char *const braille[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    static const char *const ascii[] = {"-", "\\", "|", "/"};
    size_t frame = (size_t)(l->view.now_ms / FRAME_MS);
    return l->utf8 ? braille[frame % ARRAY_LEN(braille)] : ascii[frame % ARRAY_LEN(ascii)];
}

static const char *state_mark(const struct live *l, const struct host_view *h, enum color *c)
{
    *c = C_CYAN;
    switch (h->state) {
    case HOST_IDLE: *c = C_DIM; return l->utf8 ? "·" : ".";
    case HOST_OK: *c = C_GREEN; return l->utf8 ? "✓" : "+";
    case HOST_FAILED: *c = C_RED; return l->utf8 ? "✗" : "x";
    case HOST_LOST:
    case HOST_LOCKED:
    case HOST_WAITING: *c = C_YELLOW; return l->utf8 ? "…" : "~";
    case HOST_CONNECTING:
    case HOST_OBSERVING:
    case HOST_PLANNED:
    case HOST_STEP: break;
    }
    return spinner(l);
}

/* One line of at most l->columns - 1 columns: the last column would wrap on some terminals. */
static void add_line(struct live *l, struct strbuf *sb, const char *mark, enum color c,
                     const char *text)
{
    autosb struct strbuf clipped = {0};
    size_t mark_width = *mark ? term_width(mark) + 1 : 0;
    term_clip(&clipped, text, l->columns - 1 - mark_width);
    if (*mark)
        sb_addf(sb, "%s%s%s ", style_code(&l->o.style, c), mark, style_code(&l->o.style, C_RESET));
    sb_addf(sb, "%s\033[K\n", sb_str(&clipped));
    *vec_push(&l->widths) = mark_width + term_width(sb_str(&clipped));
}

static void pad(struct strbuf *sb, size_t have, size_t want)
{
    for (; have < want; have++)
        sb_addc(sb, ' ');
}

/* NAME  n/m  WORDS        TIME */
static void add_host(struct live *l, struct strbuf *sb, const struct host_view *h)
{
    autosb struct strbuf text = {0}, words = {0}, time = {0};
    enum color c;
    const char *mark = state_mark(l, h, &c);
    size_t width = l->columns - 1 - (term_width(mark) + 1);
    sb_foreign(&text, h->host->name, false);
    pad(&text, term_width(sb_str(&text)), l->view.name_width);
    if (h->n_steps && h->step)
        sb_addf(&text, " %3zu/%-3zu ", h->state == HOST_OK ? h->done : h->step_no, h->n_steps);
    else
        sb_add(&text, "         ");
    view_words(&words, h);
    if (h->state > HOST_IDLE && h->state < HOST_OK)
        seconds(&time, l->view.now_ms - h->since_ms);
    size_t used = term_width(sb_str(&text)), right = time.len ? time.len + 1 : 0;
    if (used + right + 8 > width)
        right = 0; /* too narrow for a clock */
    term_clip(&text, sb_str(&words), width > used + right ? width - used - right : 0);
    if (right) {
        pad(&text, term_width(sb_str(&text)), width - time.len);
        sb_add(&text, sb_str(&time));
    }
    add_line(l, sb, mark, c, sb_str(&text));
}

static void add_count(struct strbuf *sb, size_t n, const char *word)
{
    if (n)
        sb_addf(sb, ", %zu %s", n, word);
}

static void add_summary(struct live *l, struct strbuf *sb, size_t hidden)
{
    static const char *const what[] = {"looking at", "deploying to", "verifying"};
    const struct run_view *v = &l->view;
    autosb struct strbuf text = {0};
    sb_addf(&text, "%s %zu host%s: %zu done", what[l->o.pass], v->n, v->n == 1 ? "" : "s",
            view_count(v, HOST_OK, HOST_OK));
    add_count(&text, view_count(v, HOST_FAILED, HOST_FAILED), "failed");
    add_count(&text, view_count(v, HOST_CONNECTING, HOST_STEP), "at work");
    add_count(&text, view_count(v, HOST_IDLE, HOST_IDLE), "to come");
    add_count(&text, hidden, "not shown");
    sb_add(&text, "  ");
    seconds(&text, v->now_ms);
    bool busy = !l->ended && l->o.pass != PASS_APPLY;
    add_line(l, sb, busy ? spinner(l) : "", C_CYAN, sb_str(&text));
}

/* Which hosts are worth a line when there is no room for all: 0 first. */
static unsigned rank(const struct host_view *h)
{
    switch (h->state) {
    case HOST_CONNECTING:
    case HOST_OBSERVING:
    case HOST_PLANNED:
    case HOST_STEP: return 0;
    case HOST_LOST:
    case HOST_LOCKED:
    case HOST_WAITING: return 1;
    case HOST_FAILED: return 2;
    case HOST_IDLE: return 3;
    case HOST_OK: break;
    }
    return 4;
}

/* The table; as many hosts as fit, the active ones first, each in the cluster's order. */
static void add_table(struct live *l, struct strbuf *sb)
{
    size_t room = l->rows > 2 ? l->rows - 2 : 1, shown = 0;
    autofree bool *show = xcalloc(l->view.n, sizeof *show);
    if (l->o.pass != PASS_APPLY)
        room = 0; /* a look needs no table, one line will do */
    for (unsigned k = 0; k <= 4; k++)
        for (size_t i = 0; i < l->view.n && shown < room; i++)
            if (rank(&l->view.hosts[i]) == k) {
                show[i] = true;
                shown++;
            }
    for (size_t i = 0; i < l->view.n; i++)
        if (show[i])
            add_host(l, sb, &l->view.hosts[i]);
    add_summary(l, sb, room ? l->view.n - shown : 0);
}

/* To the first column of the table's first line, as the terminal shows it now. */
static void go_up(struct live *l, struct strbuf *sb)
{
    size_t rows = 0;
    for (size_t i = 0; i < l->widths.n; i++)
        rows += l->widths.v[i] ? (l->widths.v[i] - 1) / l->columns + 1 : 1;
    if (rows)
        sb_addf(sb, "\033[%zuA", rows);
    sb_addc(sb, '\r');
    l->widths.n = 0;
}

static void say_notice(struct live *l)
{
    if (signals_take_notice())
        sb_addf(&l->above, "clusterctl: %s\n", signals_notice);
}

/* Take the table away: somebody is to be asked something where it stood. */
static void give_way(struct live *l)
{
    autosb struct strbuf frame = {0};
    go_up(l, &frame);
    sb_addf(&frame, "\033[J%s\033[?25h", sb_str(&l->above));
    sb_reset(&l->above);
    fwrite(frame.s, 1, frame.len, l->o.out);
    fflush(l->o.out);
    l->drawn_ms = -1; /* the next frame is the first one */
    lending_lend();
}

static void draw(struct live *l)
{
    autosb struct strbuf frame = {0};
    if (lending_wanted() && !l->ended) {
        if (!lending_lent())
            give_way(l);
        return;
    }
    term_size(l->o.out, &l->columns, &l->rows);
    if (l->columns < MIN_COLUMNS)
        l->columns = MIN_COLUMNS;
    say_notice(l);
    if (l->drawn_ms < 0)
        sb_add(&frame, "\033[?25l");
    go_up(l, &frame);
    if (l->above.len) {
        sb_add(&frame, "\033[J");
        sb_addn(&frame, l->above.s, l->above.len);
        sb_reset(&l->above);
    }
    if (!l->ended || l->o.pass == PASS_APPLY)
        add_table(l, &frame);
    sb_add(&frame, "\033[J");
    if (l->ended)
        sb_add(&frame, "\033[?25h");
    fwrite(frame.s, 1, frame.len, l->o.out);
    fflush(l->o.out);
    l->drawn_ms = l->view.now_ms;
}

static void say_failure(struct live *l, const struct host_view *h, const struct event *ev)
{
    const struct style *st = &l->o.style;
    bool step = ev->type == EV_STEP_FAILED;
    if ((!step && h->step_failed) || l->o.pass == PASS_PLAN ||
        (ev->err && ev->err->code == ERR_INTERRUPTED))
        return; /* told already; a plan tells it itself; the user did it */
    sb_add(&l->above, style_code(st, C_RED));
    sb_foreign(&l->above, h->host->name, false);
    sb_addf(&l->above, ":%s ", style_code(st, C_RESET));
    if (step)
        sb_foreign(&l->above, ev->step->summary, false);
    sb_add(&l->above, step ? ": failed\n" : "failed\n");
    error_lines(&l->above, st, "  ", ev->err, step ? ev->text : NULL);
}

static void live_event(void *ud, const struct event *ev)
{
    struct live *l = ud;
    const struct host_view *h = view_event(&l->view, ev);
    say_notice(l);
    if (h && (ev->type == EV_STEP_FAILED || ev->type == EV_HOST_FAILED))
        say_failure(l, h, ev);
    l->ended |= ev->type == EV_RUN_END;
    if (l->ended || l->drawn_ms < 0 || l->view.now_ms - l->drawn_ms >= FRAME_MS)
        draw(l);
}

static void live_tick(void *ud, int64_t at_ms)
{
    struct live *l = ud;
    l->view.now_ms = at_ms;
    if (!l->ended && (l->drawn_ms < 0 || at_ms - l->drawn_ms >= FRAME_MS))
        draw(l);
}

static void live_free(struct renderer *r)
{
    struct live *l = r->sink.ud;
    if (!l->ended && l->drawn_ms >= 0) {
        l->ended = true;
        draw(l);
    }
    signals_screen(false);
    lending_display(false);
    say_notice(l);
    fputs(sb_str(&l->above), l->o.out);
    view_free(&l->view);
    vec_free(&l->widths);
    sb_free(&l->above);
    xfree(l);
}

struct renderer *render_live_new(const struct render_options *o)
{
    struct live *l = xcalloc(1, sizeof *l);
    l->o = *o;
    l->utf8 = term_utf8();
    l->drawn_ms = -1;
    view_init(&l->view, o->cluster);
    l->r = (struct renderer){{live_event, live_tick, l}, live_free};
    signals_screen(true);
    lending_display(true);
    return &l->r;
}
