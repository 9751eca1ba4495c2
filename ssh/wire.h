#pragma once
/* Reading and writing the SSH wire format (RFC 4251 5): big-endian u32, length-prefixed strings. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/strbuf.h"

struct wire {
    const unsigned char *p;
    size_t n;
};

static inline bool wire_u32(struct wire *w, uint32_t *out)
{
    if (w->n < 4)
        return false;
    *out = (uint32_t)w->p[0] << 24 | (uint32_t)w->p[1] << 16 | (uint32_t)w->p[2] << 8 | w->p[3];
    w->p += 4;
    w->n -= 4;
    return true;
}

static inline bool wire_string(struct wire *w, struct wire *out)
{
    uint32_t len;
    if (!wire_u32(w, &len) || len > w->n)
        return false;
    *out = (struct wire){.p = w->p, .n = len};
    w->p += len;
    w->n -= len;
    return true;
}

/* A short name such as a key type, as a C string; false: empty, too long or not clean ASCII. */
static inline bool wire_name(struct wire *w, char *out, size_t size)
{
    struct wire s;
    if (!wire_string(w, &s) || !s.n || s.n >= size)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

static inline bool wire_is(const struct wire *w, const char *s)
{
    return w->n == strlen(s) && !memcmp(w->p, s, w->n);
}

static inline void wire_put_u32(struct strbuf *sb, uint32_t v)
{
    const char b[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
    sb_addn(sb, b, sizeof b);
}

static inline void wire_put_string(struct strbuf *sb, const void *s, size_t n)
{
    wire_put_u32(sb, (uint32_t)n);
    sb_addn(sb, s, n);
}
