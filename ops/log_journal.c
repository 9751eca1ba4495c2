/*
 * A line of `journalctl -o json`: a flat object whose values are strings, arrays of bytes (text that
 * is not UTF-8), arrays of strings (a field given twice), numbers or null. Not jansson's business:
 * hosts cut long lines, and of a line that breaks off in the middle what is there must count.
 */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/strbuf.h"
#include "ops/log_entry.h"

struct scan {
    const char *p;
    bool ended; /* the text ended where more was due */
};

static bool take(struct scan *s, char c)
{
    if (*s->p != c)
        return false;
    s->p++;
    return true;
}

static bool hex4(const char *p, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef", *d;
        char c = p[i] >= 'A' && p[i] <= 'F' ? (char)(p[i] + 32) : p[i];
        if (!c || !(d = strchr(digits, c)))
            return false;
        *out = *out * 16 + (unsigned)(d - digits);
    }
    return true;
}

/* As UTF-8. What is no character, and NUL, becomes a question mark. */
static void add_char(struct strbuf *out, unsigned c)
{
    if (c == 0 || (c >= 0xd800 && c < 0xe000))
        c = '?';
    if (c < 0x80) {
        sb_addc(out, (char)c);
    } else if (c < 0x800) {
        sb_addc(out, (char)(0xc0 | c >> 6));
        sb_addc(out, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        sb_addc(out, (char)(0xe0 | c >> 12));
        sb_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        sb_addc(out, (char)(0x80 | (c & 0x3f)));
    } else {
        sb_addc(out, (char)(0xf0 | c >> 18));
        sb_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
        sb_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        sb_addc(out, (char)(0x80 | (c & 0x3f)));
    }
}

/* Behind a backslash. */
static bool take_escape(struct scan *s, struct strbuf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned c, low;
    const char *f = *s->p ? strchr(from, *s->p) : NULL;
    if (f) {
        sb_addc(out, to[f - from]);
        s->p++;
        return true;
    }
    if (!take(s, 'u') || !hex4(s->p, &c))
        return false;
    s->p += 4;
    if (c >= 0xd800 && c < 0xdc00 && s->p[0] == '\\' && s->p[1] == 'u' && hex4(s->p + 2, &low) &&
        low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        s->p += 6;
    }
    add_char(out, c);
    return true;
}

/* Behind the opening quote; false: it broke off, or makes no sense. */
static bool take_string(struct scan *s, struct strbuf *out)
{
    for (;;) {
        size_t n = strcspn(s->p, "\"\\");
        sb_addn(out, s->p, n);
        s->p += n;
        if (take(s, '"'))
            return true;
        if (!take(s, '\\') || !take_escape(s, out)) {
            s->ended = true;
            return false;
        }
    }
}

/* A number; out of a byte's range it is a question mark. */
static bool take_byte(struct scan *s, struct strbuf *out)
{
    unsigned n = 0;
    size_t len = strspn(s->p, "0123456789");
    for (size_t i = 0; i < len && n < 256; i++)
        n = n * 10 + (unsigned)(s->p[i] - '0');
    s->p += len;
    sb_addc(out, n && n < 256 ? (char)n : '?');
    return len > 0;
}

/* Bytes, or strings of which the first counts. */
static bool take_array(struct scan *s, struct strbuf *out)
{
    autosb struct strbuf other = {0};
    for (bool first = true; !take(s, ']'); first = false) {
        if (!first && !take(s, ','))
            return !(s->ended = true);
        s->p += strspn(s->p, " ");
        bool ok = take(s, '"') ? take_string(s, first ? out : &other) : take_byte(s, out);
        if (!ok)
            return !(s->ended = true);
    }
    return true;
}

/* false: no sense, or broken off; what came before that is in *out. */
static bool take_value(struct scan *s, struct strbuf *out)
{
    if (take(s, '"'))
        return take_string(s, out);
    if (take(s, '['))
        return take_array(s, out);
    size_t n = strspn(s->p, "0123456789.-+eEnulltrfas");
    if (strncmp(s->p, "null", 4) != 0)
        sb_addn(out, s->p, n);
    s->p += n;
    return n > 0;
}

static void copy(char *to, size_t size, const struct strbuf *from)
{
    snprintf(to, size, "%s", sb_str(from));
}

static void keep_field(struct log_entry *e, const char *key, const struct strbuf *value)
{
    uint64_t n;
    const char *v = sb_str(value);
    if (!strcmp(key, "MESSAGE")) {
        e->cut |= value->len > LOG_RAW_MAX;
        copy(e->text, sizeof e->text, value);
    } else if (!strcmp(key, "__CURSOR")) {
        if (value->len < LOG_CURSOR_MAX)
            copy(e->cursor, sizeof e->cursor, value);
    } else if (!strcmp(key, "__REALTIME_TIMESTAMP")) {
        e->timed = parse_u64(v, 1, INT64_MAX / 2, &n);
        e->stored_us = e->timed ? (int64_t)n : 0;
    } else if (!strcmp(key, "_SOURCE_REALTIME_TIMESTAMP")) {
        e->host_us = parse_u64(v, 1, INT64_MAX / 2, &n) ? (int64_t)n : 0;
    } else if (!strcmp(key, "SYSLOG_IDENTIFIER")) {
        copy(e->from, sizeof e->from, value);
    } else if (!strcmp(key, "_PID") && parse_u64(v, 0, UINT32_MAX, &n)) {
        e->pid = (unsigned)n;
    } else if (!strcmp(key, "PRIORITY") && parse_u64(v, 0, 7, &n)) {
        e->priority = (int)n;
    } else if (!strcmp(key, "UNIT") || (!strcmp(key, "_SYSTEMD_UNIT") && strcmp(v, "init.scope"))) {
        e->service = log_unit_service(v);
    }
}

enum log_service log_unit_service(const char *unit)
{
    static const struct {
        const char *begin;
        enum log_service service;
    } units[] = {
        {"keepalived", LOG_KEEPALIVED},
        {"clusterctl-sync", LOG_IPVS},
        {"nginx", LOG_NGINX},
    };
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (!strncmp(unit, units[i].begin, strlen(units[i].begin)))
            return units[i].service;
    return LOG_NFS; /* its units, and the mount's, are many */
}

bool log_entry_journal(struct log_entry *out, const char *json)
{
    struct scan s = {.p = json};
    out->service = LOG_SERVICES;
    if (!take(&s, '{'))
        return false;
    for (bool more = !take(&s, '}'), first = true; more; first = false) {
        autosb struct strbuf key = {0}, value = {0};
        if (!first && !take(&s, ','))
            break;
        s.p += strspn(s.p, " ");
        if (!take(&s, '"') || !take_string(&s, &key))
            break;
        s.p += strspn(s.p, " ");
        if (!take(&s, ':'))
            break;
        s.p += strspn(s.p, " ");
        more = take_value(&s, &value);
        if (!more && !strcmp(sb_str(&key), "MESSAGE"))
            out->cut = true;
        else if (!more)
            break;
        keep_field(out, sb_str(&key), &value);
        if (take(&s, '}'))
            more = false;
    }
    if (!out->host_us || out->host_us > out->stored_us)
        out->host_us = out->stored_us;
    if (out->service == LOG_SERVICES) /* it was cut before its unit */
        out->service = log_unit_service(strncmp(out->from, "Keepalived", 10) ? out->from
                                                                             : "keepalived");
    return out->timed || out->text[0];
}
