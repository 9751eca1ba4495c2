#pragma once
/* The parts of status_text(). */
#include "cli/render_status.h"

/* Where the text goes, how, and how wide the columns of names are. */
struct sheet {
    struct strbuf *sb;
    const struct style *st;
    const struct status_report *r;
    size_t name_width;
};

void sheet_pad(struct sheet *p, size_t have, size_t want);
/* Foreign text; C_RESET: as it is. */
void sheet_colored(struct sheet *p, enum color c, const char *text);
/* A cell and the two blanks behind it; to the left of its column. */
void sheet_cell(struct sheet *p, enum color c, const char *text, size_t width);

void sheet_real_servers(struct sheet *p); /* status_hosts.c */
void sheet_hosts(struct sheet *p);
