#include "cli/json_out.h"

#include "base/quote.h"
#include "cli/term.h"

static void begin_value(struct strbuf *sb, const char *key)
{
    if (sb->len && sb->s[sb->len - 1] != '{' && sb->s[sb->len - 1] != '[')
        sb_addc(sb, ',');
    if (key) {
        quote_json(sb, key);
        sb_addc(sb, ':');
    }
}

void json_open(struct strbuf *sb, const char *key, char bracket)
{
    begin_value(sb, key);
    sb_addc(sb, bracket);
}

void json_close(struct strbuf *sb, char bracket)
{
    sb_addc(sb, bracket);
}

void json_text(struct strbuf *sb, const char *key, const char *value)
{
    if (!value)
        return;
    autosb struct strbuf clean = {0};
    sb_foreign(&clean, value, true);
    begin_value(sb, key);
    quote_json(sb, sb_str(&clean));
}

void json_number(struct strbuf *sb, const char *key, long long value)
{
    begin_value(sb, key);
    sb_addf(sb, "%lld", value);
}

void json_thousandths(struct strbuf *sb, const char *key, unsigned long long value)
{
    begin_value(sb, key);
    sb_addf(sb, "%llu.%03llu", value / 1000, value % 1000);
}

void json_bool(struct strbuf *sb, const char *key, bool value)
{
    begin_value(sb, key);
    sb_add(sb, value ? "true" : "false");
}

static const char *error_code_name(enum err_code code)
{
    switch (code) {
    case ERR_NONE: return "none";
    case ERR_FAILED: return "failed";
    case ERR_USAGE: return "usage";
    case ERR_INVENTORY: return "inventory";
    case ERR_UNREACHABLE: return "unreachable";
    case ERR_LOCKED: return "locked";
    case ERR_INTERRUPTED: return "interrupted";
    case ERR_SYSTEM: return "system";
    case ERR_PROTOCOL: return "protocol";
    }
    return "failed";
}

void json_error(struct strbuf *sb, const char *key, const struct err *e)
{
    json_open(sb, key, '{');
    json_text(sb, "code", error_code_name(e->code));
    json_text(sb, "message", e->msg);
    json_text(sb, "hint", e->hint[0] ? e->hint : NULL);
    json_close(sb, '}');
}

void json_line(struct strbuf *sb, FILE *f)
{
    sb_add(sb, "}\n");
    fputs(sb_str(sb), f);
    fflush(f);
    sb_reset(sb);
}
