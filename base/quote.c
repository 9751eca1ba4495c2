#include "base/quote.h"

#include <string.h>

/* Add what stands before the first of these characters, and return where that is. */
static const char *plain_run(struct strbuf *out, const char *s, const char *special)
{
    size_t n = strcspn(s, special);
    if (n)
        sb_addn(out, s, n);
    return s + n;
}

void quote_sh(struct strbuf *out, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    if (*s && s[strspn(s, plain)] == '\0') {
        sb_add(out, s);
        return;
    }
    sb_addc(out, '\'');
    while (*(s = plain_run(out, s, "'"))) {
        sb_add(out, "'\\''");
        s++;
    }
    sb_addc(out, '\'');
}

void quote_octal(struct strbuf *out, const char *s)
{
    while (*(s = plain_run(out, s, " \t\n\\#\"")))
        sb_addf(out, "\\%03o", (unsigned char)*s++);
}

void unquote_octal(char *s)
{
    char *to = s;
    for (; *s; s++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
            s[3] >= '0' && s[3] <= '7') {
            *to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
            s += 3;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

/* The control characters but NUL, tab and newline. */
#define CONTROLS                                                                                   \
    "\1\2\3\4\5\6\7\10\13\14\15\16\17"                                                             \
    "\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37"

void quote_json(struct strbuf *out, const char *s)
{
    sb_addc(out, '"');
    for (; *(s = plain_run(out, s, "\"\\\t\n\177" CONTROLS)); s++) {
        if (*s == '"' || *s == '\\')
            sb_addf(out, "\\%c", *s);
        else if (*s == '\n')
            sb_add(out, "\\n");
        else
            sb_addf(out, "\\u%04x", (unsigned char)*s);
    }
    sb_addc(out, '"');
}

/*
 * Characters without a look of their own that change how others are read: they reorder (UAX #9:
 * embeddings, overrides, isolates, marks), hide, or end a line. Joiners (200C, 200D) are part of some
 * scripts' spelling, and stay. inventory/text.c has the same list as a regular expression.
 */
static bool misleads(unsigned long c)
{
    static const struct {
        unsigned long first, last;
    } ranges[] = {{0x80, 0x9f},     {0x61c, 0x61c},   {0x200b, 0x200b}, {0x200e, 0x200f},
                  {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
                  {0xfffe, 0xffff}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static size_t ascii_printable(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && s[i] >= 0x20 && s[i] < 0x7f)
        i++;
    return i;
}

/* Length of the well-formed, printable UTF-8 sequence of more than one byte at s, or 0. */
static size_t utf8_printable(const unsigned char *s, size_t n)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000}; /* shorter would do: overlong */
    size_t len = s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : 0;
    if (!len || len > n)
        return 0;
    unsigned long c = s[0] & (0x7f >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    bool surrogate = c >= 0xd800 && c <= 0xdfff;
    return c < least[len] || surrogate || c > 0x10ffff || misleads(c) ? 0 : len;
}

void quote_terminal(struct strbuf *out, const char *s, size_t n, bool multiline)
{
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t ascii = ascii_printable(s + i, n - i);
        size_t len = ascii ? ascii : utf8_printable((const unsigned char *)s + i, n - i);
        if (!ascii && len && out->cap && out->len + len > out->cap) {
            out->truncated = true; /* no half character */
            return;
        }
        if (len) {
            sb_addn(out, s + i, len);
            i += len;
        } else if (multiline && (c == '\n' || c == '\t')) {
            sb_addc(out, (char)c);
            i++;
        } else {
            sb_addf(out, "\\x%02x", c);
            i++;
        }
    }
}

void quote_xml(struct strbuf *out, const char *s)
{
    for (; *(s = plain_run(out, s, "&<>\"'" CONTROLS)); s++) {
        switch (*s) {
        case '&': sb_add(out, "&amp;"); break;
        case '<': sb_add(out, "&lt;"); break;
        case '>': sb_add(out, "&gt;"); break;
        case '"': sb_add(out, "&quot;"); break;
        case '\'': sb_add(out, "&#39;"); break;
        default: sb_addf(out, "\\x%02x", (unsigned char)*s); /* XML 1.0 cannot carry it at all */
        }
    }
}

void quote_label(struct strbuf *out, const char *s)
{
    sb_addc(out, '"');
    for (; *(s = plain_run(out, s, "\n\"\\")); s++) {
        sb_addc(out, '\\');
        sb_addc(out, *s == '\n' ? 'n' : *s);
    }
    sb_addc(out, '"');
}
