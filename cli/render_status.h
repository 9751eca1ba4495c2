#pragma once
/* A status report as text and as JSON, and the screen on which one takes the other's place. */
#include "cli/term.h"
#include "ops/status.h"

/* Lines for one screen of 80 columns; names longer than usual make them longer. */
void status_text(struct strbuf *out, const struct style *st, const struct status_report *r);
/* One object, one line. */
void print_status_json(FILE *f, const struct status_report *r);

/*
 * The terminal's alternate screen, so that what was on it before comes back. A frame is one write,
 * each line cut to the window, and as many lines as it has rows.
 */
struct status_screen {
    FILE *f;
    bool open;
    unsigned columns, rows; /* of the last frame */
    struct strbuf text;     /* what it shows, all of it */
};

void screen_open(struct status_screen *s, FILE *f);
void screen_show(struct status_screen *s, const char *text);
/* Draw again if the window has another size by now. */
void screen_follow(struct status_screen *s);
/* Give the terminal back, and leave on it what was shown last. */
void screen_close(struct status_screen *s);
/* One line's part that fits; sequences of colour take no columns. */
void screen_cut(struct strbuf *out, const char *line, size_t n, size_t columns);
