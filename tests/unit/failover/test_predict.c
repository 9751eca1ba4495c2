/* What the timers promise, and the shell that makes faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failover/fault_sh.h"
#include "failover/predict.h"
#include "verify/health.h"

enum { LVS1, LVS2, WEB1, WEB2, NFS, HOSTS };
#define MS(n) ((int64_t)(n)*1000)

/* A cluster without an engine: these replace run.h's functions at link time. */
static struct cluster cluster;
static struct host hosts[HOSTS];
static struct service service;
static struct host_result results[HOSTS];

const struct cluster *run_cluster(const struct run *r)
{
    (void)r;
    return &cluster;
}

struct host_result *run_result_of(struct run *r, const struct host *h)
{
    (void)r;
    return &results[h->index_in_cluster];
}

size_t run_count(const struct run *r)
{
    (void)r;
    return HOSTS;
}

struct host_result *run_result(struct run *r, size_t i)
{
    (void)r;
    return &results[i];
}

int run_query(struct run *r, const struct remote_query *q, struct err *e)
{
    (void)r;
    (void)q;
    return err_set(e, ERR_FAILED, "nobody is asked here");
}

int run_query_host(struct run *r, const struct host *h, const struct remote_query *q,
                   unsigned limit_ms, struct err *e)
{
    (void)r;
    (void)q;
    (void)limit_ms;
    return err_set(e, ERR_FAILED, "%s is not asked here", h->name);
}

void run_disconnect(struct run *r, const struct host *h)
{
    (void)r;
    (void)h;
}

void run_ignore_cancel(struct run *r)
{
    (void)r;
}

static int setup(void **state)
{
    static const char *const names[] = {"LVS-master", "LVS-node01", "Web01-RS", "Web02-RS", "NFS"};
    static const unsigned roles[] = {ROLE_DIRECTOR, ROLE_DIRECTOR, ROLE_REAL_SERVER,
                                     ROLE_REAL_SERVER, ROLE_NFS};
    struct arena *a = calloc(1, sizeof *a);
    memset(results, 0, sizeof results);
    for (size_t i = 0; i < HOSTS; i++) {
        hosts[i] = (struct host){.name = names[i],
                                 .roles = roles[i],
                                 .index_in_cluster = i,
                                 .weight = 1,
                                 .priority = i == LVS1 ? 254 : 253};
        char address[IPADDR_STRLEN];
        snprintf(address, sizeof address, "10.1.1.%zu", 130 + i);
        ipaddr_parse(address, &hosts[i].address);
        results[i].host = &hosts[i];
        results[i].facts.interface = "eth0";
        results[i].facts.keepalived = (struct version){2, 2, 7};
    }
    service = (struct service){
        .port = 80,
        .protocol = PROTO_TCP,
        .scheduler = "rr",
        .check = {.interval_ms = 300, .timeout_ms = 500, .retries = 1, .retry_delay_ms = 100}};
    ipaddr_parse("10.1.1.140", &service.vip);
    cluster = (struct cluster){.name = "web",
                               .hosts = hosts,
                               .n_hosts = HOSTS,
                               .services = &service,
                               .n_services = 1,
                               .vrrp = {.version = 3, .advert_interval_cs = 10, .unicast = true}};
    *state = a;
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    free(*state);
    return 0;
}

static struct prediction of(void **state, const char *scenario, size_t host)
{
    return predict(NULL, scenario_find(scenario), &service, &hosts[host], 3000, *state);
}

/* FIELD-NOTES' table: crash 3A + S, clean stop S; and what waking up may take on top. */
static void takeover_of_v3(void **state)
{
    enum { WORK = 100 };
    struct prediction p = of(state, "director-isolate", LVS1);
    assert_in_range(p.low_us, MS(200) + 1, MS(203)); /* S = 3/256 x 0.1 s */
    assert_in_range(p.high_us, MS(300 + WORK) + 1, MS(303 + WORK));
    p = of(state, "director-kill", LVS1);
    assert_int_equal(p.low_us, 0); /* its kernel goes on forwarding */
    p = of(state, "director-stop", LVS1);
    assert_in_range(p.high_us, MS(WORK), MS(WORK + 3));
    p = of(state, "director-handover", LVS1);
    assert_int_equal(p.high_us, 0);
}

/* VRRPv2 by the second, as in the article: S is (256 - 50)/256 of a second, not of an advert. */
static void takeover_of_the_article(void **state)
{
    cluster.vrrp = (struct vrrp){.version = 2, .advert_interval_cs = 100, .preempt = true};
    hosts[LVS2].priority = 50;
    struct prediction p = of(state, "director-isolate", LVS1);
    assert_in_range(p.low_us, MS(2800), MS(2810));
    assert_in_range(p.high_us, MS(3900), MS(3910));
    p = of(state, "director-stop", LVS1);
    assert_in_range(p.high_us, MS(900), MS(910));
    p = of(state, "director-return", LVS1);
    assert_true(p.high_us > 0); /* it takes the VIP back */
}

/* keepalived 1.3.5 waits for one advert more, of a whole second. The version that counts is the successor's. */
static void takeover_of_old_keepalived(void **state)
{
    results[LVS2].facts.keepalived = (struct version){1, 3, 5};
    struct prediction p = of(state, "director-isolate", LVS1);
    assert_in_range(p.low_us, MS(3000), MS(3030));
    assert_in_range(p.high_us, MS(4100), MS(4130));
    results[LVS2].facts.keepalived = (struct version){2, 2, 7};
    results[LVS1].facts.keepalived = (struct version){1, 3, 5};
    p = of(state, "director-isolate", LVS1);
    assert_in_range(p.low_us, MS(200), MS(203));
}

static void checks(void **state)
{
    struct prediction p = of(state, "rs-isolate", WEB1);
    assert_int_equal(p.low_us, MS(1100));  /* 0.5 + 0.1 + 0.5 */
    assert_int_equal(p.high_us, MS(6500)); /* + 0.3, + 0.1 to do it, + 5 until a check's connection is closed */
    assert_non_null(strstr(p.how, "up to 5 s more should a check be under way"));
    p = of(state, "rs-kill", WEB1);
    assert_int_equal(p.low_us, MS(100));
    assert_int_equal(p.high_us, MS(500));
    assert_true(predict_hold_ms(NULL, scenario_find("rs-isolate"), &service, &hosts[WEB1]) >= 3000);
    service.check.interval_ms = 15000;
    assert_true(predict_hold_ms(NULL, scenario_find("rs-isolate"), &service, &hosts[WEB1]) > 15000);
}

static void what_is_impossible(void **state)
{
    (void)state;
    assert_null(fault_impossible(&cluster, scenario_find("director-handover")));
    assert_null(fault_impossible(&cluster, scenario_find("rs-kill")));
    cluster.profile = PROFILE_ARTICLE;
    assert_non_null(fault_impossible(&cluster, scenario_find("director-handover")));
    assert_null(fault_impossible(&cluster, scenario_find("director-stop")));
    cluster.n_hosts = 1;
    for (size_t i = 0; i < SCENARIO_N; i++)
        assert_non_null(fault_impossible(&cluster, &scenarios[i]));
}

/* Both directors' tables, a word for each real server: its weight there, or -1 for not there. */
static void tables(struct live *live, const int weights[static 2][2])
{
    live_free(live);
    live_init(live, HOSTS);
    for (size_t d = 0; d < 2; d++) {
        struct live_host *h = &live->hosts[LVS1 + d];
        char line[100];
        h->complete = true;
        snprintf(line, sizeof line, "-A -t 10.1.1.140:80 -s rr");
        ipvs_line(&h->ipvs, &h->arena, line);
        for (size_t w = 0; w < 2; w++) {
            snprintf(line, sizeof line, "-a -t 10.1.1.140:80 -r 10.1.1.%zu:80 -g -w %d", 132 + w,
                     weights[d][w]);
            if (weights[d][w] >= 0)
                ipvs_line(&h->ipvs, &h->arena, line);
        }
    }
}

/* A fault of a real server must hit one that has something to lose. */
static void who_serves(void **state)
{
    (void)state;
    struct live live;
    live_init(&live, HOSTS);
    tables(&live, (const int[2][2]){{1, 1}, {1, 1}});
    assert_ptr_equal(health_serving(&cluster, &live, &service, NULL), &hosts[WEB1]);
    assert_ptr_equal(health_serving(&cluster, &live, &service, &hosts[WEB1]), &hosts[WEB2]);
    assert_ptr_equal(health_serving(&cluster, &live, &service, &hosts[WEB2]), &hosts[WEB1]);
    tables(&live, (const int[2][2]){{0, 1}, {0, 1}}); /* drained */
    assert_ptr_equal(health_serving(&cluster, &live, &service, NULL), &hosts[WEB2]);
    assert_ptr_equal(health_serving(&cluster, &live, &service, &hosts[WEB2]), &hosts[WEB2]);
    tables(&live, (const int[2][2]){{1, 1}, {1, -1}}); /* one director does not send to it */
    assert_ptr_equal(health_serving(&cluster, &live, &service, &hosts[WEB1]), &hosts[WEB1]);
    tables(&live, (const int[2][2]){{0, -1}, {1, 1}});
    assert_null(health_serving(&cluster, &live, &service, NULL));
    live_free(&live);
}

/* Predictions are the inventory's: where keepalived has something else it must be said. */
static void drift(void **state)
{
    static struct resource conf = {.type = RES_FILE, .key = "/etc/keepalived/keepalived.conf"};
    static struct resource reload = {.type = RES_SERVICE, .key = "keepalived.service"};
    static struct resource other = {.type = RES_FILE, .key = "/etc/nftables.conf"};
    assert_null(predict_drifted(NULL, *state));
    vec_push(&results[LVS1].plan.steps)->want = &other;
    vec_push(&results[WEB1].plan.steps)->want = &conf;
    assert_null(predict_drifted(NULL, *state));
    vec_push(&results[LVS2].plan.steps)->want = &reload;
    assert_string_equal(predict_drifted(NULL, *state), "LVS-node01");
    vec_push(&results[LVS1].plan.steps)->want = &conf;
    assert_string_equal(predict_drifted(NULL, *state), "LVS-master, LVS-node01");
    for (size_t i = 0; i < HOSTS; i++)
        vec_free(&results[i].plan.steps);
}

/* Does a shell parse it, and does every script of every scenario end where it should? */
static void every_script_parses(void **state)
{
    for (size_t i = 0; i < SCENARIO_N; i++) {
        const struct scenario *s = &scenarios[i];
        struct fault f;
        struct err e;
        struct script sh;
        size_t host = s->target == TARGET_ACTIVE ? LVS1 : s->target == TARGET_NFS ? NFS : WEB1;
        fault_init(&f, NULL, s, &service, &hosts[host], 3000, *state);
        assert_non_null(fault_kind(s));
        assert_int_equal(f.n_sites, strcmp(s->name, "rs-drain") ? 1 : 2);
        assert_int_equal(script_init(&sh, &e), 0);
        script_prelude(&sh);
        fault_arm_sh(&sh, &f, &results[host], false, 5);
        script_add(&sh, fault_undo_sh);
        script_end(&sh);
        FILE *shell = popen("sh -n", "w");
        assert_non_null(shell);
        fputs(sb_str(&sh.text), shell);
        assert_int_equal(pclose(shell), 0);
        /* The timer first, then the fault. */
        const char *timer = strstr(sb_str(&sh.text), "--on-active");
        assert_non_null(timer);
        assert_non_null(strstr(timer, "--unit=clusterctl-fault /bin/sh"));
        script_free(&sh);
    }
}

/* An interface's name is the host's word. */
static void interface_names_are_quoted(void **state)
{
    struct fault f;
    struct strbuf sb = {0};
    results[WEB1].facts.interface = "eth0; reboot";
    fault_init(&f, NULL, scenario_find("rs-isolate"), &service, &hosts[WEB1], 3000, *state);
    fault_kind(f.scenario)->make(&sb, &f, &results[WEB1]);
    assert_non_null(strstr(sb_str(&sb), "dev='eth0; reboot'\n"));
    assert_null(strstr(sb_str(&sb), "dev=eth0; reboot"));
    sb_free(&sb);
}

/* The sample that took least is believed; the others say how far it may be off. */
static void clocks(void **state)
{
    (void)state;
    struct clock_offset c = {0};
    assert_int_equal(clock_ours(&c, "1000000000"), 0);
    clock_sample(&c, "not a number");
    assert_false(c.known);
    clock_sample(&c, "5000000000000");
    int64_t first = c.offset_us;
    clock_sample(&c, "5010000000000"); /* 10 s later by its clock, at once by ours */
    assert_true(c.known);
    assert_true(c.offset_us < first);
    assert_true(c.error_us >= 1000);
    assert_int_equal(clock_ours(&c, "5010000000000"), 5010000000 + c.offset_us);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(takeover_of_v3),
        CASE(takeover_of_the_article),
        CASE(takeover_of_old_keepalived),
        CASE(checks),
        CASE(what_is_impossible),
        CASE(who_serves),
        CASE(drift),
        CASE(every_script_parses),
        CASE(interface_names_are_quoted),
        CASE(clocks),
    };
    return cmocka_run_group_tests_name("failover/predict", tests, NULL, NULL);
}
