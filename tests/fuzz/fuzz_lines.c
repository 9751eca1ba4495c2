/*
 * A command's output, cut into lines: the same however it arrives. The first byte says in what
 * pieces; lines of ours are taken apart.
 */
#include "engine/script.h"
#include "fuzz.h"
#include "ssh/lines.h"

enum { MAX_LINE = 64, MAX_TOTAL = 1024 };
static const char nonce[] = "aaaaaaaaaaaaaaaa";

struct heard {
    struct strbuf all; /* each line and a newline */
    bool refused;
};

static void take_apart(const char *line, size_t len)
{
    autofree char *copy = xmalloc(len + 1);
    memcpy(copy, line, len + 1);
    size_t n = strlen(copy);
    char *kind, *rest;
    if (!script_line(nonce, copy, &kind, &rest))
        return;
    HOLDS(!strncmp(line, "@aaaaaaaaaaaaaaaa ", 18) && kind == copy + 18);
    HOLDS(!strchr(kind, ' ') && rest >= kind && rest + strlen(rest) == copy + n);
}

static int on_line(void *ud, const char *line, size_t len, struct err *e)
{
    struct heard *h = ud;
    (void)e;
    HOLDS(line[len] == '\0' && len <= MAX_LINE && !memchr(line, '\n', len));
    sb_addn(&h->all, line, len);
    sb_addc(&h->all, '\n');
    take_apart(line, len);
    return 0;
}

static void feed(struct heard *h, const uint8_t *data, size_t size, size_t piece)
{
    const struct ssh_sink sink = {
        .line = on_line, .ud = h, .max_line = MAX_LINE, .max_total = MAX_TOTAL};
    struct lines l;
    struct err e = {0};
    lines_init(&l, &sink);
    for (size_t at = 0; at < size && !h->refused; at += piece) {
        size_t n = piece < size - at ? piece : size - at;
        autofree char *scratch = xmalloc(n);
        memcpy(scratch, data + at, n);
        h->refused = lines_feed(&l, scratch, n, &e) < 0;
    }
    if (!h->refused)
        HOLDS(lines_end(&l, &e) == 0);
    HOLDS(h->refused == (e.code == ERR_PROTOCOL));
    lines_free(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct heard whole = {0}, pieces = {0};
    feed(&whole, data + 1, size - 1, size);
    feed(&pieces, data + 1, size - 1, 1 + data[0] % 16u);
    HOLDS(whole.refused == pieces.refused);
    if (!whole.refused) {
        size_t n = whole.all.len;
        HOLDS(n == pieces.all.len && (!n || !memcmp(whole.all.s, pieces.all.s, n)));
        HOLDS((n == size - 1 || n == size) && !memcmp(sb_str(&whole.all), data + 1, size - 1));
    }
    sb_free(&whole.all);
    sb_free(&pieces.all);
    return 0;
}
