/* Input: a line of JSON, the data; behind it the template. */
#include <stdio.h>

#include "fuzz.h"
#include "templates/render.h"

static size_t longest(const json_t *v)
{
    size_t max = json_array_size(v), i;
    const char *k;
    json_t *member;
    json_array_foreach(v, i, member) max = longest(member) > max ? longest(member) : max;
    json_object_foreach((json_t *)(uintptr_t)v, k, member) max =
        longest(member) > max ? longest(member) : max;
    return max;
}

/* How often a body could be printed. Templates are the operator's: they may well ask for that much.
 */
static bool too_much(const json_t *data, const char *text)
{
    size_t n = longest(data), all = 1;
    for (const char *p = text; (p = strstr(p, "{{#")) && all <= 1000; p++)
        all *= n > 1 ? n : 1;
    return all > 1000;
}

/* "t:LINE:COLUMN: ", within the text */
static void placed(const struct err *e, const char *text)
{
    unsigned line, column, lines = 1;
    HOLDS(sscanf(e->msg, "t:%u:%u: ", &line, &column) == 2 && line && column);
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    HOLDS(line <= lines && column <= strlen(text) + 1);
}

static void render(const char *text, const json_t *data)
{
    enum { CAP = 2000 };
    static const char before[] = "what was there";
    struct err e = {0}, checked = {0};
    autosb struct strbuf out = {.cap = CAP};
    autosb struct strbuf again = {0};
    sb_add(&out, before);
    int check = template_check_text("t", text, strlen(text), &checked);
    int rc = template_render_text("t", text, strlen(text), data, &out, &e);
    HOLDS(out.len <= CAP && !strncmp(sb_str(&out), before, strlen(before)));
    HOLDS(strlen(sb_str(&out)) == out.len);
    if (check < 0)
        placed(&checked, text);
    if (check < 0 || rc < 0)
        HOLDS(rc < 0 && *e.msg && !strcmp(sb_str(&out), before));
    if (!strstr(text, "{{") && rc == 0)
        HOLDS(!strcmp(sb_str(&out) + strlen(before), text));
    if (rc < 0)
        return;
    /* With nothing true, no more can come out than stands there. */
    json_t *empty = json_object();
    if (template_render_text("t", text, strlen(text), empty, &again, &e) == 0)
        HOLDS(again.len <= strlen(text));
    json_decref(empty);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *input = fuzz_text(data, size);
    const char *rest = input;
    autofree char *line = fuzz_line(&rest);
    autofree char *text = xstrdup(rest);
    json_t *json = line ? json_loads(line, 0, NULL) : NULL;
    if (json && !too_much(json, text))
        render(text, json);
    json_decref(json);
    return 0;
}
