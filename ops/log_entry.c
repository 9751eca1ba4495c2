/* The lines of nginx' files, and the choice of the parser. */
#include "ops/log_entry.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "ops/log_syslog.h"

int log_month(const char *s)
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (int i = 0; i < (int)ARRAY_LEN(months); i++)
        if (!strncmp(s, months[i], 3))
            return i;
    return -1;
}

/* "22/Nov/2025:12:00:00 +0100]" */
static bool access_time(const char *s, int64_t *us)
{
    char month[4], sign;
    struct tm tm = {0};
    unsigned zone_h, zone_m;
    if (sscanf(s, "%2d/%3[A-Za-z]/%4d:%2d:%2d:%2d %c%2u%2u]", &tm.tm_mday, month, &tm.tm_year,
               &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &sign, &zone_h, &zone_m) != 9)
        return false;
    tm.tm_mon = log_month(month);
    if (tm.tm_mon < 0 || (sign != '+' && sign != '-'))
        return false;
    tm.tm_year -= 1900;
    int zone = (int)(zone_h * 3600 + zone_m * 60);
    *us = ((int64_t)timegm(&tm) - (sign == '-' ? -zone : zone)) * 1000000;
    return true;
}

/* In the common and the combined format: the first bracket with a time in it; names come before. */
static bool parse_access(struct log_entry *e, const char *raw)
{
    for (const char *b = raw; !e->timed && (b = strchr(b, '[')); b++)
        e->timed = access_time(b + 1, &e->host_us);
    snprintf(e->text, sizeof e->text, "%s", raw);
    return true;
}

static int level_priority(const char *s)
{
    static const char *const levels[] = {"emerg", "alert",  "crit", "error",
                                         "warn",  "notice", "info", "debug"};
    for (int i = 0; i < (int)ARRAY_LEN(levels); i++) {
        size_t n = strlen(levels[i]);
        if (s[0] == '[' && !strncmp(s + 1, levels[i], n) && s[n + 1] == ']')
            return i;
    }
    return -1;
}

/* "2025/11/22 12:00:00 [error] 123#123: *4 ...", in the host's own time; else what goes on. */
static bool parse_error(struct log_entry *e, const char *raw, int zone_s)
{
    struct tm tm = {0};
    int end = 0;
    if (sscanf(raw, "%4d/%2d/%2d %2d:%2d:%2d %n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec, &end) == 6 &&
        end) {
        tm.tm_year -= 1900;
        tm.tm_mon--;
        e->host_us = ((int64_t)timegm(&tm) - zone_s) * 1000000;
        e->timed = true;
        e->priority = level_priority(raw + end);
        raw += end;
    }
    snprintf(e->text, sizeof e->text, "%s", raw);
    return true;
}

static bool parse(struct log_entry *out, enum log_source source, const char *raw, int zone_s,
                  int64_t now_s)
{
    memset(out, 0, offsetof(struct log_entry, text));
    out->text[0] = '\0';
    out->priority = -1;
    switch (source) {
    case SOURCE_UNITS: return log_entry_journal(out, raw);
    case SOURCE_KERNEL:
        if (!log_entry_journal(out, raw))
            return false;
        out->service = !strncmp(out->text, "IPVS", 4) ? LOG_IPVS : LOG_NFS;
        return true;
    case SOURCE_ACCESS:
        out->service = LOG_NGINX_ACCESS;
        out->seconds = true;
        return parse_access(out, raw);
    case SOURCE_ERROR:
        out->service = LOG_NGINX_ERROR;
        out->seconds = true;
        return parse_error(out, raw, zone_s);
    case SOURCE_MESSAGES: return log_entry_syslog(out, raw, zone_s, now_s);
    case LOG_SOURCES: break;
    }
    return false;
}

bool log_entry_parse(struct log_entry *out, enum log_source source, const char *raw, int zone_s,
                     int64_t now_s)
{
    bool ok = parse(out, source, raw, zone_s, now_s);
    if (!out->stored_us)
        out->stored_us = out->host_us;
    return ok;
}
