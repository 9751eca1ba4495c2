/* Lines as hosts send them, the order that they are handed out in, and where reading goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ops/log_merge.h"
#include "ops/log_place.h"
#include "ops/log_syslog.h"

static struct log_entry e;

static bool parse(enum log_source s, const char *raw)
{
    return log_entry_parse(&e, s, raw, 3600, 1700000000);
}

static void test_journal(void **state)
{
    (void)state;
    assert_true(parse(SOURCE_UNITS,
                      "{\"_SYSTEMD_UNIT\":\"keepalived.service\",\"_PID\":\"77\",\"__CURSOR\":\"s=1;i=2\","
                      "\"MESSAGE\":\"(VI_1) \\\"Entering\\\" MASTER\\n\\u001b[2J \\u00e4 \\ud83d\\ude00\","
                      "\"_SOURCE_REALTIME_TIMESTAMP\":\"1700000000000001\",\"PRIORITY\":\"6\","
                      "\"SYSLOG_IDENTIFIER\":\"Keepalived_vrrp\","
                      "\"__REALTIME_TIMESTAMP\":\"1700000000000009\"}"));
    assert_int_equal(e.service, LOG_KEEPALIVED);
    assert_string_equal(e.text, "(VI_1) \"Entering\" MASTER\n\033[2J \xc3\xa4 \xf0\x9f\x98\x80");
    assert_string_equal(e.from, "Keepalived_vrrp");
    assert_string_equal(e.cursor, "s=1;i=2");
    assert_int_equal(e.pid, 77);
    assert_int_equal(e.priority, 6);
    assert_true(e.timed && !e.seconds && !e.cut);
    assert_int_equal(e.host_us, 1700000000000001);
    assert_int_equal(e.stored_us, 1700000000000009);
}

/* A message of systemd about a unit is the unit's; bytes that are not UTF-8 come as numbers. */
static void test_journal_other_values(void **state)
{
    (void)state;
    assert_true(parse(SOURCE_UNITS, "{ \"_SYSTEMD_UNIT\" : \"init.scope\", \"UNIT\":\"nginx.service\","
                                    "\"MESSAGE\":[72,105,255,300,0],\"X\":[\"a\",\"b\"],\"Y\":null,"
                                    "\"__REALTIME_TIMESTAMP\":\"5\"}"));
    assert_int_equal(e.service, LOG_NGINX);
    assert_string_equal(e.text, "Hi\xff??");
    assert_int_equal(e.host_us, 5);
    assert_true(parse(SOURCE_KERNEL, "{\"MESSAGE\":\"IPVS: sync\",\"__REALTIME_TIMESTAMP\":\"5\"}"));
    assert_int_equal(e.service, LOG_IPVS);
    assert_true(parse(SOURCE_KERNEL, "{\"MESSAGE\":\"nfs: server\",\"__REALTIME_TIMESTAMP\":\"5\"}"));
    assert_int_equal(e.service, LOG_NFS);
    assert_true(parse(SOURCE_UNITS, "{\"UNIT\":\"clusterctl-sync.service\",\"MESSAGE\":\"x\"}"));
    assert_int_equal(e.service, LOG_IPVS);
}

/* Wherever a line was cut, what is there counts, and nothing is read behind its end. */
static void test_journal_cut_anywhere(void **state)
{
    static const char whole[] =
        "{\"__REALTIME_TIMESTAMP\":\"1700000000000000\",\"_SYSTEMD_UNIT\":\"keepalived.service\","
        "\"SYSLOG_IDENTIFIER\":\"Keepalived\",\"MESSAGE\":\"a\\u00e9 long \\\\ one\",\"B\":[1,2]}";
    (void)state;
    for (size_t n = 0; n < sizeof whole; n++) {
        char *cut = malloc(n + 1); /* to its byte, for the sanitizers */
        memcpy(cut, whole, n);
        cut[n] = '\0';
        bool ok = parse(SOURCE_UNITS, cut);
        assert_true(ok || n < 45);
        if (ok && e.text[0])
            assert_int_equal(e.service, LOG_KEEPALIVED);
        assert_true(!e.cut || n < sizeof whole - 1);
        free(cut);
    }
    assert_string_equal(e.text, "a\xc3\xa9 long \\ one");
    static const char *const nonsense[] = {"", "[]", "{", "{]", "{\"a\"}", "{\"a\":}", "{\"a\":\"\\x\"}",
                                           "-- cursor: s=", "{\"MESSAGE\":[,]}"};
    for (size_t i = 0; i < ARRAY_LEN(nonsense); i++)
        assert_false(parse(SOURCE_UNITS, nonsense[i]) && e.text[0] && e.timed);
}

static void test_nginx(void **state)
{
    (void)state;
    assert_true(parse(SOURCE_ACCESS, "10.1.1.1 - [x] [14/Nov/2023:23:13:20 +0100] \"GET / HTTP/1.1\" 200"));
    assert_int_equal(e.host_us, INT64_C(1700000000) * 1000000);
    assert_true(e.timed && e.seconds && e.service == LOG_NGINX_ACCESS);
    assert_true(parse(SOURCE_ACCESS, "[14/Foo/2023:23:13:20 +0100] [14/Nov/2023"));
    assert_false(e.timed);
    assert_true(parse(SOURCE_ERROR, "2023/11/14 23:13:20 [crit] 1#1: *2 open() failed"));
    assert_int_equal(e.host_us, INT64_C(1700000000) * 1000000);
    assert_int_equal(e.priority, 2);
    assert_string_equal(e.text, "[crit] 1#1: *2 open() failed");
    assert_true(parse(SOURCE_ERROR, "it goes on"));
    assert_false(e.timed);
    assert_string_equal(e.text, "it goes on");
}

static bool syslog_at(const char *raw, int64_t now_s)
{
    return log_entry_parse(&e, SOURCE_MESSAGES, raw, 3600, now_s);
}

static void test_syslog(void **state)
{
    enum { NOW = 1700000000 }; /* 2023-11-14 23:13:20 an hour east of Greenwich */
    (void)state;
    assert_true(syslog_at("Nov 14 23:13:19 lvs1 Keepalived_vrrp[812]: VRRP_Instance(VI_1) Entering MASTER STATE", NOW));
    assert_int_equal(e.service, LOG_KEEPALIVED);
    assert_int_equal(e.host_us, INT64_C(1699999999) * 1000000);
    assert_true(e.timed && e.seconds && e.stored_us == e.host_us);
    assert_int_equal(e.pid, 812);
    assert_int_equal(e.priority, -1);
    assert_string_equal(e.from, "Keepalived_vrrp");
    assert_string_equal(e.text, "VRRP_Instance(VI_1) Entering MASTER STATE");
    assert_true(syslog_at("2023-11-14T22:13:19.25Z web1 kernel: [   12.345678] nfs: server 10.1.1.134 not responding", NOW));
    assert_int_equal(e.service, LOG_NFS);
    assert_int_equal(e.host_us, INT64_C(1699999999) * 1000000 + 250000);
    assert_true(e.timed && !e.seconds);
    assert_string_equal(e.text, "nfs: server 10.1.1.134 not responding");
    assert_true(syslog_at("2023-11-14T20:43:19-01:30 web1 nginx: nginx: configuration file ok", NOW));
    assert_int_equal(e.host_us, INT64_C(1699999999) * 1000000);
    assert_true(e.seconds && e.service == LOG_NGINX && e.pid == 0);
    assert_true(syslog_at("Nov  4 01:02:03 d systemd: Started LVS and VRRP High Availability Monitor.", NOW));
    assert_int_equal(e.service, LOG_KEEPALIVED);
    assert_true(syslog_at("Nov  4 01:02:03 d kernel: IPVS: ipvs loaded.", NOW) && e.service == LOG_IPVS);
}

/* What is of no service of ours, or no such line at all. */
static void test_syslog_others(void **state)
{
    static const char *const others[] = {
        "", "Nov", "Nov 14 23:13:20", "Nov 14 23:13:20 ", "Nov 14 23:13:20 host", "it goes on",
        "Nov 14 23:13:20 host cron[1]: x", "Nov 14 23:13:20 host kernel: device eth0 entered nfs",
        "Nov 14 23:13:20 host systemd[1]: Started Session 1 of user root.",
        "Nov 14 23:13:20 host Keepalived[1", "Nov 14 23:13:20 host Keepalived[1] x",
        "Nov 34 23:13:20 host nginx: x", "Nov 14 24:13:20 host nginx: x", "ovN 14 23:13:20 host nginx: x",
        "Nov -4 23:13:20 host nginx: x", "2023-11-14T23:13:20 host nginx: x", "2023-11-14T23:13:20.1 host nginx: x",
        "2023-11-14T23:13:20+1 host nginx: x", "2023-11-14", "Nov 14 23:13:20 host : x"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(syslog_at(others[i], 1700000000));
}

/* The year is the latest that makes no line more than a day newer than the host's time. */
static void test_syslog_years(void **state)
{
    enum { NEW_YEAR_2024 = 1704063600, DAY = 24 * 3600 }; /* an hour east of Greenwich */
    static const struct {
        const char *stamp;
        int64_t now_s, at_s;
    } cases[] = {
        {"Dec 31 23:59:59", NEW_YEAR_2024 - 1, NEW_YEAR_2024 - 1},
        {"Dec 31 23:59:59", NEW_YEAR_2024, NEW_YEAR_2024 - 1},         /* last year's */
        {"Dec 31 23:59:59", NEW_YEAR_2024 + 30 * DAY, NEW_YEAR_2024 - 1},
        {"Jan  1 00:00:00", NEW_YEAR_2024 - 2, NEW_YEAR_2024},         /* clocks differ */
        {"Jan  1 00:00:00", NEW_YEAR_2024 + 300 * DAY, NEW_YEAR_2024},
        {"Jan  3 00:00:00", NEW_YEAR_2024 - 2, NEW_YEAR_2024 + (2 - 365) * DAY},
        {"Feb 29 00:00:00", NEW_YEAR_2024 + 100 * DAY, NEW_YEAR_2024 + 59 * DAY},
        {"Feb 29 00:00:00", NEW_YEAR_2024 + (366 + 100) * DAY, NEW_YEAR_2024 + 59 * DAY},
        {"Feb 29 00:00:00", NEW_YEAR_2024 - DAY, NEW_YEAR_2024 + (59 - 1461) * DAY},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char raw[64];
        snprintf(raw, sizeof raw, "%s host nginx[1]: x", cases[i].stamp);
        assert_true(syslog_at(raw, cases[i].now_s));
        assert_true(e.timed);
        assert_int_equal(e.host_us, cases[i].at_s * 1000000);
    }
}

/* What the hosts' grep lets through is what we take, for each role and service. */
static void test_syslog_pattern(void **state)
{
    static const struct {
        const char *line;
        unsigned roles;
        enum log_service service;
    } cases[] = {
        {"Nov 14 23:13:20 h Keepalived[1]: Starting", ROLE_DIRECTOR, LOG_KEEPALIVED},
        {"2023-11-14T23:13:20+01:00 h systemd[1]: keepalived.service: Failed", ROLE_DIRECTOR, LOG_KEEPALIVED},
        {"Nov 14 23:13:20 h kernel: IPVS: sync", ROLE_DIRECTOR, LOG_IPVS},
        {"Nov 14 23:13:20 h kernel: [    1.5] nfs: x", ROLE_REAL_SERVER | ROLE_NFS, LOG_NFS},
        {"Nov 14 23:13:20 h rpc.mountd[4]: authenticated", ROLE_REAL_SERVER | ROLE_NFS, LOG_NFS},
        {"Nov 14 23:13:20 h nginx: x", ROLE_REAL_SERVER, LOG_NGINX},
        {"Nov 14 23:13:20 h cron[1]: nginx", 0, 0},
        {"Nov 14 23:13:20 h kernel: eth0 nfs", 0, 0},
        {"Nov 14 23:13:20 h rpcbind: x", 0, 0},
    };
    const unsigned roles[] = {ROLE_DIRECTOR, ROLE_REAL_SERVER, ROLE_NFS};
    (void)state;
    for (size_t r = 0; r < ARRAY_LEN(roles); r++) {
        autosb struct strbuf text = {0};
        regex_t re;
        assert_true(log_syslog_has(LOG_ALL, roles[r]));
        log_syslog_pattern(&text, LOG_ALL, roles[r]);
        assert_int_equal(regcomp(&re, sb_str(&text), REG_EXTENDED), 0);
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            assert_int_equal(regexec(&re, cases[i].line, 0, NULL, 0) == 0, (cases[i].roles & roles[r]) != 0);
            assert_int_equal(syslog_at(cases[i].line, 1700000000), cases[i].roles != 0);
            if (cases[i].roles)
                assert_int_equal(e.service, cases[i].service);
        }
        regfree(&re);
    }
    assert_false(log_syslog_has(1u << LOG_KEEPALIVED, ROLE_NFS));
}

static char order[64];

static void note(void *ud, const struct log_line *l)
{
    (void)ud;
    snprintf(order + strlen(order), sizeof order - strlen(order), "%s%s", l->text, l->late ? "!" : "");
}

static void add(struct log_merge *m, int64_t at, const char *text, int64_t now)
{
    struct log_line *l = calloc(1, sizeof *l);
    *l = (struct log_line){.at_us = at, .text = text};
    log_merge_add(m, l, now);
}

static const char *taken(struct log_merge *m, int64_t until)
{
    order[0] = '\0';
    log_merge_take(m, until, note, NULL);
    return order;
}

static void test_merge(void **state)
{
    struct log_merge m = {0};
    (void)state;
    add(&m, 30, "c", 100);
    add(&m, 10, "a", 100);
    add(&m, 20, "b", 100);
    add(&m, 20, "B", 100); /* of the same time: as they came */
    assert_string_equal(taken(&m, 20), "abB");
    add(&m, 25, "x", 100);
    assert_string_equal(taken(&m, INT64_MAX), "xc");
    add(&m, 40, "e", 100);
    add(&m, 15, "d", 100);
    assert_string_equal(taken(&m, INT64_MAX), "d!e");
    for (int i = 0; i < 5; i++)
        add(&m, 100 - i, &"54321"[i] , 200);
    log_merge_keep(&m, 2);
    assert_int_equal(m.held.n, 2);
    log_merge_free(&m);
}

/* Lines that take long to come have others held back for longer, within limits. */
static void test_hold(void **state)
{
    enum { S = 1000 * 1000 };
    struct log_merge m = {0};
    (void)state;
    assert_int_equal(log_merge_ready(&m, 100 * S), 99 * S);
    add(&m, 98 * S, "", 100 * S);
    assert_int_equal(log_merge_ready(&m, 100 * S), 97 * S);
    add(&m, 10 * S, "", 100 * S); /* of a host that was away */
    assert_in_range(log_merge_ready(&m, 100 * S), 97 * S, 97 * S + S / 100);
    add(&m, 96 * S, "", 100 * S);
    assert_int_equal(log_merge_ready(&m, 100 * S), 95 * S);
    for (int i = 0; i < 5000; i++)
        add(&m, 100 * S, "", 100 * S);
    assert_int_equal(log_merge_ready(&m, 100 * S), 99 * S);
    log_merge_free(&m);
}

static void expect(const struct log_place *p, const struct log_file_seen *now,
                   const struct log_file_seen *old, bool same_boot, int64_t old_from, int64_t from,
                   bool gap)
{
    struct log_catch_up c = log_catch_up(p, now, old, same_boot);
    assert_int_equal(c.old_from, old_from);
    assert_int_equal(c.from, from);
    assert_int_equal(c.gap, gap);
}

static void test_where_to_go_on(void **state)
{
    const struct log_file_seen none = {0}, now = {true, 7, 1000, 600}, all = {true, 7, 1000, 0},
                               old = {true, 5, 500, 300};
    const struct log_place fresh = {0}, same = {.known = true, .inode = 7, .next = 900},
                           before = {.known = true, .inode = 5, .next = 450},
                           across = {.known = true, .inode = 5, .next = 550},
                           shrunk = {.known = true, .inode = 7, .next = 2000},
                           other = {.known = true, .inode = 4, .next = 10};
    (void)state;
    expect(&fresh, &now, &old, false, -1, 600, false);
    expect(&fresh, &all, &old, false, 300, 0, false); /* all of it, and some of the one before */
    expect(&fresh, &none, &old, false, 300, 0, false);
    expect(&fresh, &none, &none, false, -1, 0, false);
    expect(&same, &now, &old, true, -1, 900, false);
    expect(&before, &now, &old, true, 450, 0, false);  /* rotated: the rest of it, all of the new */
    expect(&across, &now, &old, true, 500, 50, false); /* tail had gone on in the new one */
    expect(&shrunk, &now, &old, true, -1, 600, true);  /* by time, from here on */
    expect(&other, &now, &old, true, -1, 600, true);
    expect(&same, &now, &old, false, -1, 600, false); /* a boot in between: by time */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_journal_other_values),
        cmocka_unit_test(test_journal_cut_anywhere),
        cmocka_unit_test(test_nginx),
        cmocka_unit_test(test_syslog),
        cmocka_unit_test(test_syslog_others),
        cmocka_unit_test(test_syslog_years),
        cmocka_unit_test(test_syslog_pattern),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_where_to_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
