/* What a pointer is located at, read again from there, is the value that it points to. */
#include <jansson.h>

#include "fuzz.h"
#include "inventory/diagnostics.h"
#include "inventory/load.h"
#include "inventory/locator.h"

enum { MAX_POINTERS = 64 };

struct spot {
    char *pointer;
    const json_t *value;
    const char *key; /* NULL: an element */
};
struct spots {
    struct spot v[MAX_POINTERS];
    size_t n;
};

static void walk(struct spots *s, const json_t *v, const char *pointer, const char *key)
{
    size_t i;
    const char *k;
    json_t *member;
    if (s->n == MAX_POINTERS)
        return;
    s->v[s->n++] = (struct spot){xstrdup(pointer), v, key};
    json_array_foreach(v, i, member)
    {
        autosb struct strbuf p = {0};
        sb_addf(&p, "%s/%zu", pointer, i);
        walk(s, member, sb_str(&p), NULL);
    }
    json_object_foreach((json_t *)(uintptr_t)v, k, member)
    {
        autosb struct strbuf p = {0};
        sb_add(&p, pointer);
        pointer_add(&p, k);
        walk(s, member, sb_str(&p), k);
    }
}

/* The byte at a line and a column. */
static const char *at(const char *text, const char *end, struct position p)
{
    while (p.line > 1) {
        text = memchr(text, '\n', (size_t)(end - text));
        HOLDS(text);
        text++;
        p.line--;
    }
    while (p.column > 1) {
        HOLDS(text < end && *text != '\n');
        do
            text++;
        while (text < end && ((unsigned char)*text & 0xc0) == 0x80);
        p.column--;
    }
    return text;
}

static bool reads(const char *p, const char *end, const json_t *want, const char *key)
{
    json_t *v = json_loadb(p, (size_t)(end - p), JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
    bool same = key ? json_is_string(v) && !strcmp(json_string_value(v), key)
                    : v && json_equal(v, (json_t *)(uintptr_t)want);
    json_decref(v);
    return same;
}

static void everything_is_found(const char *text, size_t size, const json_t *json)
{
    struct spots s = {0};
    struct locate want[2 * MAX_POINTERS];
    walk(&s, json, "", NULL);
    for (size_t i = 0; i < s.n; i++) {
        want[2 * i] = (struct locate){.pointer = s.v[i].pointer};
        want[2 * i + 1] = (struct locate){.pointer = s.v[i].pointer, .key = true};
    }
    locate(text, size, want, 2 * s.n);
    for (size_t i = 0; i < s.n; i++) {
        HOLDS(reads(at(text, text + size, want[2 * i].found), text + size, s.v[i].value, NULL));
        HOLDS(reads(at(text, text + size, want[2 * i + 1].found), text + size, s.v[i].value,
                    s.v[i].key));
        free(s.v[i].pointer);
    }
}

static const char *start, *end;

static void duplicate(void *arg, const char *pointer, const char *key, struct position here,
                      struct position first)
{
    const char *a = at(start, end, first), *b = at(start, end, here);
    HOLDS(a < b && *pointer == '/');
    HOLDS(reads(a, end, NULL, key) && reads(b, end, NULL, key));
    ++*(size_t *)arg;
}

static void offsets(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i += 1 + size / 8) {
        size_t whole = i;
        while (whole && ((unsigned char)text[whole] & 0xc0) == 0x80)
            whole--;
        struct position p = locate_offset(text, size, i), q = locate_offset(text, size, whole);
        HOLDS(p.line >= 1 && p.column >= 1);
        /* Only in text that is UTF-8 does a character begin somewhere. */
        if (fuzz_is_shown(text, size, true))
            HOLDS(p.line == q.line && p.column == q.column &&
                  at(text, text + size, p) == text + whole);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xmalloc(size + 1);
    if (size)
        memcpy(text, data, size);
    offsets(text, size);
    size_t deep = locate_depth(text, size, INVENTORY_MAX_DEPTH);
    HOLDS(deep == size || (deep < size && strchr("{[", text[deep])));
    json_t *json = deep == size ? json_loadb(text, size, 0, NULL) : NULL;
    if (json) {
        size_t n = 0;
        json_t *strict = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        start = text;
        end = text + size;
        everything_is_found(text, size, json);
        locate_duplicates(text, size, duplicate, &n);
        HOLDS((n == 0) == (strict != NULL));
        json_decref(strict);
    }
    json_decref(json);
    return 0;
}
