#pragma once
/* Decoding by the tables of schema.h: JSON values into structs, with every complaint in place. */
#include <jansson.h>

#include "inventory/diagnostics.h"
#include "inventory/schema.h"

struct decoder {
    struct arena *arena; /* for strings and lists */
    struct diagnostics *diags;
    const char *base_dir; /* relative paths start here */
    enum profile profile; /* whose defaults */
    struct cluster *cluster; /* which keeps the secrets' sources */
    const json_t *json;      /* all of the inventory */
    bool foreign;            /* the inventory is not the operator's own: secret.c */
    struct secret_source *known; /* foreign: what may be used all the same */
};

/* Where a value is: a chain up to the top, so that a pointer is only made when one is needed. */
struct where {
    const struct where *up; /* NULL: this is the whole file */
    const char *key;        /* NULL: an array's element */
    size_t index;
};

char *where_pointer(const struct where *w);

/* Which keys an object had (bit n: field n), and which of those were no good. */
struct seen {
    uint32_t given, bad;
};

static inline bool seen_given(const struct seen *s, unsigned field)
{
    return s->given >> field & 1;
}

/* Given and good, or left to its default. */
static inline bool seen_good(const struct seen *s, unsigned field)
{
    return !(s->bad >> field & 1);
}

/* Set every field that has a default in the profile. */
void decode_defaults(struct decoder *d, const struct table *t, void *out);

/*
 * Set the fields that the object gives; complain about what is wrong, unknown or missing. NULL is
 * an object without keys; nothing is done (but a complaint) for a value that is no object. Fields
 * with a complaint keep their value. TYPE_OBJECT and TYPE_LIST members are only checked to be such.
 */
void decode_object(struct decoder *d, const struct table *t, const json_t *json, void *out,
                   const struct where *w, struct seen *seen);
