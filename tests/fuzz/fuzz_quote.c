/* Each context's quoting, read back by something that knows the context. */
#include <jansson.h>

#include "base/quote.h"
#include "fuzz.h"

/*
 * The next word as a POSIX shell takes it (2.2, 2.3 of the standard): quotes and backslashes go,
 * and whatever else means something to it, or to an older one, must not stand there. (glibc's
 * wordexp(3) makes two words of ''x.)
 */
static bool shell_word(struct strbuf *out, const char **line)
{
    const char *p = *line + strspn(*line, " ");
    sb_reset(out);
    sb_add(out, "");
    *line = p;
    while (*p && *p != ' ') {
        HOLDS(!strchr("|&;<>()$`\"*?[]#~!{}^\t\n\r", *p) && (unsigned char)*p < 0x80);
        if (*p == '\\') {
            HOLDS(p[1] && p[1] != '\n');
            sb_addc(out, p[1]);
            p += 2;
        } else if (*p == '\'') {
            size_t n = strcspn(++p, "'");
            HOLDS(p[n] == '\'');
            sb_addn(out, p, n);
            p += n + 1;
        } else {
            sb_addc(out, *p++);
        }
    }
    bool any = p != *line;
    *line = p;
    return any;
}

/* Ours stands between two others. */
static void shell(const char *text)
{
    const char *const words[] = {"first", text, "last"};
    autosb struct strbuf line = {0}, word = {0};
    sb_add(&line, "first ");
    quote_sh(&line, text);
    sb_add(&line, " last");
    const char *rest = sb_str(&line);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        HOLDS(shell_word(&word, &rest) && !strcmp(sb_str(&word), words[i]));
    HOLDS(!shell_word(&word, &rest));
}

static void octal(const char *text)
{
    struct strbuf field = {0};
    quote_octal(&field, text);
    autofree char *copy = sb_detach(&field);
    HOLDS(!strpbrk(copy, " \t\n#\""));
    unquote_octal(copy);
    HOLDS(!strcmp(copy, text));
    autofree char *raw = xstrdup(text);
    unquote_octal(raw);
    HOLDS(strlen(raw) <= strlen(text));
}

/* A JSON string of any text that is UTF-8. */
static void json(const char *text)
{
    autosb struct strbuf quoted = {0};
    quote_json(&quoted, text);
    json_t *v = json_loadb(sb_str(&quoted), quoted.len, JSON_DECODE_ANY, NULL);
    HOLDS(v && !strcmp(json_string_value(v), text));
    json_decref(v);
}

/* Prometheus' exposition_formats.md: a backslash before one, a quote, or an n, and nowhere else. */
static void label(const char *text)
{
    autosb struct strbuf quoted = {0}, back = {0};
    quote_label(&quoted, text);
    const char *p = sb_str(&quoted);
    HOLDS(*p++ == '"');
    for (; *p != '"'; p++) {
        HOLDS(*p && *p != '\n');
        bool escaped = *p == '\\';
        p += escaped;
        HOLDS(!escaped || (*p && strchr("\\\"n", *p)));
        sb_addc(&back, escaped && *p == 'n' ? '\n' : *p);
    }
    HOLDS(!p[1] && !strcmp(sb_str(&back), text));
}

static void xml(const char *text)
{
    static const char *const entities[][2] = {
        {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}};
    autosb struct strbuf quoted = {0}, back = {0};
    quote_xml(&quoted, text);
    for (const char *p = sb_str(&quoted); *p;) {
        HOLDS(!strchr("<>\"'", *p));
        size_t k = 0, n = 0;
        while (*p == '&' && k < ARRAY_LEN(entities) &&
               strncmp(p, entities[k][0], n = strlen(entities[k][0])) != 0)
            k++;
        HOLDS(k < ARRAY_LEN(entities));
        sb_add(&back, *p == '&' ? entities[k][1] : (char[]){*p, '\0'});
        p += *p == '&' ? n : 1;
    }
    HOLDS(!strcmp(sb_str(&back), text));
}

static void terminal(const char *text, size_t n, bool multiline)
{
    autosb struct strbuf once = {0}, twice = {0};
    quote_terminal(&once, text, n, multiline);
    HOLDS(fuzz_is_shown(sb_str(&once), once.len, multiline));
    HOLDS(once.len <= 4 * n);
    if (fuzz_is_shown(text, n, multiline))
        HOLDS(once.len == n && !memcmp(sb_str(&once), text, n));
    quote_terminal(&twice, sb_str(&once), once.len, multiline);
    HOLDS(!strcmp(sb_str(&once), sb_str(&twice)));
    json(sb_str(&once));
    xml(sb_str(&once));
}

/* Where there is no room for more, no half character is left. */
static void capped(const char *text, size_t n)
{
    autosb struct strbuf out = {.cap = 1 + n % 40};
    quote_terminal(&out, text, n, true);
    HOLDS(out.len <= out.cap && fuzz_is_shown(sb_str(&out), out.len, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = fuzz_text(data, size);
    shell(text);
    octal(text);
    label(text);
    terminal((const char *)data, size, false); /* NULs too */
    terminal((const char *)data, size, true);
    capped((const char *)data, size);
    return 0;
}
