#pragma once
/* What a stream can show: colour, columns, UTF-8. */
#include <stdbool.h>
#include <stdio.h>

#include "base/strbuf.h"

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum color { C_RESET, C_BOLD, C_DIM, C_RED, C_GREEN, C_YELLOW, C_CYAN, C_BLUE, C_MAGENTA };

struct style {
    bool color;
};

/*
 * Colour goes to terminals, unless NO_COLOR is set (to anything but the empty string) or TERM is
 * "dumb"; --color overrides both.
 */
struct style style_for(FILE *f, enum color_mode mode);
/* The escape sequence, or "" where there is no colour. */
const char *style_code(const struct style *st, enum color c);

/* Whether lines on the stream can be redrawn. */
bool term_is_live(FILE *f);
/* The size of the terminal behind the stream now; 80x24 where it does not say. */
void term_size(FILE *f, unsigned *columns, unsigned *rows);
/* Whether the locale's encoding is UTF-8. */
bool term_utf8(void);

/* Columns that `s` takes. Text that is not valid in the locale counts a column a byte. */
size_t term_width(const char *s);
/* Append at most `columns` columns of `s`; with an ellipsis when some is left out. */
void term_clip(struct strbuf *out, const char *s, size_t columns);

/* sb_add() of one line or (multiline) more of foreign text, quoted for a terminal. */
void sb_foreign(struct strbuf *out, const char *s, bool multiline);
