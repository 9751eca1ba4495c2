#include "fuzz.h"

#include <stdio.h>

void fuzz_broken(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

static char *copy(const char *s, size_t n)
{
    char *p = xmalloc(n + 1);
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    static const char nothing[1];
    const char *s = data ? (const char *)data : nothing;
    return copy(s, strnlen(s, size));
}

char *fuzz_line(const char **text)
{
    if (!**text)
        return NULL;
    size_t n = strcspn(*text, "\n");
    char *line = copy(*text, n);
    *text += n + ((*text)[n] == '\n');
    return line;
}

/* The character at s and its length; 0: it is none (Unicode, table 3-7). */
static size_t decode(const unsigned char *s, size_t n, uint32_t *out)
{
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (!len || len > n || s[0] > 0xf4)
        return 0;
    *out = len == 1 ? s[0] : s[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *out = *out << 6 | (s[i] & 0x3f);
    }
    bool surrogate = *out >= 0xd800 && *out < 0xe000;
    return *out < least[len] || *out > 0x10ffff || surrogate ? 0 : len;
}

/* Bidi_Control of Unicode's PropList. */
static bool turns(uint32_t c)
{
    return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* Formats without a look of their own, ends of lines and paragraphs, and what is no character. */
static bool hides(uint32_t c)
{
    return c == 0x200b || c == 0xfeff || (c >= 0x2060 && c <= 0x2065) ||
           (c >= 0x206a && c <= 0x206f) || (c >= 0xfff9 && c <= 0xfffb) || c == 0x2028 ||
           c == 0x2029 || c == 0xfffe || c == 0xffff;
}

bool fuzz_is_shown(const char *s, size_t n, bool multiline)
{
    uint32_t c;
    for (size_t len; n; s += len, n -= len) {
        len = 1;
        if (*s >= 0x20 && *s < 0x7f) /* most are: this is for speed alone */
            continue;
        if (!(len = decode((const unsigned char *)s, n, &c)) || turns(c) || hides(c))
            return false;
        bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        if (control && !(multiline && (c == '\n' || c == '\t')))
            return false;
    }
    return true;
}

bool fuzz_is_safe(const char *s)
{
    return !s || fuzz_is_shown(s, strlen(s), false);
}
