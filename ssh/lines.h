#pragma once
/* Cuts a stream of bytes into the lines that a struct ssh_sink wants, within its caps. */
#include "base/strbuf.h"
#include "ssh/ssh.h"

struct lines {
    struct ssh_sink sink;
    struct strbuf partial; /* a line whose newline has not come yet */
    size_t total;
};

void lines_init(struct lines *l, const struct ssh_sink *sink); /* sink NULL: only count */

/* `data` is scratch: newlines in it become NULs. */
int lines_feed(struct lines *l, char *data, size_t len, struct err *e);

/* The stream has ended in order: deliver a last line without a newline. */
int lines_end(struct lines *l, struct err *e);
void lines_free(struct lines *l);
