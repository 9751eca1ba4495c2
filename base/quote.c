#include "base/quote.h"

#include <string.h>

void quote_sh(struct strbuf *out, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    if (*s && s[strspn(s, plain)] == '\0') {
        sb_add(out, s);
        return;
    }
    sb_addc(out, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            sb_add(out, "'\\''");
        else
            sb_addc(out, *s);
    }
    sb_addc(out, '\'');
}

void quote_octal(struct strbuf *out, const char *s)
{
    for (; *s; s++) {
        if (strchr(" \t\n\\#\"", *s))
            sb_addf(out, "\\%03o", (unsigned char)*s);
        else
            sb_addc(out, *s);
    }
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

void quote_json(struct strbuf *out, const char *s)
{
    sb_addc(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            sb_addf(out, "\\%c", c);
        else if (c == '\n')
            sb_add(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            sb_addf(out, "\\u%04x", c);
        else
            sb_addc(out, (char)c);
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

/* Length of the well-formed, printable UTF-8 sequence at s, or 0. */
static size_t utf8_printable(const unsigned char *s, size_t n)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000}; /* shorter would do: overlong */
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f;
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
        size_t len = utf8_printable((const unsigned char *)s + i, n - i);
        if (len > 1 && out->cap && out->len + len > out->cap) {
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
    for (; *s; s++) {
        switch (*s) {
        case '&': sb_add(out, "&amp;"); break;
        case '<': sb_add(out, "&lt;"); break;
        case '>': sb_add(out, "&gt;"); break;
        case '"': sb_add(out, "&quot;"); break;
        case '\'': sb_add(out, "&#39;"); break;
        default:
            /* XML 1.0 cannot carry C0 controls at all */
            if ((unsigned char)*s >= 0x20 || *s == '\n' || *s == '\t')
                sb_addc(out, *s);
            else
                sb_addf(out, "\\x%02x", (unsigned char)*s);
        }
    }
}

void quote_label(struct strbuf *out, const char *s)
{
    sb_addc(out, '"');
    for (; *s; s++)
        if (*s == '\n')
            sb_add(out, "\\n");
        else if (*s == '"' || *s == '\\')
            sb_addf(out, "\\%c", *s);
        else
            sb_addc(out, *s);
    sb_addc(out, '"');
}
