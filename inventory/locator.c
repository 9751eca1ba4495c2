#include "inventory/locator.h"

#include <jansson.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "inventory/diagnostics.h"

struct scan {
    const char *text, *p, *end;
    struct strbuf pointer; /* of the value at p */

    const char *counted; /* line and column are those of this byte */
    struct position at;

    struct strmap wanted; /* pointer -> chain of struct link */
    duplicate_key_fn *duplicate;
    void *arg;
};

/* Several complaints may be about one pointer. */
struct link {
    struct locate *want;
    struct link *next;
};

/* Positions are only ever asked for in the order of the text, so that counting stays linear. */
static struct position position_of(struct scan *s, const char *p)
{
    for (; s->counted < p; s->counted++) {
        unsigned char c = (unsigned char)*s->counted;
        if (c == '\n') {
            s->at.line++;
            s->at.column = 1;
        } else if ((c & 0xc0) != 0x80) {
            s->at.column++;
        }
    }
    return s->at;
}

static struct scan scan_new(const char *text, size_t len)
{
    return (struct scan){.text = text, .p = text, .end = text + len, .counted = text, .at = {1, 1}};
}

struct position locate_offset(const char *text, size_t len, size_t offset)
{
    struct scan s = scan_new(text, len);
    struct position at = position_of(&s, text + (offset < len ? offset : len));
    /* A continuation byte belongs to the character before it. */
    if (offset < len && ((unsigned char)text[offset] & 0xc0) == 0x80 && at.column > 1)
        at.column--;
    return at;
}

static void skip_blanks(struct scan *s)
{
    while (s->p < s->end && memchr(" \t\r\n", *s->p, 4))
        s->p++;
}

/* Steps over the string at p; returns its text without the quotes, still escaped. */
static const char *skip_string(struct scan *s, size_t *n)
{
    const char *start = ++s->p;
    while (s->p < s->end && *s->p != '"')
        s->p += *s->p == '\\' && s->p + 1 < s->end ? 2 : 1;
    *n = (size_t)(s->p - start);
    if (s->p < s->end)
        s->p++;
    return start;
}

/* The key's value in the caller's buffer. Escapes in keys are rare: leave them to jansson. */
static void unescape(struct strbuf *out, const char *raw, size_t n)
{
    sb_reset(out);
    if (!memchr(raw, '\\', n)) {
        sb_addn(out, raw, n);
        return;
    }
    json_t *v = json_loadb(raw - 1, n + 2, JSON_DECODE_ANY, NULL);
    sb_add(out, v ? json_string_value(v) : "");
    json_decref(v);
}

static void note(struct scan *s, struct position key, struct position value)
{
    struct link *l = s->wanted.n ? strmap_get(&s->wanted, sb_str(&s->pointer)) : NULL;
    for (; l; l = l->next)
        l->want->found = l->want->key && key.line ? key : value;
}

static void cut(struct strbuf *sb, size_t len)
{
    sb->len = len;
    sb->s[len] = '\0';
}

struct key_seen {
    char *key;
    struct position at;
};

static void scan_value(struct scan *s, struct position key);

static void scan_object(struct scan *s)
{
    VEC(struct key_seen *) keys = {0};
    autostrmap struct strmap seen = {0};
    autosb struct strbuf key = {0};
    size_t depth = s->pointer.len;

    for (s->p++, skip_blanks(s); s->p < s->end && *s->p != '}'; skip_blanks(s)) {
        struct position at = position_of(s, s->p);
        size_t n;
        const char *raw = skip_string(s, &n);
        unescape(&key, raw, n);
        pointer_add(&s->pointer, sb_str(&key));
        if (s->duplicate) {
            struct key_seen *k = xcalloc(1, sizeof *k);
            *k = (struct key_seen){.key = xstrdup(sb_str(&key)), .at = at};
            *vec_push(&keys) = k;
            const struct key_seen *first = strmap_add(&seen, k->key, k);
            if (first)
                s->duplicate(s->arg, sb_str(&s->pointer), k->key, at, first->at);
        }
        skip_blanks(s);
        s->p++; /* ':' */
        scan_value(s, at);
        cut(&s->pointer, depth);
        skip_blanks(s);
        if (s->p < s->end && *s->p == ',')
            s->p++;
    }
    s->p++;
    for (size_t i = 0; i < keys.n; i++) {
        xfree(keys.v[i]->key);
        xfree(keys.v[i]);
    }
    vec_free(&keys);
}

static void scan_array(struct scan *s)
{
    size_t depth = s->pointer.len, i = 0;
    for (s->p++, skip_blanks(s); s->p < s->end && *s->p != ']'; skip_blanks(s)) {
        sb_addf(&s->pointer, "/%zu", i++);
        scan_value(s, (struct position){0});
        cut(&s->pointer, depth);
        skip_blanks(s);
        if (s->p < s->end && *s->p == ',')
            s->p++;
    }
    s->p++;
}

static void scan_value(struct scan *s, struct position key)
{
    size_t n;
    skip_blanks(s);
    if (s->p >= s->end)
        return;
    if (s->wanted.n)
        note(s, key, position_of(s, s->p));
    if (*s->p == '{')
        scan_object(s);
    else if (*s->p == '[')
        scan_array(s);
    else if (*s->p == '"')
        skip_string(s, &n);
    else
        while (s->p < s->end && !memchr(",]} \t\r\n", *s->p, 7))
            s->p++;
}

void locate(const char *text, size_t len, struct locate *want, size_t n)
{
    struct scan s = scan_new(text, len);
    struct link *links = xcalloc(n, sizeof *links);
    for (size_t i = 0; i < n; i++) {
        links[i].want = &want[i];
        struct link *first = strmap_add(&s.wanted, want[i].pointer, &links[i]);
        if (first) {
            links[i].next = first->next;
            first->next = &links[i];
        }
    }
    if (n)
        scan_value(&s, (struct position){0});
    for (size_t i = 0; i < n; i++)
        if (!want[i].found.line)
            want[i].found = (struct position){1, 1};
    strmap_free(&s.wanted);
    xfree(links);
    sb_free(&s.pointer);
}

void locate_duplicates(const char *text, size_t len, duplicate_key_fn *found, void *arg)
{
    struct scan s = scan_new(text, len);
    s.duplicate = found;
    s.arg = arg;
    scan_value(&s, (struct position){0});
    sb_free(&s.pointer);
}

size_t locate_depth(const char *text, size_t len, unsigned max)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max)
                return i;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return len;
}
