#include "inventory/diagnostics.h"

#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "inventory/locator.h"

static char *vprint(const char *fmt, va_list ap)
{
    struct strbuf sb = {0};
    sb_vaddf(&sb, fmt, ap);
    return sb_detach(&sb);
}

char *pointerf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = vprint(fmt, ap);
    va_end(ap);
    return s;
}

void pointer_add(struct strbuf *pointer, const char *key)
{
    sb_addc(pointer, '/');
    for (; *key; key++) {
        if (*key == '~')
            sb_add(pointer, "~0");
        else if (*key == '/')
            sb_add(pointer, "~1");
        else
            sb_addc(pointer, *key);
    }
}

void diagnostics_add(struct diagnostics *d, char *pointer, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    *vec_push(&d->list) = (struct diagnostic){.pointer = pointer, .message = vprint(fmt, ap)};
    va_end(ap);
}

static struct diagnostic *last(struct diagnostics *d)
{
    return &d->list.v[d->list.n - 1];
}

void diagnostics_hint(struct diagnostics *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    xfree(last(d)->hint);
    last(d)->hint = vprint(fmt, ap);
    va_end(ap);
}

void diagnostics_at_key(struct diagnostics *d)
{
    last(d)->at_key = true;
}

void diagnostics_at(struct diagnostics *d, unsigned line, unsigned column)
{
    last(d)->line = line;
    last(d)->column = column;
}

struct placed {
    struct diagnostic diag;
    size_t seq; /* qsort() is not stable; what was found first stays first */
};

static int by_position(const void *va, const void *vb)
{
    const struct placed *a = va, *b = vb;
    if (a->diag.line != b->diag.line)
        return a->diag.line < b->diag.line ? -1 : 1;
    if (a->diag.column != b->diag.column)
        return a->diag.column < b->diag.column ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static void sort(struct diagnostics *d)
{
    struct placed *v = xcalloc(d->list.n, sizeof *v);
    for (size_t i = 0; i < d->list.n; i++)
        v[i] = (struct placed){.diag = d->list.v[i], .seq = i};
    qsort(v, d->list.n, sizeof *v, by_position);
    for (size_t i = 0; i < d->list.n; i++)
        d->list.v[i] = v[i].diag;
    xfree(v);
}

void diagnostics_place(struct diagnostics *d, const char *text, size_t len)
{
    if (d->list.n == 0)
        return;
    struct locate *want = xcalloc(d->list.n, sizeof *want);
    for (size_t i = 0; i < d->list.n; i++) {
        want[i].pointer = d->list.v[i].pointer;
        want[i].key = d->list.v[i].at_key;
    }
    locate(text, len, want, d->list.n);
    for (size_t i = 0; i < d->list.n; i++) {
        struct diagnostic *g = &d->list.v[i];
        if (g->line)
            continue;
        g->line = want[i].found.line;
        g->column = want[i].found.column;
    }
    xfree(want);
    sort(d);
}

/* Keys and values of the file reach messages and pointers: nothing of them may steer a terminal. */
static void add_safe(struct strbuf *out, const char *s)
{
    quote_terminal(out, s, strlen(s), false);
}

/* Nor fill it: a key may be as long as the file. Nothing of ours comes near this. */
static void add_short(struct strbuf *out, const char *s)
{
    enum { LONGEST = 600 };
    size_t n = strlen(s);
    if (n <= LONGEST) {
        add_safe(out, s);
        return;
    }
    for (n = LONGEST; ((unsigned char)s[n] & 0xc0) == 0x80;)
        n--;
    quote_terminal(out, s, n, false);
    sb_add(out, "...");
}

void diagnostics_print(const struct diagnostics *d, const char *file, struct strbuf *out)
{
    for (size_t i = 0; i < d->list.n; i++) {
        const struct diagnostic *g = &d->list.v[i];
        add_safe(out, file);
        sb_addf(out, ":%u:%u: error: ", g->line, g->column);
        add_short(out, g->message);
        if (*g->pointer) {
            sb_add(out, " (at ");
            add_short(out, g->pointer);
            sb_addc(out, ')');
        }
        sb_addc(out, '\n');
        if (g->hint) {
            sb_add(out, "  hint: ");
            add_short(out, g->hint);
            sb_addc(out, '\n');
        }
    }
}

void diagnostics_free(struct diagnostics *d)
{
    for (size_t i = 0; i < d->list.n; i++) {
        xfree(d->list.v[i].pointer);
        xfree(d->list.v[i].message);
        xfree(d->list.v[i].hint);
    }
    vec_free(&d->list);
}
