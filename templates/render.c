#include "templates/render.h"

#include <stdbool.h>
#include <string.h>

/* What names are looked up in: the innermost section's value first. Lives on the C stack. */
struct context {
    const json_t *value;
    const struct context *up;
};

struct renderer {
    const char *origin; /* the template, for messages */
    const char *text, *end;
    struct strbuf *out;
    struct err *e;
};

enum tag_kind { TAG_VALUE, TAG_SECTION, TAG_INVERTED, TAG_CLOSE, TAG_COMMENT };

struct tag {
    enum tag_kind kind;
    const char *start;    /* its "{{" */
    const char *text_end; /* where the text before it ends: `start`, or its line's start */
    const char *after;    /* where to go on: behind "}}", or behind its line */
    char name[TEMPLATE_MAX_NAME];
};

static int fail_at(const struct renderer *r, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Always returns -1. Columns count characters, as editors do. */
static int fail_at(const struct renderer *r, const char *at, const char *fmt, ...)
{
    unsigned line = 1, column = 1;
    for (const char *p = r->text; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xc0) != 0x80) {
            column++;
        }
    }
    autosb struct strbuf msg = {0};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&msg, fmt, ap);
    va_end(ap);
    return err_set(r->e, ERR_FAILED, "%s:%u:%u: %s", r->origin, line, column, sb_str(&msg));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* "." alone, or words joined with single dots. */
static bool is_name(const char *s, size_t n)
{
    if (n == 1 && s[0] == '.')
        return true;
    bool in_word = false;
    for (size_t i = 0; i < n; i++) {
        if (is_name_char(s[i]))
            in_word = true;
        else if (s[i] == '.' && in_word)
            in_word = false;
        else
            return false;
    }
    return in_word;
}

/* A tag alone on its line disappears with the line (mustache's "standalone" rule). */
static void trim_standalone(const struct renderer *r, struct tag *t)
{
    const char *left = t->start, *right = t->after;
    while (left > r->text && is_blank(left[-1]))
        left--;
    while (right < r->end && is_blank(*right))
        right++;
    if (left > r->text && left[-1] != '\n')
        return;
    if (r->end - right >= 2 && right[0] == '\r' && right[1] == '\n')
        right += 2;
    else if (right < r->end && *right == '\n')
        right++;
    else if (right < r->end)
        return;
    t->text_end = left;
    t->after = right;
}

static int parse_name(const struct renderer *r, struct tag *t, const char *s, const char *close)
{
    while (s < close && is_blank(*s))
        s++;
    while (s < close && is_blank(close[-1]))
        close--;
    size_t n = (size_t)(close - s);
    if (!is_name(s, n) || n >= sizeof t->name) {
        fail_at(r, t->start, "not a tag that templates know");
        return err_hint(r->e,
                        "tags are {{name}}, {{#name}}, {{^name}}, {{/name}} and "
                        "{{! comment}}; names are letters, digits, '_', '-' and dots, "
                        "up to %d bytes",
                        TEMPLATE_MAX_NAME - 1);
    }
    memcpy(t->name, s, n);
    t->name[n] = '\0';
    return 0;
}

/* Returns 1 with the next tag at or behind `pos`, 0 when only text is left, -1 on an error. */
static int next_tag(const struct renderer *r, const char *pos, struct tag *t)
{
    const char *open = memmem(pos, (size_t)(r->end - pos), "{{", 2);
    if (!open)
        return 0;
    const char *s = open + 2;
    *t = (struct tag){.kind = TAG_VALUE, .start = open, .text_end = open};
    if (s < r->end) {
        switch (*s) {
        case '#': t->kind = TAG_SECTION; break;
        case '^': t->kind = TAG_INVERTED; break;
        case '/': t->kind = TAG_CLOSE; break;
        case '!': t->kind = TAG_COMMENT; break;
        }
    }
    const char *limit = r->end; /* only a comment may span lines */
    if (t->kind != TAG_COMMENT) {
        limit = memchr(s, '\n', (size_t)(r->end - s));
        limit = limit ? limit : r->end;
    }
    const char *close = memmem(s, (size_t)(limit - s), "}}", 2);
    if (!close)
        return fail_at(r, open, "this tag has no closing \"}}\"%s",
                       t->kind == TAG_COMMENT ? "" : " on its line");
    t->after = close + 2;
    if (t->kind != TAG_COMMENT && parse_name(r, t, t->kind == TAG_VALUE ? s : s + 1, close) < 0)
        return -1;
    if (t->kind != TAG_VALUE)
        trim_standalone(r, t);
    return 1;
}

/* NULL when there is none. Only the name's first word is searched for outwards. */
static const json_t *lookup(const struct context *c, const char *name)
{
    if (strcmp(name, ".") == 0)
        return c->value;
    char words[TEMPLATE_MAX_NAME];
    memcpy(words, name, strlen(name) + 1);
    char *rest = NULL, *word = strtok_r(words, ".", &rest);
    const json_t *found = NULL;
    for (; c && !found; c = c->up)
        found = json_object_get(c->value, word);
    while (found && (word = strtok_r(NULL, ".", &rest)))
        found = json_object_get(found, word);
    return found;
}

static const char *type_name(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a string";
    case JSON_INTEGER: return "an integer";
    case JSON_REAL: return "a number with a fraction";
    case JSON_TRUE:
    case JSON_FALSE: return "a boolean";
    case JSON_NULL: break;
    }
    return "null";
}

static int print_value(const struct renderer *r, const struct tag *t, const struct context *c)
{
    const json_t *v = lookup(c, t->name);
    if (!v)
        return fail_at(r, t->start, "there is no value named {{%s}} here", t->name);
    if (json_is_string(v))
        sb_addn(r->out, json_string_value(v), json_string_length(v));
    else if (json_is_integer(v))
        sb_addf(r->out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else /* a fraction too: how many digits is not the renderer's to choose */
        return fail_at(r, t->start, "{{%s}} is %s: only a string or an integer can be printed",
                       t->name, type_name(v));
    return 0;
}

/* How often a section prints its body. */
static size_t section_count(const json_t *v)
{
    if (!v || json_is_null(v) || json_is_false(v))
        return 0;
    if (json_is_array(v))
        return json_array_size(v);
    if (json_is_string(v))
        return json_string_length(v) > 0;
    return 1;
}

static int render_block(const struct renderer *r, const char **pos, const struct context *c,
                        const struct tag *opened, unsigned depth);

/* The section that `t` opens; *pos goes behind its closing tag. c == NULL: only check. */
static int render_section(const struct renderer *r, const char **pos, const struct context *c,
                          const struct tag *t, unsigned depth)
{
    if (depth >= TEMPLATE_MAX_DEPTH)
        return fail_at(r, t->start, "sections are nested deeper than %d", TEMPLATE_MAX_DEPTH);
    const json_t *v = c ? lookup(c, t->name) : NULL;
    size_t n = section_count(v);
    if (t->kind == TAG_INVERTED) {
        *pos = t->after;
        return render_block(r, pos, n ? NULL : c, t, depth + 1);
    }
    if (n == 0) { /* still walk through it: it must parse, and we need its end */
        *pos = t->after;
        return render_block(r, pos, NULL, t, depth + 1);
    }
    if (json_is_real(v))
        return fail_at(r, t->start, "{{#%s}} is %s: that is neither true nor false", t->name,
                       type_name(v));
    for (size_t i = 0; i < n; i++) {
        struct context inner = {json_is_array(v) ? json_array_get(v, i) : v, c};
        *pos = t->after;
        if (render_block(r, pos, json_is_true(v) ? c : &inner, t, depth + 1) < 0)
            return -1;
    }
    return 0;
}

static int check_close(const struct renderer *r, const struct tag *t, const struct tag *opened)
{
    if (!opened)
        return fail_at(r, t->start, "{{/%s}} closes a section that is not open", t->name);
    if (strcmp(t->name, opened->name) != 0)
        return fail_at(r, t->start, "{{/%s}} stands where {{/%s}} must come first", t->name,
                       opened->name);
    return 0;
}

/* From *pos to the end of the section `opened`, or of the template when that is NULL. */
static int render_block(const struct renderer *r, const char **pos, const struct context *c,
                        const struct tag *opened, unsigned depth)
{
    for (;;) {
        struct tag t;
        int found = next_tag(r, *pos, &t);
        if (found < 0)
            return -1;
        const char *text_end = found ? t.text_end : r->end;
        if (c)
            sb_addn(r->out, *pos, (size_t)(text_end - *pos));
        *pos = found ? t.after : r->end;
        if (!found)
            return opened ? fail_at(r, opened->start, "there is no {{/%s}} to end this section",
                                    opened->name)
                          : 0;
        int result = 0;
        switch (t.kind) {
        case TAG_VALUE: result = c ? print_value(r, &t, c) : 0; break;
        case TAG_SECTION:
        case TAG_INVERTED: result = render_section(r, pos, c, &t, depth); break;
        case TAG_CLOSE: return check_close(r, &t, opened);
        case TAG_COMMENT: break;
        }
        if (result < 0)
            return -1;
    }
}

int template_render_text(const char *origin, const char *text, size_t len, const json_t *data,
                         struct strbuf *out, struct err *e)
{
    struct renderer r = {origin, text, text + len, out, e};
    struct context root = {.value = data};
    const char *pos = text;
    size_t before = out->len;
    int result = render_block(&r, &pos, &root, NULL, 0);
    if (result == 0 && out->truncated)
        result =
            err_set(e, ERR_FAILED, "%s: the result is longer than %zu bytes", origin, out->cap);
    if (result < 0 && out->s) { /* half a configuration file must not be taken for a whole one */
        out->len = before;
        out->s[before] = '\0';
    }
    return result;
}

int template_check_text(const char *origin, const char *text, size_t len, struct err *e)
{
    struct renderer r = {origin, text, text + len, NULL, e};
    const char *pos = text;
    return render_block(&r, &pos, NULL, NULL, 0);
}
