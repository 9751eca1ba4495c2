#include "cli/term.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/quote.h"

static bool term_is_dumb(void)
{
    const char *term = getenv("TERM");
    return !term || !*term || strcmp(term, "dumb") == 0;
}

struct style style_for(FILE *f, enum color_mode mode)
{
    if (mode != COLOR_AUTO)
        return (struct style){.color = mode == COLOR_ALWAYS};
    const char *no = getenv("NO_COLOR");
    return (struct style){.color = !(no && *no) && !term_is_dumb() && isatty(fileno(f))};
}

const char *style_code(const struct style *st, enum color c)
{
    static const char *const codes[] = {
        [C_RESET] = "\033[0m", [C_BOLD] = "\033[1m",   [C_DIM] = "\033[2m",
        [C_RED] = "\033[31m",  [C_GREEN] = "\033[32m", [C_YELLOW] = "\033[33m",
        [C_CYAN] = "\033[36m", [C_BLUE] = "\033[34m",  [C_MAGENTA] = "\033[35m",
    };
    return st->color ? codes[c] : "";
}

bool term_is_live(FILE *f)
{
    return isatty(fileno(f)) && !term_is_dumb();
}

static unsigned env_number(const char *name, unsigned otherwise)
{
    const char *s = getenv(name);
    uint64_t n;
    return s && parse_u64(s, 1, 10000, &n) ? (unsigned)n : otherwise;
}

void term_size(FILE *f, unsigned *columns, unsigned *rows)
{
    struct winsize ws = {0};
    if (ioctl(fileno(f), TIOCGWINSZ, &ws) < 0)
        ws = (struct winsize){0};
    *columns = ws.ws_col ? ws.ws_col : env_number("COLUMNS", 80);
    *rows = ws.ws_row ? ws.ws_row : env_number("LINES", 24);
}

bool term_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The next character: its bytes (at least 1) and columns. */
static size_t next_char(const char *s, size_t n, size_t *columns)
{
    wchar_t wc;
    mbstate_t state = {0};
    size_t len = mbrtowc(&wc, s, n, &state);
    if (len == 0 || len > n) { /* a NUL, incomplete or invalid */
        *columns = 1;
        return 1;
    }
    int w = wcwidth(wc);
    *columns = w < 0 ? 1 : (size_t)w;
    return len;
}

size_t term_width(const char *s)
{
    size_t n = strlen(s), width = 0;
    for (size_t i = 0, w; i < n; width += w)
        i += next_char(s + i, n - i, &w);
    return width;
}

void term_clip(struct strbuf *out, const char *s, size_t columns)
{
    if (term_width(s) <= columns) {
        sb_add(out, s);
        return;
    }
    const char *dots = term_utf8() ? "\xe2\x80\xa6" : ">";
    size_t n = strlen(s), used = 0;
    for (size_t i = 0; columns > 0 && i < n;) {
        size_t w, len = next_char(s + i, n - i, &w);
        if (used + w > columns - 1)
            break;
        sb_addn(out, s + i, len);
        used += w;
        i += len;
    }
    if (columns > 0)
        sb_add(out, dots);
}

void sb_foreign(struct strbuf *out, const char *s, bool multiline)
{
    quote_terminal(out, s, strlen(s), multiline);
}
