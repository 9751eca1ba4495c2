#include "ops/log_syslog.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "inventory/cluster.h"

/*
 * Whose lines they are: the program's name begins so, and the text with one of `texts` (separated
 * by bars; "": with anything), or has it somewhere. systemd names units by their description as
 * often as by their name: these are Red Hat's packages', and our own of the sync daemon.
 */
static const struct program {
    enum log_service service;
    unsigned roles;
    bool anywhere;
    const char *name, *texts;
} programs[] = {
    {LOG_KEEPALIVED, ROLE_DIRECTOR, false, "Keepalived", ""},
    {LOG_KEEPALIVED, ROLE_DIRECTOR, true, "systemd", "keepalived.service|LVS and VRRP"},
    {LOG_IPVS, ROLE_DIRECTOR, false, "kernel", "IPVS"},
    {LOG_IPVS, ROLE_DIRECTOR, true, "systemd", "clusterctl-sync.service|IPVS connections"},
    {LOG_NGINX, ROLE_REAL_SERVER, false, "nginx", ""},
    {LOG_NGINX, ROLE_REAL_SERVER, true, "systemd", "nginx.service|nginx HTTP"},
    {LOG_NFS, ROLE_NFS | ROLE_REAL_SERVER, false, "kernel", "nfs|NFS|RPC|lockd|rpc"},
    {LOG_NFS, ROLE_NFS | ROLE_REAL_SERVER, false, "rpc.", ""},
    {LOG_NFS, ROLE_NFS, false, "nfsdcld", ""},
    {LOG_NFS, ROLE_NFS, false, "exportfs", ""},
    {LOG_NFS, ROLE_REAL_SERVER, false, "mount", ""},
    {LOG_NFS, ROLE_NFS | ROLE_REAL_SERVER, true, "systemd", "nfs-|NFS|rpc-statd"},
};

static bool wanted(const struct program *p, unsigned services, unsigned roles)
{
    return p->roles & roles && services & 1u << p->service;
}

bool log_syslog_has(unsigned services, unsigned roles)
{
    for (size_t i = 0; i < ARRAY_LEN(programs); i++)
        if (wanted(&programs[i], services, roles))
            return true;
    return false;
}

/* Of the names and texts above only the point means something else there. */
static void literal(struct strbuf *out, const char *s)
{
    for (; *s; s++)
        sb_addf(out, *s == '.' ? "\\%c" : "%c", *s);
}

void log_syslog_pattern(struct strbuf *out, unsigned services, unsigned roles)
{
    const char *bar = "";
    sb_add(out, "^([A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]{8}|[0-9]{4}-[0-9-]{5}T[^ ]+) [^ ]+ (");
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        const struct program *p = &programs[i];
        if (!wanted(p, services, roles))
            continue;
        sb_add(out, bar);
        literal(out, p->name);
        sb_addf(out, "[^][ :]*(\\[[0-9]+\\])?: (\\[ *[0-9]+\\.[0-9]+\\] )?%s(",
                p->anywhere ? ".*" : "");
        literal(out, p->texts);
        sb_add(out, ")");
        bar = "|";
    }
    sb_add(out, ")");
}

static bool has_text(const struct program *p, const char *text)
{
    for (const char *t = p->texts;; t++) {
        size_t n = strcspn(t, "|");
        for (const char *at = text;; at++) {
            if (!strncmp(at, t, n))
                return true;
            if (!p->anywhere || !*at)
                break;
        }
        t += n;
        if (!*t)
            return false;
    }
}

static bool find_service(struct log_entry *e, const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        const struct program *p = &programs[i];
        if (strncmp(e->from, p->name, strlen(p->name)) != 0 || !has_text(p, text))
            continue;
        e->service = p->service;
        return true;
    }
    return false;
}

/* "14 23:13:20 " behind the month; -1: no such time. Without sscanf(), which takes signs. */
static int day_and_time(struct tm *tm, const char *s)
{
    static const char form[] = "#9 99:99:99 ";
    int n[4] = {0}, field = 0;
    for (int i = 0; form[i]; i++) {
        bool digit = s[i] >= '0' && s[i] <= '9';
        if (form[i] == '9' || form[i] == '#') {
            if (!digit && !(form[i] == '#' && s[i] == ' '))
                return -1;
            n[field] = n[field] * 10 + (digit ? s[i] - '0' : 0);
        } else if (s[i] != form[i]) {
            return -1;
        } else {
            field++;
        }
    }
    tm->tm_mday = n[0], tm->tm_hour = n[1], tm->tm_min = n[2], tm->tm_sec = n[3];
    return n[0] >= 1 && n[0] <= 31 && n[1] < 24 && n[2] < 60 && n[3] <= 60 ? 0 : -1;
}

/*
 * The year of a line without one. A clock that is set back, and the two that we and the host read,
 * may have a line a little newer than now; on the 29th of February a year must have one.
 */
static bool with_year(const struct tm *stamp, int zone_s, int64_t now_s, int64_t *us)
{
    enum { SOON_S = 24 * 3600, LEAPS = 8 };
    time_t now = (time_t)(now_s + zone_s);
    struct tm today;
    if (!gmtime_r(&now, &today))
        return false;
    for (int back = -1; back <= LEAPS; back++) {
        struct tm tm = *stamp;
        tm.tm_year = today.tm_year - back;
        int64_t t = (int64_t)timegm(&tm) - zone_s;
        if (tm.tm_mon != stamp->tm_mon || t > now_s + SOON_S)
            continue;
        *us = t * 1000000;
        return true;
    }
    return false;
}

static const char *traditional(struct log_entry *e, const char *raw, int zone_s, int64_t now_s)
{
    struct tm tm = {.tm_mon = log_month(raw)};
    if (tm.tm_mon < 0 || raw[3] != ' ' || day_and_time(&tm, raw + 4) < 0)
        return NULL;
    e->timed = with_year(&tm, zone_s, now_s, &e->host_us);
    e->seconds = true;
    return raw + strlen("Nov 14 23:13:20 ");
}

/* "Z" or "+01:00" before a blank; the end of it, or NULL. */
static const char *take_zone(const char *s, int *zone_s)
{
    unsigned h, m;
    int end = 0;
    *zone_s = 0;
    if (s[0] == 'Z' && s[1] == ' ')
        return s + 2;
    if (sscanf(s, "%*1[+-]%2u:%2u%n", &h, &m, &end) != 2 || s[end] != ' ')
        return NULL;
    *zone_s = (int)(h * 3600 + m * 60) * (s[0] == '-' ? -1 : 1);
    return s + end + 1;
}

static const char *iso(struct log_entry *e, const char *raw)
{
    struct tm tm = {0};
    int end = 0, zone_s;
    int64_t part = 0;
    if (sscanf(raw, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec, &end) != 6 ||
        !end)
        return NULL;
    const char *p = raw + end;
    e->seconds = *p != '.';
    if (*p == '.')
        for (int64_t unit = 100000; *++p >= '0' && *p <= '9'; unit /= 10)
            part += (*p - '0') * unit;
    p = take_zone(p, &zone_s);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    e->host_us = ((int64_t)timegm(&tm) - zone_s) * 1000000 + part;
    e->timed = p != NULL;
    return p;
}

/* "prog[12]: "; what is behind it, or NULL. */
static const char *take_program(struct log_entry *e, const char *s)
{
    size_t n = strcspn(s, "[: ");
    uint64_t pid;
    if (!n || n >= sizeof e->from)
        return NULL;
    memcpy(e->from, s, n);
    e->from[n] = '\0';
    s += n;
    if (*s == '[') {
        char digits[12] = {0};
        n = strcspn(++s, "]");
        if (n >= sizeof digits || !s[n])
            return NULL;
        memcpy(digits, s, n);
        e->pid = parse_u64(digits, 0, UINT32_MAX, &pid) ? (unsigned)pid : 0;
        s += n + 1;
    }
    return s[0] == ':' && s[1] == ' ' ? s + 2 : NULL;
}

/* The kernel's own stamp, "[   12.345678] ", says nothing that the line's does not. */
static const char *behind_uptime(const char *s)
{
    int end = 0;
    if (s[0] == '[' && sscanf(s, "[ %*[0-9].%*[0-9]]%n", &end) == 0 && end && s[end] == ' ')
        return s + end + 1;
    return s;
}

bool log_entry_syslog(struct log_entry *out, const char *raw, int zone_s, int64_t now_s)
{
    const char *p = traditional(out, raw, zone_s, now_s);
    if (!p)
        p = iso(out, raw);
    if (!p)
        return false;
    p = strchr(p, ' '); /* the host's name */
    if (!p || !(p = take_program(out, p + 1)))
        return false;
    p = behind_uptime(p);
    snprintf(out->text, sizeof out->text, "%s", p);
    return find_service(out, p);
}
