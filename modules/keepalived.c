#include <string.h>

#include "engine/members.h"
#include "engine/paths.h"
#include "modules/drain.h"
#include "modules/keepalived_grammar.h"
#include "modules/keepalived_version.h"
#include "modules/registry.h"
#include "modules/vrrp_interface.h"
#include "modules/words.h"

static json_t *address(const struct ipaddr *a)
{
    char buf[IPADDR_STRLEN];
    return json_string(ipaddr_str(a, buf));
}

/* The time of a check: a whole second more rather than a fraction that would be cut off or refused.
 */
static const char *check_seconds(struct catalog *cat, struct version v, unsigned ms)
{
    if (!keepalived_has(v, KEEPALIVED_FRACTIONAL_CHECK))
        ms = (ms + 999) / 1000 * 1000;
    return seconds_str(&cat->arena, ms);
}

/* The same for adverts: hundredths of a second, in whole seconds where the version needs it. */
static unsigned advert_cs(const struct cluster *c, struct version v)
{
    unsigned cs = c->vrrp.advert_interval_cs;
    bool whole = c->vrrp.mixed_versions || !keepalived_has(v, KEEPALIVED_FRACTIONAL_ADVERT);
    return whole ? (cs + 99) / 100 * 100 : cs;
}

/*
 * Adverts go to the other director alone. TTL 255 means that no router forwarded them: GTSM, as
 * RFC 9568 (5.1.1.3) demands for multicast; keepalived checks it for unicast only when told to.
 */
static json_t *unicast(struct catalog *cat, struct version v)
{
    json_t *peers = json_array();
    for (const struct host *h = NULL; (h = cluster_next(cat->cluster, h, ROLE_DIRECTOR));)
        if (h != cat->host)
            json_array_append_new(peers, json_pack("{s:o, s:b}", "address", address(&h->address),
                                                   "ttl", keepalived_has(v, KEEPALIVED_PEER_TTL)));
    if (!cat->cluster->vrrp.unicast || !json_array_size(peers)) {
        json_decref(peers);
        return json_null();
    }
    return json_pack("{s:o, s:o}", "source", address(&cat->host->address), "peers", peers);
}

static json_t *vips(struct catalog *cat, const char *interface)
{
    json_t *list = json_array();
    for (size_t i = 0; i < cat->cluster->n_vips; i++) {
        const struct ipaddr *a = &cat->cluster->vips[i];
        json_array_append_new(list, json_pack("{s:o, s:i, s:s}", "address", address(a), "prefix",
                                              (int)ipaddr_bits(a), "interface", interface));
    }
    return list;
}

/*
 * A UDP service cannot be connected to. PING_CHECK sees a dead machine, UDP_CHECK a closed port
 * (ICMP port unreachable); a server must pass both.
 */
static json_t *check(const struct service *s, struct version v, struct err *e)
{
    const struct health_check *hc = &s->check;
    if (s->protocol == PROTO_UDP) {
        if (keepalived_has(v, KEEPALIVED_UDP_CHECK))
            return json_pack("{s:[], s:[{s:s}, {s:s}]}", "http", "simple", "name", "PING_CHECK",
                             "name", "UDP_CHECK");
        err_set(e, ERR_FAILED, "keepalived %u.%u.%u cannot check a udp service", v.major, v.minor,
                v.patch);
        err_hint(e, "udp services need keepalived 2.1.0");
        return NULL;
    }
    if (hc->type == CHECK_TCP)
        return json_pack("{s:[], s:[{s:s}]}", "http", "simple", "name", "TCP_CHECK");
    if (word_check(SYNTAX_KEEPALIVED, "the check's path", hc->path, e) < 0 ||
        (hc->host && word_check(SYNTAX_KEEPALIVED, "the check's host", hc->host, e) < 0))
        return NULL;
    return json_pack("{s:[{s:s, s:i}], s:[]}", "http", "path", hc->path, "status", (int)hc->status,
                     "simple");
}

static json_t *real_servers(struct catalog *cat, const struct service *s, struct version v,
                            struct err *e)
{
    json_t *list = json_array();
    for (const struct host *h = NULL; (h = cluster_next(cat->cluster, h, ROLE_REAL_SERVER));) {
        if (h->weight == 0 && !keepalived_has(v, KEEPALIVED_WEIGHT_ZERO)) {
            json_decref(list);
            err_set(e, ERR_FAILED, "keepalived %u.%u.%u cannot give host \"%s\" the weight 0",
                    v.major, v.minor, v.patch, h->name);
            err_hint(e, "weight 0 needs keepalived 2.2.0; with an older one use 1 or more");
            return NULL;
        }
        unsigned weight = drain_weight(cat, h);
        bool by_check = weight != h->weight && drain_by_check(v);
        json_array_append_new(
            list, json_pack("{s:o, s:i, s:i, s:b}", "address", address(&h->address), "port",
                            (int)s->port, "weight", (int)(by_check ? h->weight : weight),
                            "drained", by_check));
    }
    return list;
}

/* Does a director that has no real server left count for less? */
static bool watches_servers(const struct cluster *c, struct version v)
{
    return cluster_hands_over(c) && keepalived_has(v, KEEPALIVED_TRACK_FILE);
}

/* "/run/clusterctl/no-servers-10.1.1.140-80-tcp" */
static const char *no_servers_file(struct catalog *cat, const struct service *s)
{
    char vip[IPADDR_STRLEN];
    return arena_printf(&cat->arena, NO_SERVERS_PREFIX "%s-%u-%s", ipaddr_str(&s->vip, vip),
                        s->port, s->protocol == PROTO_TCP ? "tcp" : "udp");
}

/* The files that the services' quorum scripts write, for the VRRP instance to track. */
static json_t *no_servers(struct catalog *cat, struct version v)
{
    const struct cluster *c = cat->cluster;
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_services && watches_servers(c, v); i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "name",
                            arena_printf(&cat->arena, "clusterctl_no_servers_%zu", i + 1), "file",
                            no_servers_file(cat, &c->services[i])));
    return list;
}

/*
 * The VIPs' local routes on lo. The metric sets them apart from the kernel's own of a VIP that is
 * an address too; the source is what this machine itself calls a VIP from.
 */
static json_t *anywhere(const struct catalog *cat, struct version v)
{
    enum { METRIC = 1024 };
    if (!watches_servers(cat->cluster, v))
        return json_null();
    return json_pack("{s:i, s:o}", "metric", METRIC, "source", address(&cat->host->address));
}

static json_t *service(struct catalog *cat, const struct service *s, struct version v,
                       struct err *e)
{
    const struct health_check *hc = &s->check;
    bool retry_zero = keepalived_has(v, KEEPALIVED_RETRY_ZERO);
    json_t *checks = check(s, v, e), *servers = checks ? real_servers(cat, s, v, e) : NULL;
    char vip[IPADDR_STRLEN];
    if (!servers) {
        json_decref(checks);
        return NULL;
    }
    /* The host name of HTTP checks, without which they would hit whatever site is the default. */
    const char *vhost = s->protocol == PROTO_TCP && hc->type == CHECK_HTTP
                            ? (hc->host ? hc->host : ipaddr_str(&s->vip, vip))
                            : NULL;
    json_t *j = json_pack(
        "{s:o, s:i, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:i, s:o, s:o}", "vip", address(&s->vip),
        "port", (int)s->port, "scheduler", s->scheduler, "protocol",
        s->protocol == PROTO_TCP ? "TCP" : "UDP", "virtualhost", vhost, "delay_loop",
        check_seconds(cat, v, hc->interval_ms), "connect_timeout",
        check_seconds(cat, v, hc->timeout_ms), "delay_before_retry",
        check_seconds(cat, v, hc->retry_delay_ms), "http_retry",
        keepalived_has(v, KEEPALIVED_RETRY) ? "retry" : "nb_get_retry", "retry",
        (int)(hc->retries || retry_zero ? hc->retries : 1), "checks", checks, "servers", servers);
    if (watches_servers(cat->cluster, v))
        json_object_set_new(j, "none_left", json_string(no_servers_file(cat, s)));
    if (s->persistence_s)
        json_object_set_new(j, "persistence", json_integer(s->persistence_s));
    return j;
}

static json_t *services(struct catalog *cat, struct version v, struct err *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < cat->cluster->n_services; i++) {
        json_t *s = service(cat, &cat->cluster->services[i], v, e);
        if (!s) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, s);
    }
    return list;
}

/* VRRPv2 has the simple password, sent in clear; version 3 has none and keepalived ignores it. */
static int auth(struct catalog *cat, json_t *data, struct err *e)
{
    const struct vrrp *vrrp = &cat->cluster->vrrp;
    if (vrrp->version != 2 || !vrrp->auth_pass)
        return 0;
    if (word_check(SYNTAX_KEEPALIVED, "vrrp.auth_pass", vrrp->auth_pass, e) < 0)
        return -1;
    *vec_push(&cat->secrets) = vrrp->auth_pass;
    json_object_set_new(data, "auth_pass", json_string(vrrp->auth_pass));
    return 0;
}

/*
 * A director that comes up takes the VIP after three adverts unheard, 0.3 s; but its peer may need
 * a round of ARP, 1 s (neigh/default/retrans_time_ms), before it can send it any. Two rounds are
 * waited for, at the daemon's start only, not at a reload. The less preferred director waits a
 * second more: when both boot at once the skew between priorities 254 and 253, 0.4 ms, decides
 * nothing (seen: either won).
 */
enum { STARTUP_DELAY_S = 2 };

static int startup_delay(const struct catalog *cat)
{
    int delay = STARTUP_DELAY_S;
    for (const struct host *h = NULL; (h = cluster_next(cat->cluster, h, ROLE_DIRECTOR));)
        delay += h->priority > cat->host->priority;
    return delay;
}

/*
 * Who takes the file at HANDOVER_FILE for a FAULT. Before track_file a script must do, which looks
 * once a second: diff -N takes a file that is not there for an empty one. (test(1) would need a
 * '!', which begins a comment.)
 */
static json_t *handover(const struct cluster *c, struct version v)
{
    if (!cluster_hands_over(c))
        return json_null();
    if (keepalived_has(v, KEEPALIVED_TRACK_FILE))
        return json_pack("{s:s}", "file", HANDOVER_FILE);
    return json_pack("{s:s}", "script", "/usr/bin/diff -qN " HANDOVER_FILE " /dev/null");
}

/* The article's first director does not listen before it takes the VIPs. */
static const char *state(const struct catalog *cat)
{
    bool first = cat->host == cluster_next(cat->cluster, NULL, ROLE_DIRECTOR);
    return cat->cluster->profile == PROFILE_ARTICLE && first ? "MASTER" : "BACKUP";
}

/* Whom every change of state is told (metrics.c). */
static json_t *notify(const struct cluster *c, struct version v)
{
    if (!c->monitoring.wanted || !keepalived_has(v, KEEPALIVED_NOTIFY_FIFO))
        return json_null();
    return json_pack("{s:s, s:s}", "fifo", VRRP_FIFO, "script", "/bin/sh " VRRP_NOTIFY_SH);
}

/*
 * How long this director needs when the other dies, where that is more than the inventory's adverts
 * promise: before 2.0.0 four of them are waited for (FIELD-NOTES), each of whole seconds. Then the
 * skew of RFC 9568, 6.1; version 2's is of a second.
 */
static const char *slow_takeover(struct catalog *cat, struct version v)
{
    const struct vrrp *vrrp = &cat->cluster->vrrp;
    unsigned advert_ms = advert_cs(cat->cluster, v) * 10, unit = vrrp->version == 2 ? 1000 : advert_ms;
    if (keepalived_has(v, KEEPALIVED_FRACTIONAL_ADVERT))
        return NULL;
    return arena_printf(&cat->arena, "Keepalived %u.%u.%u takes over %s s after the other director's "
                        "last advert: 4 of %s s, and the skew.",
                        v.major, v.minor, v.patch,
                        seconds_str(&cat->arena, 4 * advert_ms + (256 - cat->host->priority) * unit / 256),
                        seconds_str(&cat->arena, advert_ms));
}

/* garp_master_refresh, seconds. */
enum { GARP_REFRESH_S = 60 };

static const char *configuration(struct catalog *cat, struct version v, struct err *e)
{
    const struct vrrp *vrrp = &cat->cluster->vrrp;
    const char *interface = vrrp_interface(cat, e);
    json_t *list = interface ? services(cat, v, e) : NULL;
    bool fast = cat->cluster->profile == PROFILE_FAST, peer = cluster_hands_over(cat->cluster);
    if (!list)
        return NULL;
    json_t *data =
        json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:i, s:s, s:b, s:b, s:o, s:o, s:o, s:o}",
                  "cluster", cat->cluster->name, "host", cat->host->name, "state", state(cat),
                  "version", (int)vrrp->version, "interface", interface, "router_id",
                  (int)vrrp->virtual_router_id, "priority", (int)cat->host->priority, "advert_int",
                  seconds_str(&cat->arena, advert_cs(cat->cluster, v) * 10), "nopreempt",
                  !vrrp->preempt, "alpha", fast, "handover", handover(cat->cluster, v), "unicast",
                  unicast(cat, v), "vips", vips(cat, interface), "services", list);
    /* keepalived 2 tells by itself which checksum a peer makes, but sends the new one. */
    bool old_sum = vrrp->mixed_versions && vrrp->version == 3 && vrrp->unicast;
    json_object_set_new(data, "old_checksum",
                        json_boolean(old_sum && keepalived_has(v, KEEPALIVED_V3_CHECKSUM)));
    if (fast)
        json_object_set_new(data, "garp_refresh", json_integer(GARP_REFRESH_S));
    const char *slow = slow_takeover(cat, v);
    if (slow)
        json_object_set_new(data, "slow", json_string(slow));
    json_t *watch = notify(cat->cluster, v);
    json_object_set_new(data, "scripts", json_boolean(peer || drain_by_check(v) || !json_is_null(watch)));
    json_object_set_new(data, "notify", watch);
    json_object_set_new(data, "no_servers", no_servers(cat, v));
    json_object_set_new(data, "anywhere", anywhere(cat, v));
    if (peer && keepalived_has(v, KEEPALIVED_STARTUP_DELAY))
        json_object_set_new(data, "startup_delay", json_integer(startup_delay(cat)));
    if (auth(cat, data, e) < 0) {
        json_decref(data);
        return NULL;
    }
    return catalog_render(cat, "keepalived.conf.tmpl", data, e);
}

/*
 * How long a takeover lasts at most, in milliseconds: five adverts are the four and a skew of less
 * than one that keepalived 1.3.5 takes (FIELD-NOTES), and a script is asked once a second.
 */
static unsigned takeover_ms(const struct cluster *c, struct version v)
{
    unsigned ms = 5 * advert_cs(c, v) * 10;
    return keepalived_has(v, KEEPALIVED_TRACK_FILE) ? ms : ms + 1000;
}

/* What systemd does around the daemon. It reads this at the next start or stop: nothing restarts.
 */
static int drop_in(struct catalog *cat, struct version v, struct err *e)
{
    const struct cluster *c = cat->cluster;
    const char *interface = vrrp_interface(cat, e);
    if (!interface)
        return -1;
    const char *text = catalog_render(
        cat, "keepalived.dropin.tmpl",
        json_pack("{s:s, s:b, s:b, s:s, s:s, s:s, s:s, s:s, s:o}", "cluster", c->name, "service",
                  c->profile == PROFILE_FAST, "peer", cluster_hands_over(c), "run_dir", RUN_DIR,
                  "hand_over", HAND_OVER_SH, "sync_usual", SYNC_USUAL_SH, "handover", HANDOVER_FILE,
                  "takeover",
                  seconds_str(&cat->arena, takeover_ms(c, v)), "vips", vips(cat, interface)),
        e);
    if (!text)
        return -1;
    want_file(cat, "/etc/systemd/system/keepalived.service.d/clusterctl.conf",
              (struct res_file){.content = text, .daemon_reload = true});
    return 0;
}

static int declare(struct catalog *cat, struct err *e)
{
    struct version v = cat->facts->keepalived;
    if (v.major == 0) /* not installed, and a bare machine's package lists may be empty */
        v = cat->facts->release->keepalived;
    const char *text = configuration(cat, v, e);
    bool asks = keepalived_has(v, KEEPALIVED_TEST);
    if (!text || (!asks && keepalived_lint(text, v, e) < 0) || drop_in(cat, v, e) < 0)
        return -1;
    drain_list(cat);
    struct resource *conf = want_file(cat, KEEPALIVED_CONF,
                                      (struct res_file){.content = text,
                                                        .mode = 0600, /* it may hold auth_pass */
                                                        .backup = true,
                                                        .check = asks ? FILE_CHECK_KEEPALIVED
                                                                      : FILE_CHECK_NONE});
    conf->notify = "keepalived.service";
    conf->notify_how = NOTIFY_RELOAD;
    struct resource *daemon = want_service(cat, "keepalived.service", (struct res_service){0});
    /*
     * Its checks go to the real servers' own addresses: they do not see a VIP missing on lo. One that
     * has failed is not waited for, but a new one is not learnt of before it serves.
     */
    for (const struct host *h = NULL; (h = cluster_next(cat->cluster, h, ROLE_REAL_SERVER));) {
        bool known = members_knows(cat->facts, h);
        want_needs(cat, conf, h, "serving", known);
        want_needs(cat, daemon, h, "serving", known);
    }
    return 0;
}

const struct module module_keepalived = {
    .name = "keepalived",
    .summary = "the directors: who holds the VIP, and where its traffic goes",
    .roles = ROLE_DIRECTOR,
    .declare = declare,
};
