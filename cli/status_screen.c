/* The screen of `status --watch`. */
#include <string.h>

#include "cli/render_status.h"
#include "cli/signals.h"

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define RESET "\033[0m"
static const char cut_off[] = "(more: make the window higher)";

void screen_cut(struct strbuf *out, const char *line, size_t n, size_t columns)
{
    bool colored = false;
    for (size_t i = 0; i < n;) {
        autosb struct strbuf run = {0};
        if (line[i] == '\033') {
            const char *end = memchr(line + i, 'm', n - i);
            size_t len = end ? (size_t)(end - line) - i + 1 : n - i;
            sb_addn(out, line + i, len);
            colored = true;
            i += len;
            continue;
        }
        const char *next = memchr(line + i, '\033', n - i);
        sb_addn(&run, line + i, next ? (size_t)(next - line) - i : n - i);
        size_t width = term_width(sb_str(&run));
        if (width > columns) {
            term_clip(out, sb_str(&run), columns);
            sb_add(out, colored ? RESET : "");
            return;
        }
        sb_addn(out, run.s, run.len);
        columns -= width;
        i += run.len;
    }
}

/* From the first row on. The last row stays free: a newline there would scroll. */
static void draw(struct status_screen *s)
{
    autosb struct strbuf frame = {0};
    term_size(s->f, &s->columns, &s->rows);
    size_t room = s->rows > 1 ? s->rows - 1 : 1;
    sb_add(&frame, "\033[H");
    for (const char *p = sb_str(&s->text); *p && room > 0; room--) {
        size_t n = strcspn(p, "\n");
        const char *more = p + n + (p[n] == '\n');
        if (room == 1 && *more)
            screen_cut(&frame, cut_off, strlen(cut_off), s->columns - 1);
        else
            screen_cut(&frame, p, n, s->columns - 1);
        sb_add(&frame, "\033[K\n");
        p = more;
    }
    sb_add(&frame, "\033[J");
    fwrite(frame.s, 1, frame.len, s->f);
    fflush(s->f);
}

void screen_open(struct status_screen *s, FILE *f)
{
    *s = (struct status_screen){.f = f, .open = true};
    signals_screen_end(LEAVE);
    signals_screen(true);
    fputs(ENTER, f);
}

void screen_show(struct status_screen *s, const char *text)
{
    sb_reset(&s->text);
    sb_add(&s->text, text);
    draw(s);
}

void screen_follow(struct status_screen *s)
{
    unsigned columns, rows;
    term_size(s->f, &columns, &rows);
    if (columns != s->columns || rows != s->rows)
        draw(s);
}

void screen_close(struct status_screen *s)
{
    if (!s->open)
        return;
    fputs(LEAVE, s->f);
    fputs(sb_str(&s->text), s->f);
    fflush(s->f);
    signals_screen(false);
    sb_free(&s->text);
    *s = (struct status_screen){0};
}
