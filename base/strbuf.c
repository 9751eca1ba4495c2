#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static size_t room(struct strbuf *sb, size_t n)
{
    if (sb->cap && sb->len + n > sb->cap) {
        sb->truncated = true;
        n = sb->cap > sb->len ? sb->cap - sb->len : 0;
    }
    if (sb->len + n + 1 > sb->alloc) {
        size_t want = sb->alloc ? sb->alloc * 2 : 64;
        if (want < sb->len + n + 1)
            want = sb->len + n + 1;
        sb->s = xrealloc(sb->s, want);
        sb->alloc = want;
    }
    return n;
}

void sb_addn(struct strbuf *sb, const char *s, size_t n)
{
    n = room(sb, n);
    if (n)
        memcpy(sb->s + sb->len, s, n);
    sb->len += n;
    sb->s[sb->len] = '\0';
}

void sb_add(struct strbuf *sb, const char *s)
{
    sb_addn(sb, s, strlen(s));
}

void sb_addc(struct strbuf *sb, char c)
{
    if (room(sb, 1))
        sb->s[sb->len++] = c;
    sb->s[sb->len] = '\0';
}

void sb_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
    char small[256]; /* enough for most: no allocation, and formatted once */
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    if (n > 0 && (size_t)n < sizeof small) {
        sb_addn(sb, small, (size_t)n);
    } else if (n > 0) {
        char *tmp = xmalloc((size_t)n + 1);
        vsnprintf(tmp, (size_t)n + 1, fmt, again);
        sb_addn(sb, tmp, (size_t)n);
        xfree(tmp);
    }
    explicit_bzero(small, sizeof small); /* as xfree() does */
    va_end(again);
}

void sb_addf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(sb, fmt, ap);
    va_end(ap);
}

void sb_drop_front(struct strbuf *sb, size_t n)
{
    if (n >= sb->len) {
        sb_reset(sb);
        return;
    }
    memmove(sb->s, sb->s + n, sb->len - n + 1);
    sb->len -= n;
}

void sb_reset(struct strbuf *sb)
{
    sb->len = 0;
    sb->truncated = false;
    if (sb->s)
        sb->s[0] = '\0';
}

void sb_free(struct strbuf *sb)
{
    xfree(sb->s);
    *sb = (struct strbuf){.cap = sb->cap};
}

const char *sb_str(const struct strbuf *sb)
{
    return sb->s ? sb->s : "";
}

char *sb_detach(struct strbuf *sb)
{
    char *s = sb->s ? sb->s : xstrdup("");
    *sb = (struct strbuf){.cap = sb->cap};
    return s;
}
