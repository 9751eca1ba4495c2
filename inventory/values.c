/* Decoding single values, by their type. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "base/parse.h"
#include "base/quote.h"
#include "inventory/secret.h"
#include "inventory/text.h"
#include "inventory/values.h"

#define complain(d, w, ...) diagnostics_add((d)->diags, where_pointer(w), __VA_ARGS__)

/* A string of the file as a message shows it: quoted, and cut where it is long. */
const char *decode_show(struct decoder *d, const char *s)
{
    enum { LONG = 60 };
    autosb struct strbuf sb = {0};
    size_t n = strlen(s);
    if (n > LONG) {
        for (n = LONG; ((unsigned char)s[n] & 0xc0) == 0x80;)
            n--;
        const char *cut = arena_strndup(d->arena, s, n);
        quote_json(&sb, cut);
        sb_add(&sb, "...");
    } else {
        quote_json(&sb, s);
    }
    return arena_strdup(d->arena, sb_str(&sb));
}

const char *decode_type_of(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a string";
    case JSON_INTEGER: return "a number";
    case JSON_REAL: return "a number with a fraction";
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    default: return "null";
    }
}

static int wrong_type(struct decoder *d, const struct field *f, const json_t *v,
                      const struct where *w, const char *wanted)
{
    complain(d, w, "%s must be %s, not %s", f->name, wanted, decode_type_of(v));
    return -1;
}

static void store(const struct field *f, void *out, const void *value, size_t size)
{
    if (size != f->size)
        abort(); /* a table that does not fit its struct */
    memcpy((char *)out + f->offset, value, size);
}

static void store_unsigned(const struct field *f, void *out, unsigned value)
{
    uint16_t narrow = (uint16_t)value;
    if (f->size == sizeof narrow)
        store(f, out, &narrow, sizeof narrow);
    else
        store(f, out, &value, sizeof value);
}

/* "rr", "wrr" or "lc" */
const char *decode_choice_list(struct decoder *d, const struct choice *c)
{
    autosb struct strbuf sb = {0};
    for (const struct choice *p = c; p->word; p++)
        sb_addf(&sb, "%s\"%s\"", p == c ? "" : p[1].word ? ", " : " or ", p->word);
    return arena_strdup(d->arena, sb_str(&sb));
}

static const struct choice *find_choice(struct decoder *d, const struct field *f, const char *s,
                                        const struct where *w)
{
    const char *words[32];
    size_t n = 0;
    for (const struct choice *c = f->choices; c->word; c++) {
        if (strcmp(c->word, s) == 0)
            return c;
        if (n < ARRAY_LEN(words) - 1)
            words[n++] = c->word;
    }
    words[n] = NULL;
    complain(d, w, "unknown %s %s", f->name, decode_show(d, s));
    const char *near = nearest_word(s, words), *all = decode_choice_list(d, f->choices);
    if (near)
        diagnostics_hint(d->diags, "did you mean \"%s\"? It is one of %s", near, all);
    else
        diagnostics_hint(d->diags, "it is one of %s", all);
    return NULL;
}

bool decode_allowed(struct decoder *d, const struct field *f, const struct text_rule *rule,
                    const char *s, const struct where *w)
{
    const char *wrong = text_refused(rule, s, d->arena);
    if (wrong && f->secret)
        complain(d, w, "%s %s", f->name, wrong);
    else if (wrong)
        complain(d, w, "%s %s %s", f->name, decode_show(d, s), wrong);
    return !wrong;
}

/* What a string becomes, or NULL after a complaint. */
typedef const char *take_fn(struct decoder *d, const struct field *f, const char *s,
                            const struct where *w);

static const char *take_text(struct decoder *d, const struct field *f, const char *s,
                             const struct where *w)
{
    return decode_allowed(d, f, f->text, s, w) ? arena_strdup(d->arena, s) : NULL;
}

static int decode_string(struct decoder *d, const struct field *f, const json_t *v, void *out,
                         const struct where *w)
{
    const char *s = json_string_value(v);
    if (!s)
        return wrong_type(d, f, v, w, "a string");
    if (f->choices) {
        const struct choice *c = find_choice(d, f, s, w);
        s = c ? c->word : NULL;
    } else {
        s = take_text(d, f, s, w);
    }
    if (!s)
        return -1;
    if (f->size)
        store(f, out, &s, sizeof s);
    return 0;
}

static int decode_int(struct decoder *d, const struct field *f, const json_t *v, void *out,
                      const struct where *w)
{
    const char *wanted = arena_printf(d->arena, "a whole number from %ld to %ld", f->min, f->max);
    if (!json_is_integer(v))
        return wrong_type(d, f, v, w, wanted);
    json_int_t n = json_integer_value(v);
    if (n < f->min || n > f->max) {
        complain(d, w, "%s must be %s, not %lld", f->name, wanted, (long long)n);
        return -1;
    }
    store_unsigned(f, out, (unsigned)n);
    return 0;
}

static int decode_time(struct decoder *d, const struct field *f, const json_t *v, void *out,
                       const struct where *w)
{
    const char *wanted = arena_printf(d->arena, "a number of seconds from %.15g to %.15g",
                                      (double)f->min / f->unit, (double)f->max / f->unit);
    if (!json_is_number(v))
        return wrong_type(d, f, v, w, wanted);
    /* 0.29 * 100 is not quite 29: judge by the nearest whole number of units. */
    double seconds = json_number_value(v), n = round(seconds * f->unit);
    if (!(n >= (double)f->min && n <= (double)f->max)) {
        complain(d, w, "%s must be %s, not %.15g", f->name, wanted, seconds);
        return -1;
    }
    if (fabs(seconds * f->unit - n) > 1e-6) {
        const char *step =
            f->unit == 1 ? "whole seconds"
                         : arena_printf(d->arena, "a multiple of %g seconds", 1.0 / f->unit);
        complain(d, w, "%s must be %s, not %.15g", f->name, step, seconds);
        return -1;
    }
    store_unsigned(f, out, (unsigned)n);
    return 0;
}

static int decode_bool(struct decoder *d, const struct field *f, const json_t *v, void *out,
                       const struct where *w)
{
    bool b = json_is_true(v);
    if (!json_is_boolean(v))
        return wrong_type(d, f, v, w, "true or false");
    store(f, out, &b, sizeof b);
    return 0;
}

static int decode_choice(struct decoder *d, const struct field *f, const json_t *v, void *out,
                         const struct where *w)
{
    if (!json_is_string(v))
        return wrong_type(d, f, v, w, decode_choice_list(d, f->choices));
    const struct choice *c = find_choice(d, f, json_string_value(v), w);
    if (!c)
        return -1;
    store_unsigned(f, out, c->value);
    return 0;
}

static int decode_choices(struct decoder *d, const struct field *f, const json_t *v, void *out,
                          const struct where *w)
{
    if (json_is_string(v))
        return decode_choice(d, f, v, out, w);
    if (!json_is_array(v))
        return wrong_type(d, f, v, w, "a string or an array of strings");
    unsigned bits = 0;
    int rc = 0;
    if (json_array_size(v) == 0) {
        complain(d, w, "%s must not be empty", f->name);
        diagnostics_hint(d->diags, "give at least one of %s", decode_choice_list(d, f->choices));
        return -1;
    }
    for (size_t i = 0; i < json_array_size(v); i++) {
        struct where at = {.up = w, .index = i};
        const json_t *item = json_array_get(v, i);
        const struct choice *c = NULL;
        if (!json_is_string(item))
            wrong_type(d, f, item, &at, decode_choice_list(d, f->choices));
        else
            c = find_choice(d, f, json_string_value(item), &at);
        if (c && (bits & c->value)) {
            complain(d, &at, "%s \"%s\" is given twice", f->name, c->word);
            c = NULL;
        }
        if (!c)
            rc = -1;
        else
            bits |= c->value;
    }
    if (rc == 0)
        store_unsigned(f, out, bits);
    return rc;
}

static int parse_address(struct decoder *d, const struct field *f, const json_t *v,
                         const struct where *w, struct ipaddr *out)
{
    if (!json_is_string(v))
        return wrong_type(d, f, v, w, "a string with an IPv4 address");
    const char *s = json_string_value(v);
    if (!ipaddr_parse(s, out)) {
        complain(d, w, "%s %s is not an IPv4 address", f->name, decode_show(d, s));
        diagnostics_hint(d->diags, "write four numbers from 0 to 255, as in \"10.1.1.130\"; "
                                   "names are not looked up");
        return -1;
    }
    return 0;
}

static int decode_address(struct decoder *d, const struct field *f, const json_t *v, void *out,
                          const struct where *w)
{
    struct ipaddr a;
    if (parse_address(d, f, v, w, &a) < 0)
        return -1;
    store(f, out, &a, sizeof a);
    return 0;
}

static int decode_addresses(struct decoder *d, const struct field *f, const json_t *v, void *out,
                            const struct where *w)
{
    if (!json_is_array(v))
        return wrong_type(d, f, v, w, "an array of addresses");
    size_t n = json_array_size(v);
    if (n < (size_t)f->min || n > (size_t)f->max) {
        complain(d, w, "%s must hold from %ld to %ld addresses, not %zu", f->name, f->min, f->max,
                 n);
        return -1;
    }
    struct address_list list = {arena_array(d->arena, struct ipaddr, n), n};
    int rc = 0;
    /* A bad one keeps its place, as family 0, so that the others keep their indexes. */
    for (size_t i = 0; i < n; i++)
        if (parse_address(d, f, json_array_get(v, i), &(struct where){.up = w, .index = i},
                          &list.v[i]) < 0)
            rc = -1;
    store(f, out, &list, sizeof list);
    return rc;
}

static int decode_mode(struct decoder *d, const struct field *f, const json_t *v, void *out,
                       const struct where *w)
{
    static const char wanted[] = "a string of 3 or 4 octal digits, as in \"0755\"";
    unsigned mode;
    if (!json_is_string(v))
        return wrong_type(d, f, v, w, wanted);
    const char *s = json_string_value(v);
    if (strlen(s) < 3 || strlen(s) > 4 || !parse_mode(s, &mode)) {
        complain(d, w, "%s must be %s, not %s", f->name, wanted, decode_show(d, s));
        return -1;
    }
    store_unsigned(f, out, mode);
    return 0;
}

const char *decode_absolute(struct decoder *d, const char *s)
{
    if (s[0] == '/')
        return arena_strdup(d->arena, s);
    if (s[0] != '~')
        return arena_printf(d->arena, "%s/%s", d->base_dir, s);
    return arena_printf(d->arena, "%s%s", home_directory(), s + 1);
}

static const char *take_path(struct decoder *d, const struct field *f, const char *s,
                             const struct where *w)
{
    return decode_allowed(d, f, &local_path_rule, s, w) ? decode_absolute(d, s) : NULL;
}

/* A string, or an array of them; `one` and `several` are for what is neither. */
static int decode_each(struct decoder *d, const struct field *f, const json_t *v, void *out,
                       const struct where *w, take_fn *take, const char *one, const char *several)
{
    bool array = json_is_array(v);
    size_t n = array ? json_array_size(v) : 1;
    const char **list = arena_array(d->arena, const char *, n + 1);
    int rc = 0;
    for (size_t i = 0; i < n; i++) {
        struct where inner = {.up = w, .index = i};
        const struct where *at = array ? &inner : w;
        const json_t *item = array ? json_array_get(v, i) : v;
        const char *s = json_string_value(item);
        if (!s)
            rc = wrong_type(d, f, item, at, array ? one : several);
        else if (!(list[i] = take(d, f, s, at)))
            rc = -1;
    }
    if (rc == 0)
        store(f, out, &list, sizeof list);
    return rc;
}

static int decode_paths(struct decoder *d, const struct field *f, const json_t *v, void *out,
                        const struct where *w)
{
    return decode_each(d, f, v, out, w, take_path, "a file name", "a file name or an array of them");
}

static int decode_path(struct decoder *d, const struct field *f, const json_t *v, void *out,
                       const struct where *w)
{
    const char *s = json_string_value(v);
    if (!s && !json_is_false(v))
        return wrong_type(d, f, v, w, "a file name or false");
    s = s ? take_path(d, f, s, w) : "";
    if (!s)
        return -1;
    store(f, out, &s, sizeof s);
    return 0;
}

static int decode_strings(struct decoder *d, const struct field *f, const json_t *v, void *out,
                          const struct where *w)
{
    if (json_is_array(v) && !json_array_size(v)) {
        complain(d, w, "%s must not be empty", f->name);
        return -1;
    }
    return decode_each(d, f, v, out, w, take_text, "a string", "a string or an array of strings");
}

int decode_value(struct decoder *d, const struct field *f, const json_t *v, void *out,
                 const struct where *w)
{
    switch (f->type) {
    case TYPE_STRING: return decode_string(d, f, v, out, w);
    case TYPE_INT: return decode_int(d, f, v, out, w);
    case TYPE_TIME: return decode_time(d, f, v, out, w);
    case TYPE_BOOL: return decode_bool(d, f, v, out, w);
    case TYPE_CHOICE: return decode_choice(d, f, v, out, w);
    case TYPE_CHOICES: return decode_choices(d, f, v, out, w);
    case TYPE_ADDRESS: return decode_address(d, f, v, out, w);
    case TYPE_ADDRESSES: return decode_addresses(d, f, v, out, w);
    case TYPE_MODE: return decode_mode(d, f, v, out, w);
    case TYPE_PATHS: return decode_paths(d, f, v, out, w);
    case TYPE_PATH: return decode_path(d, f, v, out, w);
    case TYPE_STRINGS: return decode_strings(d, f, v, out, w);
    case TYPE_SECRET: return decode_secret(d, f, v, out, w);
    case TYPE_OBJECT: return json_is_object(v) ? 0 : wrong_type(d, f, v, w, "an object");
    case TYPE_LIST:
        if (!json_is_array(v))
            return wrong_type(d, f, v, w, "an array");
        if (json_array_size(v) > 0)
            return 0;
        complain(d, w, "%s must not be empty", f->name);
        return -1;
    }
    abort();
}
