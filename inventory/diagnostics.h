#pragma once
/* Complaints about an inventory: gathered while it is read, placed and sorted once at the end. */
#include <stdbool.h>

#include "base/strbuf.h"
#include "base/vec.h"

/* One complaint about an inventory. */
struct diagnostic {
    unsigned line, column; /* from 1; column in characters */
    char *pointer;         /* RFC 6901 JSON pointer, "" for the whole file */
    char *message;         /* what is wrong and why */
    char *hint;            /* what to do, or NULL */
    bool at_key;           /* the position is that of the member's key, not of its value */
};

struct diagnostics {
    VEC(struct diagnostic) list; /* in file order */
};

/*
 * Add a complaint about the value at `pointer`, which is taken over (see pointerf()). The position
 * stays 0:0 until diagnostics_place(). The message never shows a secret.
 */
void diagnostics_add(struct diagnostics *d, char *pointer, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Say what to do about the complaint added last. */
void diagnostics_hint(struct diagnostics *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The position of the complaint added last is that of its member's key. */
void diagnostics_at_key(struct diagnostics *d);

/* The position of the complaint added last, where the reader knows it already. */
void diagnostics_at(struct diagnostics *d, unsigned line, unsigned column);

/* Fill in the missing positions from the text (which must be valid JSON, but for duplicate keys)
 * and bring the list into file order. */
void diagnostics_place(struct diagnostics *d, const char *text, size_t len);

/*
 * Every complaint as text, as `clusterctl check` prints it:
 *     FILE:LINE:COLUMN: error: MESSAGE (at POINTER)
 *       hint: HINT
 */
void diagnostics_print(const struct diagnostics *d, const char *file, struct strbuf *out);

void diagnostics_free(struct diagnostics *d);

/* A JSON pointer made by printf; the caller frees it. Keys in it must not hold '~' or '/'. */
char *pointerf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Append "/key" with '~' and '/' escaped. */
void pointer_add(struct strbuf *pointer, const char *key);
