#pragma once
/*
 * A growable, always NUL-terminated string buffer with an optional cap. A zeroed buffer is empty and
 * has no cap. Past the cap, additions are dropped and `truncated` is set: remote output is hostile
 * and must not fill the operator's memory.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
    char *s;      /* NULL while empty; use sb_str() for a string that is never NULL */
    size_t len;   /* bytes, without the NUL */
    size_t alloc;
    size_t cap;   /* largest len allowed; 0 means none */
    bool truncated;
};

void sb_add(struct strbuf *sb, const char *s);
void sb_addn(struct strbuf *sb, const char *s, size_t n);
void sb_addc(struct strbuf *sb, char c);
void sb_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3), nonnull));
void sb_vaddf(struct strbuf *sb, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0), nonnull(1, 2)));
void sb_drop_front(struct strbuf *sb, size_t n); /* forget the first n bytes */
void sb_reset(struct strbuf *sb);                /* empty, keep the memory */
void sb_free(struct strbuf *sb);                 /* also the cleanup handler of autosb */
const char *sb_str(const struct strbuf *sb);
char *sb_detach(struct strbuf *sb); /* the caller frees the string; the buffer is empty again */

#define autosb __attribute__((cleanup(sb_free)))
