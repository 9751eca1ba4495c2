#pragma once
/* Decoding single values, by their type: the half of decode.h that knows no objects. */
#include "inventory/decode.h"

/* Store the value at its field's place in `out`, or complain, store nothing and return -1. */
int decode_value(struct decoder *d, const struct field *f, const json_t *v, void *out,
                 const struct where *w);

/* For messages; the strings live in the decoder's arena. */
const char *decode_show(struct decoder *d, const char *s); /* quoted, and cut where it is long */
/* False after a complaint; a secret is not shown in it. */
bool decode_allowed(struct decoder *d, const struct field *f, const struct text_rule *rule,
                    const char *s, const struct where *w);
const char *decode_absolute(struct decoder *d, const char *path); /* a local file's name */
const char *decode_type_of(const json_t *v);               /* "an array" */
const char *decode_choice_list(struct decoder *d, const struct choice *c); /* "rr", "wrr" or "lc" */
