#pragma once
/* Strict parsers: the whole string or nothing; no leading blanks, signs or locale. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);
/* "2s", "1.5s", "500ms", "1m", "1h", or a number of seconds; to the microsecond. */
bool parse_time_us(const char *s, int64_t min, int64_t max, int64_t *out);
bool parse_mode(const char *s, unsigned *out); /* octal file mode, 0 to 07777 */

/*
 * Split off the next blank-separated word of *s: returns its start, NUL-terminates it in place, and
 * moves *s behind it; NULL at the end.
 */
char *parse_word(char **s);

/*
 * RFC 4648 base64. Decode returns the number of bytes written to out (at most 3 for every 4 read)
 * or -1 for anything that is not clean, padded base64 without blanks.
 */
long base64_decode(const char *s, size_t n, unsigned char *out);
struct strbuf;
void base64_encode(struct strbuf *out, const void *data, size_t n, size_t line_width); /* 0: one line */

/* Levenshtein's nearest of the NULL-terminated list, or NULL when none is near: for "did you mean". */
const char *nearest_word(const char *word, const char *const *list);
