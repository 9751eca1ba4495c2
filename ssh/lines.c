#include "ssh/lines.h"

#include <string.h>

enum { DEFAULT_MAX_LINE = 1 << 20, DEFAULT_MAX_TOTAL = 64 << 20 };

void lines_init(struct lines *l, const struct ssh_sink *sink)
{
    *l = (struct lines){0};
    if (sink)
        l->sink = *sink;
    if (!l->sink.max_line)
        l->sink.max_line = DEFAULT_MAX_LINE;
    if (!l->sink.max_total)
        l->sink.max_total = DEFAULT_MAX_TOTAL;
}

static int deliver(struct lines *l, const char *line, size_t len, struct err *e)
{
    return l->sink.line && l->sink.line(l->sink.ud, line, len, e) ? -1 : 0;
}

static int too_long(const struct lines *l, struct err *e)
{
    return err_set(e, ERR_PROTOCOL, "the command printed a line of more than %zu bytes",
                   l->sink.max_line);
}

int lines_feed(struct lines *l, char *data, size_t len, struct err *e)
{
    l->total += len;
    if (l->total > l->sink.max_total)
        return err_set(e, ERR_PROTOCOL, "the command printed more than %zu bytes",
                       l->sink.max_total);
    while (len) {
        char *newline = memchr(data, '\n', len);
        size_t n = newline ? (size_t)(newline - data) : len;
        if (n > l->sink.max_line || l->partial.len > l->sink.max_line - n)
            return too_long(l, e);
        if (!newline) {
            sb_addn(&l->partial, data, n);
            return 0;
        }
        *newline = '\0';
        if (l->partial.len) {
            sb_addn(&l->partial, data, n);
            if (deliver(l, l->partial.s, l->partial.len, e))
                return -1;
            sb_reset(&l->partial);
        } else if (deliver(l, data, n, e)) {
            return -1;
        }
        data += n + 1;
        len -= n + 1;
    }
    return 0;
}

int lines_end(struct lines *l, struct err *e)
{
    if (!l->partial.len)
        return 0;
    int rc = deliver(l, l->partial.s, l->partial.len, e);
    sb_reset(&l->partial);
    return rc;
}

void lines_free(struct lines *l)
{
    sb_free(&l->partial);
}
