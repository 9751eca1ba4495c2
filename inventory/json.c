#include "inventory/json.h"

#include <string.h>

#include "inventory/load.h"
#include "inventory/locator.h"

static void complain_at(struct diagnostics *d, const char *text, size_t len, size_t offset,
                        const char *message, const char *hint)
{
    struct position at = locate_offset(text, len, offset);
    diagnostics_add(d, pointerf("%s", ""), "%s", message);
    diagnostics_at(d, at.line, at.column);
    if (hint)
        diagnostics_hint(d, "%s", hint);
}

static bool blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!memchr(" \t\r\n", text[i], 4))
            return false;
    return true;
}

static bool starts_with(const char *text, size_t len, const char *bytes)
{
    size_t n = strlen(bytes);
    return len >= n && memcmp(text, bytes, n) == 0;
}

/* What is no JSON at all, or would be unwise to hand to the parser. */
static bool acceptable(const char *text, size_t len, struct diagnostics *d)
{
    if (len > INVENTORY_MAX_BYTES) {
        diagnostics_add(d, pointerf("%s", ""), "the file is larger than %d MiB",
                        INVENTORY_MAX_BYTES / (1024 * 1024));
        diagnostics_at(d, 1, 1);
        diagnostics_hint(d, "is this the inventory? 100,000 hosts need about 15 MB");
        return false;
    }
    static const char save_as[] = "save the file as UTF-8 without a byte order mark";
    if (starts_with(text, len, "\xff\xfe") || starts_with(text, len, "\xfe\xff"))
        return complain_at(d, text, len, 0, "the file is UTF-16, not UTF-8", save_as), false;
    if (starts_with(text, len, "\xef\xbb\xbf"))
        return complain_at(d, text, len, 0, "the file starts with a byte order mark", save_as),
               false;
    const char *nul = len ? memchr(text, '\0', len) : NULL;
    if (nul)
        return complain_at(d, text, len, (size_t)(nul - text), "the file holds a NUL byte",
                           "an inventory is a text file"),
               false;
    if (blank(text, len))
        return complain_at(d, text, len, 0, "the file is empty",
                           "clusterctl-inventory(5) has an example to start from"),
               false;
    size_t deep = locate_depth(text, len, INVENTORY_MAX_DEPTH);
    if (deep < len) {
        complain_at(d, text, len, deep, "nested too deeply", NULL);
        diagnostics_hint(d, "at most %d levels are allowed, and an inventory needs 5",
                         INVENTORY_MAX_DEPTH);
        return false;
    }
    return true;
}

/* The start of the token that holds the byte at `offset`. */
static size_t token_start(const char *text, size_t len, size_t offset)
{
    size_t i = 0, start = 0;
    while (i < len && i <= offset) {
        start = i;
        if (text[i] == '"') {
            for (i++; i < len && text[i] != '"'; i++)
                if (text[i] == '\\')
                    i++;
            i++;
        } else {
            i++;
            if (!strchr("{}[]:, \t\r\n", text[start]))
                while (i < len && !strchr("{}[]:,\" \t\r\n", text[i]))
                    i++;
        }
    }
    return start;
}

/* jansson says where it stopped reading: behind the token it did not like, or at the byte. */
static size_t error_offset(const char *text, size_t len, const json_error_t *err)
{
    size_t pos = err->position > 0 ? (size_t)err->position : 0;
    if (pos > len || strstr(err->text, "near end of file") || strstr(err->text, "end of input"))
        return len;
    if (json_error_code(err) == json_error_invalid_utf8 ||
        strstr(err->text, "unexpected newline") || strstr(err->text, "control character"))
        return pos;
    if (strstr(err->text, "invalid escape"))
        return pos - 1;
    return pos ? token_start(text, len, pos - 1) : 0;
}

static const char *syntax_hint(const char *text, size_t len, size_t at, const char *message)
{
    if (at >= len)
        return "the file ends too early: a bracket or a quote is not closed";
    size_t before = at;
    while (before > 0 && strchr(" \t\r\n", text[before - 1]))
        before--;
    char prev = before ? text[before - 1] : '\0';
    if (strchr("}]", text[at]) && prev == ',')
        return "remove the comma before it";
    if (text[at] == '/' || text[at] == '#')
        return "JSON has no comments";
    if (text[at] == '\'')
        return "use double quotes";
    if (strstr(message, "'}' expected") == message || strstr(message, "']' expected") == message)
        return "is there a comma missing before it?";
    if (strstr(message, "unexpected newline"))
        return "is a closing quote missing? A line break within a string is written \\n";
    return NULL;
}

static void syntax_error(const char *text, size_t len, const json_error_t *err,
                         struct diagnostics *d)
{
    /* The excerpt that jansson adds could be half of a password. */
    const char *near = strstr(err->text, " near ");
    size_t n = near ? (size_t)(near - err->text) : strlen(err->text);
    autosb struct strbuf message = {0};
    sb_add(&message, "not valid JSON: ");
    switch (json_error_code(err)) {
    case json_error_null_character:
    case json_error_null_byte_in_key: sb_add(&message, "\\u0000 is not allowed"); break;
    case json_error_invalid_utf8: sb_add(&message, "not UTF-8 text"); break;
    default: sb_addn(&message, err->text, n);
    }
    size_t at = error_offset(text, len, err);
    complain_at(d, text, len, at, sb_str(&message), syntax_hint(text, len, at, err->text));
}

static void duplicate(void *arg, const char *pointer, const char *key, struct position here,
                      struct position first)
{
    struct diagnostics *d = arg;
    diagnostics_add(d, pointerf("%s", pointer), "key \"%s\" is given twice, first in line %u", key,
                    first.line);
    diagnostics_at(d, here.line, here.column);
}

json_t *inventory_json(const char *text, size_t len, struct diagnostics *diags)
{
    json_error_t err;
    if (!acceptable(text, len, diags))
        return NULL;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &err);
    bool duplicates = !json && json_error_code(&err) == json_error_duplicate_key;
    if (duplicates)
        json = json_loadb(text, len, 0, &err);
    if (!json) {
        syntax_error(text, len, &err, diags);
        return NULL;
    }
    if (duplicates)
        locate_duplicates(text, len, duplicate, diags);
    return json;
}
