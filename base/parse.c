#include "base/parse.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

bool parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (!*s)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        unsigned d = (unsigned)(*s - '0');
        if (v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    if (v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool parse_time_us(const char *s, int64_t min, int64_t max, int64_t *out)
{
    int64_t whole = 0, fraction = 0;
    size_t digits = strspn(s, "0123456789");
    if (digits == 0 || digits > 9)
        return false;
    for (size_t i = 0; i < digits; i++)
        whole = whole * 10 + (*s++ - '0');
    int64_t scale = 1;
    if (*s == '.') {
        size_t n = strspn(++s, "0123456789");
        if (n == 0 || n > 6)
            return false;
        for (; n > 0; n--, scale *= 10)
            fraction = fraction * 10 + (*s++ - '0');
    }
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {{"", 1000000}, {"s", 1000000}, {"ms", 1000}, {"m", 60000000}, {"h", 3600000000}};
    int64_t unit = 0;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (!strcmp(s, units[i].name))
            unit = units[i].us;
    if (!unit)
        return false;
    int64_t us = whole * unit + fraction * unit / scale;
    if (us < min || us > max)
        return false;
    *out = us;
    return true;
}

bool parse_mode(const char *s, unsigned *out)
{
    unsigned v = 0;
    size_t n = strlen(s);
    if (n < 1 || n > 5)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '7')
            return false;
        v = v * 8 + (unsigned)(*s - '0');
    }
    if (v > 07777)
        return false;
    *out = v;
    return true;
}

char *parse_word(char **s)
{
    char *p = *s + strspn(*s, " \t");
    if (!*p)
        return *s = p, NULL;
    char *end = p + strcspn(p, " \t");
    *s = *end ? end + 1 : end;
    *end = '\0';
    return p;
}

static int b64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

long base64_decode(const char *s, size_t n, unsigned char *out)
{
    if (n % 4)
        return -1;
    unsigned char *o = out;
    for (size_t i = 0; i < n; i += 4) {
        bool last = i + 4 == n;
        int pad = last && s[i + 3] == '=' ? (s[i + 2] == '=' ? 2 : 1) : 0;
        uint32_t v = 0;
        for (int k = 0; k < 4 - pad; k++) {
            int d = b64_value(s[i + (size_t)k]);
            if (d < 0)
                return -1;
            v |= (uint32_t)d << (18 - 6 * k);
        }
        *o++ = (unsigned char)(v >> 16);
        if (pad < 2)
            *o++ = (unsigned char)(v >> 8);
        if (pad < 1)
            *o++ = (unsigned char)v;
    }
    return (long)(o - out);
}

void base64_encode(struct strbuf *out, const void *data, size_t n, size_t line_width)
{
    static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = data;
    size_t col = 0;
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                     (left > 2 ? p[i + 2] : 0);
        char q[4] = {abc[v >> 18], abc[v >> 12 & 63], left > 1 ? abc[v >> 6 & 63] : '=',
                     left > 2 ? abc[v & 63] : '='};
        sb_addn(out, q, 4);
        col += 4;
        if (line_width && col >= line_width && left > 3) {
            sb_addc(out, '\n');
            col = 0;
        }
    }
}

static size_t edit_distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t la = strlen(a), lb = strlen(b), row[MAX + 1];
    if (la > MAX || lb > MAX)
        return MAX;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diag = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t up = row[j];
            size_t best = diag + (a[i - 1] != b[j - 1]);
            if (up + 1 < best)
                best = up + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diag = up;
        }
    }
    return row[lb];
}

const char *nearest_word(const char *word, const char *const *list)
{
    /* More than a third of the letters wrong is not a typing slip any more. */
    size_t limit = strlen(word) / 3 + 1, best = limit + 1;
    const char *found = NULL;
    for (; *list; list++) {
        size_t d = edit_distance(word, *list);
        if (d < best) {
            best = d;
            found = *list;
        }
    }
    return found;
}
