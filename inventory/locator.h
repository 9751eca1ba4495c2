#pragma once
/*
 * Where things are in a JSON text. jansson forgets positions, so when there is something to report
 * the text is scanned once more; a good file costs nothing.
 */
#include <stdbool.h>
#include <stddef.h>

struct position {
    unsigned line, column; /* from 1; column in characters */
};

struct locate {
    const char *pointer;   /* RFC 6901 */
    bool key;              /* the position of the member's key instead of its value's */
    struct position found; /* out; 1:1 where the pointer leads nowhere */
};

/* The text must be valid JSON (jansson has read it) of bounded depth; duplicate keys are fine: the
 * last one counts, as for jansson. One pass, whatever n. */
void locate(const char *text, size_t len, struct locate *want, size_t n);

/* Calls found() for each member whose key its object has already; `pointer` lives for the call. */
typedef void duplicate_key_fn(void *arg, const char *pointer, const char *key, struct position here,
                              struct position first);
void locate_duplicates(const char *text, size_t len, duplicate_key_fn *found, void *arg);

/* The position of a byte offset. */
struct position locate_offset(const char *text, size_t len, size_t offset);

/* The offset of the first bracket nested deeper than `max`, or `len`. Works on any bytes at all. */
size_t locate_depth(const char *text, size_t len, unsigned max);
