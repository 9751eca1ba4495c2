#include "engine/udiff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

struct line {
    const char *s;
    size_t len;
};

struct text {
    VEC(struct line) lines;
    bool no_newline; /* the last line lacks its newline */
};

static void split(struct text *t, const char *s)
{
    while (s && *s) {
        size_t n = strcspn(s, "\n");
        *vec_push(&t->lines) = (struct line){s, n};
        s += n;
        t->no_newline = !*s;
        if (*s)
            s++;
    }
}

static bool same(const struct text *a, size_t i, const struct text *b, size_t j)
{
    const struct line *x = &a->lines.v[i], *y = &b->lines.v[j];
    if (x->len != y->len || memcmp(x->s, y->s, x->len) != 0)
        return false;
    bool x_end = a->no_newline && i + 1 == a->lines.n, y_end = b->no_newline && j + 1 == b->lines.n;
    return x_end == y_end;
}

/* One character a line of the merged text: ' ' in both, '-' only old, '+' only new. */
static void edit_script(const struct text *a, const struct text *b, struct strbuf *ops)
{
    size_t na = a->lines.n, nb = b->lines.n, head = 0, tail = 0;
    while (head < na && head < nb && same(a, head, b, head))
        head++;
    while (tail < na - head && tail < nb - head && same(a, na - 1 - tail, b, nb - 1 - tail))
        tail++;
    size_t ra = na - head - tail, rb = nb - head - tail;
    for (size_t i = 0; i < head; i++)
        sb_addc(ops, ' ');
    size_t i = 0, j = 0;
    if (ra <= UDIFF_MAX_LINES && rb <= UDIFF_MAX_LINES) {
        /* Longest common subsequence, from the end, so that the walk goes forward. */
        size_t w = rb + 1;
        uint16_t *lcs = xcalloc((ra + 1) * w, sizeof *lcs);
        for (size_t x = ra; x-- > 0;)
            for (size_t y = rb; y-- > 0;) {
                uint16_t down = lcs[(x + 1) * w + y], right = lcs[x * w + y + 1];
                lcs[x * w + y] = same(a, head + x, b, head + y)
                                     ? (uint16_t)(lcs[(x + 1) * w + y + 1] + 1)
                                     : (down > right ? down : right);
            }
        while (i < ra && j < rb) {
            if (same(a, head + i, b, head + j)) {
                sb_addc(ops, ' ');
                i++, j++;
            } else if (lcs[(i + 1) * w + j] >= lcs[i * w + j + 1]) {
                sb_addc(ops, '-');
                i++;
            } else {
                sb_addc(ops, '+');
                j++;
            }
        }
        xfree(lcs);
    }
    for (; i < ra; i++)
        sb_addc(ops, '-');
    for (; j < rb; j++)
        sb_addc(ops, '+');
    for (size_t k = 0; k < tail; k++)
        sb_addc(ops, ' ');
}

static void put_line(struct strbuf *out, char op, const struct text *t, size_t i)
{
    sb_addc(out, op);
    sb_addn(out, t->lines.v[i].s, t->lines.v[i].len);
    sb_addc(out, '\n');
    if (t->no_newline && i + 1 == t->lines.n)
        sb_add(out, "\\ No newline at end of file\n");
}

/* "12,3", "12", or "0,0" as diff(1) writes ranges. */
static void put_range(struct strbuf *out, char sign, size_t start, size_t n)
{
    sb_addf(out, "%c%zu", sign, n ? start + 1 : start);
    if (n != 1)
        sb_addf(out, ",%zu", n);
}

static void put_hunk(struct strbuf *out, const char *ops, size_t from, size_t to, size_t ia,
                     size_t ib, const struct text *a, const struct text *b)
{
    size_t na = 0, nb = 0;
    for (size_t k = from; k < to; k++) {
        na += ops[k] != '+';
        nb += ops[k] != '-';
    }
    sb_add(out, "@@ ");
    put_range(out, '-', ia, na);
    sb_addc(out, ' ');
    put_range(out, '+', ib, nb);
    sb_add(out, " @@\n");
    for (size_t k = from; k < to; k++) {
        if (ops[k] == '+') {
            put_line(out, '+', b, ib++);
            continue;
        }
        put_line(out, ops[k], a, ia++);
        ib += ops[k] == ' ';
    }
}

void udiff(struct strbuf *out, const char *path, const char *old, const char *new)
{
    enum { CONTEXT = 3 };
    struct text a = {0}, b = {0};
    autosb struct strbuf opbuf = {0};
    split(&a, old);
    split(&b, new);
    edit_script(&a, &b, &opbuf);
    const char *ops = sb_str(&opbuf);
    size_t n = opbuf.len, ia = 0, ib = 0, k = 0;
    bool any = false;
    while (k < n) {
        size_t change = k + strspn(ops + k, " ");
        if (change == n)
            break;
        if (!any)
            sb_addf(out, "--- %s%s\n+++ %s%s\n", old ? "a" : "", old ? path : "/dev/null",
                    new ? "b" : "", new ? path : "/dev/null");
        any = true;
        size_t from = change - k > CONTEXT ? change - CONTEXT : k, to = change;
        ia += from - k;
        ib += from - k;
        /* Extend over changes that are nearer to each other than two contexts. */
        for (;;) {
            to += strcspn(ops + to, " ");
            size_t gap = strspn(ops + to, " ");
            if (to + gap < n && gap <= 2 * CONTEXT) {
                to += gap;
                continue;
            }
            to += gap < CONTEXT ? gap : CONTEXT;
            break;
        }
        put_hunk(out, ops, from, to, ia, ib, &a, &b);
        for (size_t x = from; x < to; x++) {
            ia += ops[x] != '+';
            ib += ops[x] != '-';
        }
        k = to;
    }
    vec_free(&a.lines);
    vec_free(&b.lines);
}
