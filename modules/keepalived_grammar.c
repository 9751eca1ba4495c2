#include "modules/keepalived_grammar.h"

#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/vec.h"

enum arg {
    ARG_NONE,    /* nothing, or true/false: none of ours */
    ARG_TEXT,    /* anything, but something */
    ARG_INT,     /* min to max */
    ARG_SECONDS, /* whole; fractions too where `fractions` says so */
    ARG_SHORT,   /* at most max characters: more are cut off */
    ARG_BLOCK,   /* "{": the keyword's own block */
    ARG_LIST,    /* "{": lines of anything */
};

struct keyword {
    const char *block, *name;
    enum arg arg;
    unsigned min, max;
    struct version since, until; /* from, and before; 0.0.0: always, and for ever */
    struct version fractions;
};

#define FROM(a, b, c) .since = {a, b, c}
#define BEFORE(a, b, c) .until = {a, b, c}
#define FRACTIONS(a, b, c) .fractions = {a, b, c}
/* Nothing before 2.0.0 is trusted with one: see FIELD-NOTES and keepalived_version.c. */
#define SECONDS_OF(block, name) {block, name, ARG_SECONDS, FRACTIONS(2, 0, 13)}

/*
 * Sources: the version of a change is that of keepalived's ChangeLog (to 2.0.20), else of its release
 * notes; keywords and ranges are from excerpts of keepalived/core/global_parser.c, vrrp/vrrp_parser.c,
 * check/check_parser.c, check_http.c, check_tcp.c and check_api.c, not read file by file at each tag, and
 * tried with 2.2.7. fall, rise, interval and the retries' upper ends are limits of ours. VRRP's own are
 * RFC 9568's.
 */
static const struct keyword table[] = {
    {"", "global_defs", ARG_BLOCK},
    {"", "vrrp_script", ARG_BLOCK},
    {"", "vrrp_track_file", ARG_BLOCK, FROM(2, 0, 0)},
    {"", "track_file", ARG_BLOCK, FROM(2, 1, 0)},
    {"", "static_routes", ARG_LIST},
    {"", "vrrp_instance", ARG_BLOCK},
    {"", "virtual_server", ARG_BLOCK},

    {"global_defs", "router_id", ARG_TEXT},
    {"global_defs", "vrrp_version", ARG_INT, 2, 3},
    {"global_defs", "vrrp_startup_delay", ARG_SECONDS, FROM(2, 0, 14), FRACTIONS(2, 0, 14)},
    {"global_defs", "script_user", ARG_TEXT, FROM(1, 3, 0)},
    {"global_defs", "enable_script_security", ARG_NONE, FROM(1, 3, 0)},
    {"global_defs", "vrrp_notify_fifo", ARG_TEXT, FROM(2, 0, 0)},
    {"global_defs", "vrrp_notify_fifo_script", ARG_TEXT, FROM(2, 0, 0)},

    {"vrrp_script", "script", ARG_TEXT},
    {"vrrp_script", "interval", ARG_INT, 1, 86400},
    {"vrrp_script", "timeout", ARG_INT, 1, 86400},
    {"vrrp_script", "weight", ARG_TEXT},
    {"vrrp_script", "fall", ARG_INT, 1, 1000},
    {"vrrp_script", "rise", ARG_INT, 1, 1000},
    {"track_file", "file", ARG_TEXT},
    {"track_file", "weight", ARG_TEXT},
    {"vrrp_track_file", "file", ARG_TEXT},
    {"vrrp_track_file", "weight", ARG_TEXT},

    {"vrrp_instance", "state", ARG_TEXT},
    {"vrrp_instance", "nopreempt", ARG_NONE},
    {"vrrp_instance", "interface", ARG_TEXT},
    {"vrrp_instance", "virtual_router_id", ARG_INT, 1, 255},
    {"vrrp_instance", "priority", ARG_INT, 1, 255},
    {"vrrp_instance", "advert_int", ARG_SECONDS, FRACTIONS(2, 0, 0)},
    {"vrrp_instance", "garp_master_refresh", ARG_INT, 0, 86400, FROM(1, 2, 10)},
    {"vrrp_instance", "higher_prio_send_advert", ARG_TEXT, FROM(1, 3, 5)},
    {"vrrp_instance", "old_unicast_checksum", ARG_NONE, FROM(2, 0, 0)},
    {"vrrp_instance", "unicast_src_ip", ARG_TEXT, FROM(1, 2, 8)},
    {"vrrp_instance", "unicast_peer", ARG_LIST, FROM(1, 2, 8)},
    {"vrrp_instance", "track_script", ARG_LIST},
    {"vrrp_instance", "track_file", ARG_LIST, FROM(2, 0, 0)},
    {"vrrp_instance", "authentication", ARG_BLOCK},
    {"vrrp_instance", "virtual_ipaddress", ARG_LIST},
    {"authentication", "auth_type", ARG_TEXT},
    {"authentication", "auth_pass", ARG_SHORT, 1, 8},

    SECONDS_OF("virtual_server", "delay_loop"),
    {"virtual_server", "lb_algo", ARG_TEXT},
    {"virtual_server", "lb_kind", ARG_TEXT},
    {"virtual_server", "persistence_timeout", ARG_INT, 1, 31 * 86400},
    {"virtual_server", "protocol", ARG_TEXT},
    {"virtual_server", "virtualhost", ARG_TEXT},
    {"virtual_server", "alpha", ARG_NONE},
    {"virtual_server", "quorum_up", ARG_TEXT},
    {"virtual_server", "quorum_down", ARG_TEXT},
    {"virtual_server", "real_server", ARG_BLOCK},
    {"real_server", "weight", ARG_INT, 0, 65535, BEFORE(2, 0, 0)},
    {"real_server", "weight", ARG_INT, 1, 65535, FROM(2, 0, 0), BEFORE(2, 2, 0)},
    {"real_server", "weight", ARG_INT, 0, 65535, FROM(2, 2, 0)},
    {"real_server", "inhibit_on_failure", ARG_NONE},
    {"real_server", "HTTP_GET", ARG_BLOCK},
    {"real_server", "TCP_CHECK", ARG_BLOCK},
    {"real_server", "MISC_CHECK", ARG_BLOCK},
    {"real_server", "PING_CHECK", ARG_BLOCK, FROM(2, 1, 0)},
    {"real_server", "UDP_CHECK", ARG_BLOCK, FROM(2, 1, 0)},

    {"HTTP_GET", "url", ARG_BLOCK},
    {"url", "path", ARG_TEXT},
    {"url", "status_code", ARG_INT, 100, 599},
    {"HTTP_GET", "connect_port", ARG_INT, 1, 65535},
    SECONDS_OF("HTTP_GET", "connect_timeout"),
    {"HTTP_GET", "nb_get_retry", ARG_INT, 1, 1000, BEFORE(1, 3, 7)},
    {"HTTP_GET", "nb_get_retry", ARG_INT, 0, 1000, FROM(1, 3, 7)}, /* deprecated: 2.0.15 says so */
    {"HTTP_GET", "retry", ARG_INT, 0, 1000, FROM(1, 3, 7)},
    SECONDS_OF("HTTP_GET", "delay_before_retry"),
    SECONDS_OF("HTTP_GET", "warmup"),
    {"TCP_CHECK", "connect_port", ARG_INT, 1, 65535},
    SECONDS_OF("TCP_CHECK", "connect_timeout"),
    {"TCP_CHECK", "retry", ARG_INT, 1, 1000, FROM(1, 2, 20), BEFORE(1, 3, 7)}, /* 0: never down */
    {"TCP_CHECK", "retry", ARG_INT, 0, 1000, FROM(1, 3, 7)},
    SECONDS_OF("TCP_CHECK", "delay_before_retry"),
    SECONDS_OF("TCP_CHECK", "warmup"),
    {"MISC_CHECK", "misc_path", ARG_TEXT},
    SECONDS_OF("PING_CHECK", "connect_timeout"),
    {"PING_CHECK", "retry", ARG_INT, 0, 1000},
    SECONDS_OF("PING_CHECK", "delay_before_retry"),
    SECONDS_OF("PING_CHECK", "warmup"),
    SECONDS_OF("UDP_CHECK", "connect_timeout"),
    {"UDP_CHECK", "retry", ARG_INT, 0, 1000},
    SECONDS_OF("UDP_CHECK", "delay_before_retry"),
    SECONDS_OF("UDP_CHECK", "warmup"),
};

/* What is read: where in it we are, and the blocks that are open. */
struct reader {
    struct version v;
    unsigned line;
    VEC(const struct keyword *) open;
};

static int complain(const struct reader *r, const char *what, const char *why, const char *where,
                    struct err *e)
{
    err_set(e, ERR_FAILED, "keepalived %u.%u.%u %s \"%s\"%s%s (line %u of its configuration)",
            r->v.major, r->v.minor, r->v.patch, why, what, where ? " in " : "", where ? where : "",
            r->line);
    return err_hint(e, "this version has no test of its own, so what it is known to take is compared; "
                       "a newer keepalived takes more");
}

static bool in_range(const struct keyword *k, struct version v)
{
    bool ends = k->until.major && version_cmp(v, k->until) >= 0;
    return version_cmp(v, k->since) >= 0 && !ends;
}

static const char *block_name(const struct reader *r)
{
    return r->open.n ? r->open.v[r->open.n - 1]->name : "";
}

static const struct keyword *find(const struct reader *r, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (!strcmp(table[i].block, block_name(r)) && !strcmp(table[i].name, name) &&
            in_range(&table[i], r->v))
            return &table[i];
    return NULL;
}

/* "2", or "0.25" where the version takes that. */
static bool is_seconds(const struct keyword *k, struct version v, const char *s)
{
    size_t whole = strspn(s, "0123456789");
    bool fractions = k->fractions.major && version_cmp(v, k->fractions) >= 0;
    if (!whole || (s[whole] && (!fractions || s[whole] != '.')))
        return false;
    return !s[whole] || (s[whole + 1] && !s[whole + 1 + strspn(s + whole + 1, "0123456789")]);
}

static bool fits(const struct keyword *k, struct version v, const char *rest)
{
    uint64_t n;
    switch (k->arg) {
    case ARG_NONE: return !*rest;
    case ARG_TEXT: return *rest;
    case ARG_INT: return parse_u64(rest, k->min, k->max, &n);
    case ARG_SECONDS: return is_seconds(k, v, rest);
    case ARG_SHORT: return strlen(rest) >= k->min && strlen(rest) <= k->max;
    case ARG_BLOCK:
    case ARG_LIST: return *rest && rest[strlen(rest) - 1] == '{';
    }
    return false;
}

/* "ADDRESS min_ttl N max_ttl N" in unicast_peer came with the first version that was tried. */
static int list_line(const struct reader *r, const char *line, struct err *e)
{
    static const struct version min_ttl = {2, 2, 7};
    if (!strcmp(block_name(r), "unicast_peer") && strstr(line, " min_ttl ") &&
        version_cmp(r->v, min_ttl) < 0)
        return complain(r, "min_ttl", "does not know", block_name(r), e);
    return 0;
}

/* `line` is without blanks around it and comments, and not empty. */
static int read_line(struct reader *r, char *line, struct err *e)
{
    if (!strcmp(line, "}")) {
        if (!r->open.n)
            return complain(r, "}", "has nothing to close with", NULL, e);
        r->open.n--;
        return 0;
    }
    if (r->open.n && r->open.v[r->open.n - 1]->arg == ARG_LIST)
        return list_line(r, line, e);
    char *rest = line;
    const char *name = parse_word(&rest);
    const struct keyword *k = find(r, name);
    if (!k)
        return complain(r, name, "does not know", r->open.n ? block_name(r) : NULL, e);
    if (!fits(k, r->v, rest))
        return complain(r, k->arg == ARG_SHORT ? name : rest, "does not take", name, e);
    if (k->arg == ARG_BLOCK || k->arg == ARG_LIST)
        *vec_push(&r->open) = k;
    return 0;
}

/* Cut off what keepalived does not read: comments begin with '#' or '!' outside of quotes. */
static char *strip(char *line)
{
    bool quoted = false;
    for (char *p = line; *p; p++) {
        quoted ^= *p == '"';
        if (!quoted && (*p == '#' || *p == '!'))
            *p = '\0';
        if (!*p)
            break;
    }
    line += strspn(line, " \t\r");
    size_t n = strlen(line);
    while (n && strchr(" \t\r", line[n - 1]))
        line[--n] = '\0';
    return line;
}

int keepalived_lint(const char *text, struct version v, struct err *e)
{
    struct reader r = {.v = v};
    autofree char *copy = xstrdup(text);
    char *next = copy;
    int rc = 0;
    for (char *line; rc == 0 && (line = strsep(&next, "\n"));) {
        r.line++;
        line = strip(line);
        if (*line)
            rc = read_line(&r, line, e);
    }
    if (rc == 0 && r.open.n)
        rc = complain(&r, block_name(&r), "misses the end of", NULL, e);
    vec_free(&r.open);
    return rc;
}
