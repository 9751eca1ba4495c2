/*
 * The question of a look, one exec: addresses, tables and VRRP states as verify asks for them
 * (verify/live.h); services, exports and mounts as the engine observes them; and on directors what
 * goes through the table.
 */
#include <string.h>

#include "base/parse.h"
#include "engine/script.h"
#include "ops/look.h"

/*
 * The clock is read right before the counters are. ipvsadm is not called where ip_vs is not loaded:
 * it would load it.
 */
static const char traffic_sh[] =
    "st_list() {\n" /* TAG OPTION... */
    "  t=$1; shift\n"
    "  o=$(ipvsadm -Ln \"$@\" 2>/dev/null) || return 0\n"
    "  printf '%s\\n' \"$o\" | while IFS= read -r l; do r \"$t\" \"$l\"; done\n"
    "  r \"${t}_end\"\n"
    "}\n"
    "st_traffic() {\n"
    "  [ -e /proc/net/ip_vs ] || return 0\n"
    "  st_list st_plain\n"
    "  read -r u l </proc/uptime && r st_up \"$u\"\n"
    "  st_list st_stats --stats --exact\n"
    "  st_list st_rate --rate --exact\n"
    "}\n";

static const char versions_sh[] =
    "st_versions() {\n"
    "  command -v nginx >/dev/null && r st_nginx \"$(nginx -v 2>&1 | head -n 1)\"\n"
    "  command -v dpkg-query >/dev/null && r st_nfs \"$(dpkg-query -W -f '${Version}' \\\n"
    "    nfs-common 2>/dev/null)\"\n"
    "  :\n"
    "}\n";

static bool is_asked(enum res_type t)
{
    return t == RES_SERVICE || t == RES_EXPORT || t == RES_MOUNT;
}

void look_begin(struct look *l, const struct host_result *hr)
{
    if (l->now.live.complete) {
        live_forget(&l->before.live);
        l->before = l->now;
    } else {
        live_forget(&l->now.live);
    }
    l->now = (struct look_sample){0};
    if (l->observing)
        observation_free(&l->seen);
    observation_init(&l->seen, &hr->catalog);
    l->observing = true;
    l->records = l->observed = 0;
    if (l->ask_versions)
        l->nginx[0] = l->nfs_utils[0] = '\0';
}

void look_ask(struct script *s, const struct host_result *hr, struct look *l)
{
    const struct catalog *c = &hr->catalog;
    bool director = hr->host->roles & ROLE_DIRECTOR;
    observe_functions(s, c);
    live_ask(s, hr, LIVE_VRRP, NULL);
    if (director)
        script_add(s, traffic_sh);
    if (l->ask_versions)
        script_add(s, versions_sh);
    script_addf(s, "{ l= o= t= u=\n%s\n%s\n", director ? "st_traffic" : ":",
                l->ask_versions ? "st_versions" : ":");
    for (size_t i = 0; i < c->list.n; i++)
        if (is_asked(c->list.v[i]->type))
            observe_one(s, c->list.v[i]);
    script_add(s, "} </dev/null\nr complete\n");
}

static void keep_version(char out[static LOOK_VERSION_MAX], const char *value)
{
    size_t n = strnlen(value, LOOK_VERSION_MAX - 1);
    memcpy(out, value, n);
    out[n] = '\0';
}

/* "12345.67": the seconds of /proc/uptime, in which there are always two decimals. */
static void take_uptime(struct look_sample *s, char *value)
{
    char *dot = strchr(value, '.');
    uint64_t whole, hundredths;
    if (!dot)
        return;
    *dot = '\0';
    if (!parse_u64(value, 0, UINT32_MAX, &whole) || !parse_u64(dot + 1, 0, 99, &hundredths))
        return;
    s->up_ms = (int64_t)whole * 1000 + (int64_t)hundredths * 10;
    s->timed = true;
}

/* A record of ours, "st_..."; false: it is none. */
static bool own_record(struct look *l, const char *what, char *value)
{
    static const char *const listings[] = {
        [IPVS_PLAIN] = "st_plain", [IPVS_STATS] = "st_stats", [IPVS_RATE] = "st_rate"};
    if (strncmp(what, "st_", 3) != 0)
        return false;
    for (enum ipvs_listing k = IPVS_PLAIN; k <= IPVS_RATE; k++)
        if (!strcmp(what, listings[k]))
            ipvs_listed(&l->now.live.ipvs, k, value);
    if (!strcmp(what, "st_up"))
        take_uptime(&l->now, value);
    else if (!strcmp(what, "st_stats_end"))
        l->now.counted = true;
    else if (!strcmp(what, "st_rate_end"))
        l->now.estimated = true;
    else if (!strcmp(what, "st_nfs"))
        keep_version(l->nfs_utils, value);
    else if (!strcmp(what, "st_nginx")) /* "nginx version: nginx/1.22.1" */
        keep_version(l->nginx, strchr(value, '/') ? strchr(value, '/') + 1 : value);
    return true;
}

/* Records past the cap are dropped, and the answer's end with them. */
int look_record(struct look *l, char *value, struct err *e)
{
    enum { WORD_MAX = 32 };
    char what[WORD_MAX];
    if (l->records++ >= LOOK_MAX_RECORDS)
        return 0;
    size_t n = strcspn(value, " ");
    if (!n)
        return 0;
    if (strchr("0123456789", *value) || memchr(value, ':', n))
        return l->observed++ < LOOK_MAX_OBSERVED
                   ? observe_record(&l->seen, value, e)
                   : err_set(e, ERR_PROTOCOL, "its answer is longer than makes sense");
    if (n < WORD_MAX) {
        memcpy(what, value, n);
        what[n] = '\0';
        if (own_record(l, what, value + n + (value[n] == ' ')))
            return 0;
    }
    live_record(&l->now.live, value);
    return 0;
}

bool look_complete(const struct look *l)
{
    return l->now.live.complete;
}

const struct resource *look_seen(const struct look *l, enum res_type type,
                                 const struct resource *after, const struct resource **want)
{
    if (!l->observing)
        return NULL;
    const struct catalog *c = l->seen.catalog;
    for (size_t i = after ? after->index + 1 : 0; i < c->list.n; i++) {
        if (l->seen.have[i].type != type || c->list.v[i]->gone)
            continue;
        *want = c->list.v[i];
        return &l->seen.have[i];
    }
    return NULL;
}
