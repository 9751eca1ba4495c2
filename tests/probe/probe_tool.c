/*
 * The probe layer from the command line, for test_probe.py: prints one JSON object, at its end.
 * Exit 0 done, 1 with {"code", "error", "hint"}, 2 misused.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/quote.h"
#include "probe/arp.h"
#include "probe/http.h"
#include "probe/load.h"
#include "probe/neigh_watch.h"
#include "probe/via.h"
#include "probe/vrrp.h"

static void add_text(struct strbuf *out, const char *key, const char *value)
{
    quote_json(out, key);
    sb_add(out, ": ");
    quote_json(out, value);
    sb_add(out, ", ");
}

static int finish(const struct strbuf *out)
{
    printf("{%s\"end\": true}\n", sb_str(out));
    return 0;
}

static int failed(const struct err *e)
{
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"code\": %d, ", e->code);
    add_text(&out, "error", e->msg);
    add_text(&out, "hint", e->hint);
    finish(&out);
    return 1;
}

static bool address(const char *s, struct ipaddr *a)
{
    if (ipaddr_parse(s, a))
        return true;
    fprintf(stderr, "probe-tool: %s is not an address\n", s);
    return false;
}

/* ADDR PORT PATH HOST|- TIMEOUT_MS */
static int do_http(char **argv)
{
    struct ipaddr a;
    uint64_t port, timeout;
    struct err e = {0};
    if (!address(argv[0], &a) || !parse_u64(argv[1], 1, 65535, &port) ||
        !parse_u64(argv[4], 0, 60000, &timeout))
        return 2;
    if (http_global_init(&e) < 0)
        return failed(&e);
    struct http_result r;
    http_get(&a, (unsigned)port, argv[2], strcmp(argv[3], "-") == 0 ? NULL : argv[3],
             (unsigned)timeout, &r);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"status\": %ld, \"length\": %zu, \"truncated\": %s, \"elapsed_us\": %lld, ",
            r.status, r.body.len, r.body.truncated ? "true" : "false", (long long)r.elapsed_us);
    add_text(&out, "error", r.error);
    if (r.body.len < 4096)
        add_text(&out, "body", sb_str(&r.body));
    http_result_free(&r);
    http_global_exit();
    return finish(&out);
}

/* ADDR */
static int do_route(char **argv)
{
    struct ipaddr a;
    struct route r;
    struct err e = {0};
    char source[IPADDR_STRLEN];
    if (!address(argv[0], &a))
        return 2;
    if (route_get(&a, &r, &e) < 0)
        return failed(&e);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"on_link\": %s, \"local\": %s, \"ifindex\": %d, ", r.on_link ? "true" : "false",
            r.local ? "true" : "false", r.ifindex);
    add_text(&out, "ifname", r.ifname);
    add_text(&out, "source", ipaddr_str(&r.source, source));
    return finish(&out);
}

/* ADDR REQUESTS WAIT_MS */
static int do_arp(char **argv)
{
    struct ipaddr a;
    struct route r;
    struct arp_answers answers;
    struct err e = {0};
    uint64_t requests, wait;
    if (!address(argv[0], &a) || !parse_u64(argv[1], 0, 100, &requests) ||
        !parse_u64(argv[2], 0, 10000, &wait))
        return 2;
    if (route_get(&a, &r, &e) < 0)
        return failed(&e);
    int64_t start = clock_ms();
    if (arp_ask(&a, &r, (unsigned)requests, (unsigned)wait, &answers, &e) < 0)
        return failed(&e);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"requests\": %u, \"elapsed_ms\": %lld, \"macs\": [", answers.requests,
            (long long)(clock_ms() - start));
    for (size_t i = 0; i < answers.n; i++) {
        char mac[MAC_STRLEN];
        sb_addf(&out, "%s\"%s\"", i ? ", " : "", mac_str(&answers.mac[i], mac));
    }
    sb_add(&out, "], ");
    return finish(&out);
}

/* ADDR */
static int do_neigh(char **argv)
{
    struct ipaddr a;
    struct route r;
    struct mac m = {0};
    struct err e = {0};
    bool found;
    char mac[MAC_STRLEN];
    if (!address(argv[0], &a))
        return 2;
    if (route_get(&a, &r, &e) < 0 || neigh_get(&a, r.ifindex, &found, &m, &e) < 0)
        return failed(&e);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"found\": %s, ", found ? "true" : "false");
    add_text(&out, "mac", found ? mac_str(&m, mac) : "");
    return finish(&out);
}

/* TEXT */
static int do_mac(char **argv)
{
    struct mac m, again;
    char mac[MAC_STRLEN];
    bool ok = mac_parse(argv[0], &m);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"ok\": %s, ", ok ? "true" : "false");
    if (ok)
        add_text(&out, "mac",
                 mac_parse(mac_str(&m, mac), &again) && mac_eq(&m, &again) ? mac : "differs");
    return finish(&out);
}

/* --- what goes on for a while: says "started", and the rest at its end, or at a SIGTERM --- */

static void term_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
}

/* Before any thread: all of them leave the signal to sleep_until(). */
static void block_term(void)
{
    sigset_t set;
    term_set(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void sleep_until(int64_t us)
{
    sigset_t set;
    term_set(&set);
    puts("started");
    fflush(stdout);
    for (int64_t left; (left = us - clock_us()) > 0;) {
        struct timespec t = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
        if (sigtimedwait(&set, NULL, &t) == SIGTERM)
            return;
    }
}

/* ud: the bodies that are right, separated by commas; the answer is the number of the match. */
static int classify(void *ud, long status, const char *body, size_t len)
{
    int i = 0;
    for (const char *want = ud; status == 200; i++) {
        size_t n = strcspn(want, ",");
        if (n == len && memcmp(want, body, n) == 0)
            return i;
        if (!want[n])
            break;
        want += n + 1;
    }
    return LOAD_NOBODY;
}

static void add_log(struct strbuf *out, const struct load_log *log)
{
    sb_addf(out, "\"late\": %zu, \"late_median_us\": %lld, \"late_max_us\": %lld, \"records\": [",
            log->late, (long long)log->late_median_us, (long long)log->late_max_us);
    for (size_t i = 0; i < log->n; i++) {
        const struct load_record *r = &log->v[i];
        sb_addf(out, "%s[%lld, %lld, %lld, \"%s\", %ld, %d]", i ? ", " : "", (long long)r->due_us,
                (long long)r->sent_us, (long long)r->done_us, load_outcome_name(r->outcome),
                r->status, r->backend);
    }
    sb_add(out, "], ");
}

/* ADDR PORT PATH HOST|- RATE TIMEOUT_MS DURATION_MS BODIES|- */
static int do_load(char **argv)
{
    struct load_options o = {.path = argv[2]};
    uint64_t port, rate, timeout, duration;
    struct err e = {0};
    if (!address(argv[0], &o.address) || !parse_u64(argv[1], 1, 65535, &port) ||
        !parse_u64(argv[4], 0, 100000, &rate) || !parse_u64(argv[5], 0, 100000, &timeout) ||
        !parse_u64(argv[6], 0, 3600000, &duration))
        return 2;
    block_term();
    o.port = (unsigned)port;
    o.host = strcmp(argv[3], "-") == 0 ? NULL : argv[3];
    o.rate = (unsigned)rate;
    o.timeout_ms = (unsigned)timeout;
    if (strcmp(argv[7], "-") != 0) {
        o.classify = classify;
        o.ud = argv[7];
    }
    if (http_global_init(&e) < 0)
        return failed(&e);
    struct load *l = load_start(&o, &e);
    if (!l)
        return failed(&e);
    sleep_until(load_epoch(l) + (int64_t)duration * 1000);
    struct load_counts c;
    struct load_log log;
    load_counts(l, &c);
    int64_t start = clock_us();
    if (load_stop(l, &log, &e) < 0)
        return failed(&e);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"stop_us\": %lld, \"done\": %zu, \"ok\": %zu, \"lost\": %zu, ",
            (long long)(clock_us() - start), c.done, c.ok, c.lost);
    sb_addf(&out, "\"last_ok_due_us\": %lld, \"last_lost_due_us\": %lld, ",
            (long long)c.last_ok_due_us, (long long)c.last_lost_due_us);
    add_log(&out, &log);
    load_log_free(&log);
    http_global_exit();
    return finish(&out);
}

/* ADDR DURATION_MS */
static int do_watch(char **argv)
{
    struct ipaddr a;
    struct route r;
    struct err e = {0};
    uint64_t duration;
    if (!address(argv[0], &a) || !parse_u64(argv[1], 0, 60000, &duration))
        return 2;
    block_term();
    int64_t start = clock_us();
    struct neigh_watch *w = NULL;
    if (route_get(&a, &r, &e) < 0 || !(w = neigh_watch_start(&a, r.ifindex, &e)))
        return failed(&e);
    sleep_until(start + (int64_t)duration * 1000);
    neigh_changes copy, changes;
    neigh_watch_copy(w, &copy);
    neigh_watch_stop(w, &changes);
    neigh_watch_stop(NULL, NULL);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"copied\": %zu, \"changes\": [", copy.n);
    for (size_t i = 0; i < changes.n; i++) {
        const struct neigh_change *c = &changes.v[i];
        char mac[MAC_STRLEN];
        sb_addf(&out, "%s[%lld, \"%s\"]", i ? ", " : "", (long long)(c->at_us - start),
                c->resolved ? mac_str(&c->mac, mac) : "");
    }
    sb_add(&out, "], ");
    vec_free(&copy);
    vec_free(&changes);
    return finish(&out);
}

/*
 * TO NEIGHBOUR PORT WAIT: open a way, GET /whoami through it. WAIT "-": close it; "hold": say so on
 * standard output and wait to be killed with it open.
 */
static int do_via(char **argv)
{
    struct ipaddr to, neighbour;
    struct route link;
    struct via way;
    struct err e = {0};
    uint64_t port;
    if (!address(argv[0], &to) || !address(argv[1], &neighbour) ||
        !parse_u64(argv[2], 1, 65535, &port))
        return 2;
    if (http_global_init(&e) < 0)
        return failed(&e);
    size_t swept = via_sweep();
    if (route_get(&neighbour, &link, &e) < 0 || via_open(&to, &neighbour, &link, &way, &e) < 0)
        return failed(&e);
    struct http_result r;
    http_get_via(&way, (unsigned)port, "/whoami", NULL, 1000, &r);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"swept\": %zu, \"mark\": %u, \"status\": %ld, ", swept, way.mark, r.status);
    add_text(&out, "error", r.error);
    add_text(&out, "body", sb_str(&r.body));
    http_result_free(&r);
    int rc = finish(&out);
    fflush(stdout);
    if (strcmp(argv[3], "hold") == 0)
        pause();
    via_close(&way);
    http_global_exit();
    return rc;
}

/* ADDR DURATION_MS: the adverts on the link to it */
static int do_vrrp(char **argv)
{
    struct ipaddr a;
    struct route r;
    struct err e = {0};
    uint64_t duration;
    if (!address(argv[0], &a) || !parse_u64(argv[1], 0, 60000, &duration))
        return 2;
    block_term();
    int64_t start = clock_us();
    int fd = -1;
    if (route_get(&a, &r, &e) < 0 || (fd = vrrp_listen(&r, &e)) < 0)
        return failed(&e);
    sleep_until(start + (int64_t)duration * 1000);
    struct vrrp_advert heard[VRRP_MAX_HEARD];
    size_t n = vrrp_heard(fd, heard);
    close(fd);
    autosb struct strbuf out = {0};
    sb_add(&out, "\"adverts\": [");
    for (size_t i = 0; i < n; i++) {
        char source[IPADDR_STRLEN], vip[IPADDR_STRLEN];
        sb_addf(&out, "%s[\"%s\", %u, %u, %u, \"%s\"]", i ? ", " : "",
                ipaddr_str(&heard[i].source, source), heard[i].version, heard[i].router_id,
                heard[i].priority, ipaddr_str(&heard[i].vip, vip));
    }
    sb_add(&out, "], ");
    return finish(&out);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        int (*run)(char **argv);
    } commands[] = {
        {"http", 5, do_http}, {"route", 1, do_route}, {"arp", 3, do_arp},   {"neigh", 1, do_neigh},
        {"mac", 1, do_mac},   {"via", 4, do_via},     {"load", 8, do_load}, {"watch", 2, do_watch},
        {"vrrp", 2, do_vrrp},
    };
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (argc == commands[i].args + 2 && strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argv + 2);
    fprintf(stderr, "usage: probe-tool http|route|arp|neigh|mac|via|load|watch|vrrp ARGUMENT...\n");
    return 2;
}
