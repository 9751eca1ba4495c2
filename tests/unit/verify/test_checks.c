/* The checks against a cluster that is right, or wrong in one way. */
#include "test.h"

#include "report.h"

static void all_is_well(void **state)
{
    (void)state;
    verify(0);
    assert_only("");
    assert_int_equal(report.passed, 5 + 5 + 1 + 1 + 1 + 2 + 1 + 2 + 1 + 2 + 2 + 2 + 2 + 2 + 1 + 1);
    assert_contains(result("vrrp.single-master", "10.1.1.140")->evidence,
                    "held by LVS-master on eth0");
    assert_contains(result("arp.vip-owner", NULL)->evidence, "52:54:00:00:00:01 (LVS-master eth0)");
    assert_string_equal(result("http.vip", "10.1.1.140:80/tcp")->evidence,
                        "6 requests: Web01-RS 3, Web02-RS 3");
    assert_int_equal(fake.queries, 1);
}

static void no_or_two_masters(void **state)
{
    (void)state;
    fake.records[LVS2] = fake.records[LVS1];
    verify(0);
    assert_fails("vrrp.single-master", NULL,
                 "2 directors hold the VIP: LVS-master on eth0, LVS-node01");
    fake_reset();
    fake.records[LVS1] = fake.records[LVS2];
    verify(0);
    assert_fails("vrrp.single-master", NULL, "no director holds the VIP");
    assert_fails("arp.vip-owner", NULL, "no one active director");
    fake_reset();
    fake.mute[LVS1] = true;
    verify(0);
    assert_fails("vrrp.single-master", NULL, "none of the directors that answered");
    assert_contains(result("vrrp.single-master", NULL)->evidence, "LVS-master could not be asked");
    assert_fails("ipvs.table", "LVS-master", "did not answer: LVS-master: the connection was lost");
}

static void vip_where_it_must_not_be(void **state)
{
    (void)state;
    fake.records[WEB2] = "addr 2: eth0 inet 10.1.1.140/32 scope global\ncomplete";
    verify(0);
    assert_fails("vrrp.single-master", NULL, "Web02-RS has it on eth0");
}

static void wrong_table(void **state)
{
    (void)state;
    fake.records[LVS2] = "link eth0 52:54:00:00:00:02\n"
                         "ipvs -A -t 10.1.1.140:80 -s wrr -p 50\n"
                         "ipvs -a -t 10.1.1.140:80 -r 10.1.1.132:80 -m -w 2\n"
                         "ipvs -a -t 10.1.1.140:80 -r 10.1.1.199:80 -g -w 1\n"
                         "ipvs -A -f 7 -s rr\n"
                         "ipvs_end\ncomplete";
    verify(0);
    assert_only("vrrp.symmetry ipvs.table");
    assert_string_equal(result("ipvs.table", "LVS-node01")->reason,
                        "10.1.1.140:80/tcp has scheduler wrr instead of rr; "
                        "10.1.1.140:80/tcp has persistence 50 s instead of 0 s; "
                        "10.1.1.140:80/tcp: Web01-RS is reached by masquerading instead of direct "
                        "routing; 10.1.1.140:80/tcp: Web01-RS has weight 2 instead of 1; "
                        "10.1.1.140:80/tcp: Web02-RS is missing; "
                        "10.1.1.140:80/tcp: 10.1.1.199 port 80 is not in the inventory; "
                        "fwmark 7 is not in the inventory");
    fake.records[LVS2] = "ipvs_error Can't initialize ipvs\ncomplete";
    verify(0);
    assert_fails("ipvs.table", "LVS-node01", "Can't initialize ipvs");
}

/* A dead real server fails its own check, not the tables that rightly leave it out. */
static void dead_real_server(void **state)
{
    static const unsigned one[] = {WEB1};
    (void)state;
#define TABLE_OF_ONE                                                                               \
    "ipvs -A -t 10.1.1.140:80 -s rr\nipvs -a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w 1\n"          \
    "ipvs_end\ncomplete"
    fake.records[LVS1] = "link eth0 52:54:00:00:00:01\n"
                         "addr 2: eth0 inet 10.1.1.140/32 scope global eth0\n" TABLE_OF_ONE;
    fake.records[LVS2] = "link eth0 52:54:00:00:00:02\n" TABLE_OF_ONE;
    fake.pages[WEB2] = NULL;
    fake.order = one;
    fake.n_order = 1;
    fake.results[WEB2].reached = fake.results[WEB2].ok = false;
    snprintf(fake.results[WEB2].err.msg, sizeof fake.results[WEB2].err.msg, "timed out\033[2J");
    verify(0);
    assert_only("config.converged ~boot.persistent ~nfs.mount ~nfs.shared http.real-server "
                "~nginx.vhost ~dsr.path ~http.distribution");
    assert_string_equal(result("config.converged", "Web02-RS")->reason, "timed out\\x1b[2J");
    assert_contains(result("ipvs.table", "LVS-master")->evidence,
                    "left out, as not serving: Web02-RS");
}

static void pending_steps(void **state)
{
    (void)state;
    *vec_push(&fake.results[NFS].plan.steps) = (struct step){.summary = "write /etc/exports"};
    verify(5000); /* does not wait for what waiting cannot bring */
    assert_only("config.converged");
    assert_fails("config.converged", "NFS", "1 to do: write /etc/exports");
    assert_int_equal(fake.queries, 1);
}

static void who_answers_arp(void **state)
{
    (void)state;
    fake.n_macs = 3;
    fake.macs[1] = 3;
    fake.macs[2] = 0xaa;
    verify(0);
    assert_only("arp.vip-owner arp.silent");
    assert_fails("arp.silent", "Web01-RS", "it answers for 10.1.1.140 with 52:54:00:00:00:03");
    assert_fails("arp.vip-owner", NULL,
                 "52:54:00:00:00:03 (Web01-RS eth0), 52:54:00:00:00:aa (a foreign machine) also");
    assert_contains(result("arp.vip-owner", NULL)->hint, "on Web01-RS arp_ignore is not in force");
    fake_reset();
    fake.macs[0] = 4;
    verify(0);
    assert_only("arp.vip-owner arp.silent arp.neighbour");
    fake_reset();
    fake.n_macs = 0;
    verify(0);
    assert_only("arp.vip-owner arp.neighbour");
    fake_reset();
    fake.may_ask = false;
    verify(0);
    assert_only("~arp.silent ~arp.silent");
    assert_contains(result("arp.vip-owner", NULL)->evidence, "CAP_NET_RAW");
    fake_reset();
    fake.route.on_link = false;
    verify(0);
    assert_only("~arp.vip-owner ~arp.silent ~arp.silent ~arp.neighbour ~dsr.path ~dsr.path");
}

static void wrong_pages(void **state)
{
    (void)state;
    fake.pages[WEB1] = "Web02 index.html\n";
    fake.pages[WEB2] = "Web01 index.html\n";
    verify(0);
    assert_fails("http.real-server", "Web01-RS", "it serves the page of Web02-RS");
    fake_reset();
    fake.pages[WEB2] = "<!DOCTYPE html>\n<title>Welcome to nginx!</title>\nand so on";
    fake.no_vhost[WEB2] = true;
    verify(0);
    assert_fails("http.real-server", "Web02-RS", "\"Welcome to nginx!\"");
    assert_fails("http.vip", NULL, "3 of 6 requests failed; the first: a page of none");
    assert_int_equal(result("http.distribution", NULL)->status, CHECK_SKIP);
}

/* Authors may change their pages; then names tell. */
static void other_pages(void **state)
{
    (void)state;
    fake.pages[WEB2] = "Hello\n";
    verify(0);
    assert_only("");
    assert_contains(result("http.vip", NULL)->evidence, "Web01-RS 3, Web02-RS 3 (told by name");
    fake.no_vhost[WEB2] = true;
    verify(0);
    assert_only("http.real-server nginx.vhost dsr.path http.vip ~http.distribution");
}

static void wrong_shares(void **state)
{
    static const unsigned one[] = {WEB1};
    (void)state;
    fake.order = one;
    fake.n_order = 1;
    verify(0);
    assert_only("http.distribution");
    assert_contains(result("http.distribution", NULL)->evidence,
                    "60 requests among those of other clients, rr: Web01-RS 60 (30.0 expected");
    /* Four of the first six are one's, as another client took two turns; of sixty it is half. */
    static const unsigned disturbed[] = {WEB1, WEB1, WEB1, WEB2, WEB1, WEB1, WEB2, WEB2, WEB2, WEB2};
    fake_reset();
    fake.order = disturbed;
    fake.n_order = ARRAY_LEN(disturbed);
    verify(0);
    assert_only("");
    assert_contains(result("http.distribution", NULL)->evidence,
                    "60 requests among those of other clients, rr: Web01-RS 30 (30.0 expected");
    fake_reset();
    fake.order = one;
    fake.n_order = 1;
    fake.service.persistence_s = 300;
    verify(0);
    assert_only("ipvs.table ipvs.table"); /* one server for one client is now right */
    fake_reset();
    fake.n_order = 0;
    verify(0);
    assert_only("http.vip ~http.distribution");
    assert_contains(result("http.vip", NULL)->reason, "2 of 2 requests failed");
}

static void table_fills(struct fake *f)
{
    f->records[LVS2] = "link eth0 52:54:00:00:00:02\n"
                       "ipvs -A -t 10.1.1.140:80 -s rr\n"
                       "ipvs -a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w 1\n"
                       "ipvs -a -t 10.1.1.140:80 -r 10.1.1.133:80 -g -w 1\n"
                       "ipvs_end\ncomplete";
}

/* keepalived fills the table within its first seconds: only what failed is looked at again. */
static void settles(void **state)
{
    (void)state;
    fake.records[LVS2] = "link eth0 52:54:00:00:00:02\nipvs_end\ncomplete";
    fake.on_query = table_fills;
    verify(10000);
    assert_only("");
    assert_int_equal(fake.queries, 2);
}

#define SAMPLE(labels, value) "prometheus {" labels "} => " value " @[1795678306.617]\n"
#define NODES_UP                                                                                   \
    SAMPLE("host=\"LVS-master\", job=\"node\"", "1")                                               \
    SAMPLE("host=\"LVS-node01\", job=\"node\"", "1")                                               \
    SAMPLE("host=\"Web01-RS\", job=\"node\"", "1")                                                 \
    SAMPLE("host=\"NFS\", job=\"node\"", "1")
#define NGINX_UP                                                                                   \
    SAMPLE("host=\"Web01-RS\", job=\"nginx\"", "1") SAMPLE("host=\"Web02-RS\", job=\"nginx\"", "1")
#define WEB02(value) SAMPLE("host=\"Web02-RS\", job=\"node\"", value)
#define MISSING                                                                                    \
    SAMPLE("alertname=\"RealServerMissing\", host=\"Web02-RS\", service=\"10.1.1.140:80/TCP\"", "1")

/* Only who asks for it is told, and only where the inventory has it. */
static void watched(void **state)
{
    (void)state;
    fake.extra[NFS] = NODES_UP NGINX_UP WEB02("1") "prometheus_end\n";
    verify_watched(MONITORING_ALERTS);
    for (size_t i = 0; i < report.results.n; i++)
        assert_null(strstr(report.results.v[i].id, "monitoring"));
    fake.cluster.monitoring = (struct monitoring){.wanted = true, .interval_s = 10};
    verify_watched(MONITORING_ALERTS);
    assert_only("");
    assert_string_equal(result("monitoring.targets", "web")->evidence, "7 exporters asked every 10 s");
    fake.extra[NFS] = NODES_UP NGINX_UP WEB02("1") MISSING "prometheus_end\n";
    verify_watched(MONITORING_TARGETS);
    assert_only("");
    verify_watched(MONITORING_ALERTS);
    assert_only("monitoring.alerts");
    assert_fails("monitoring.alerts", "web",
                 "1 alert fires: RealServerMissing (Web02-RS, 10.1.1.140:80/TCP)");
}

static void unwatched(void **state)
{
    (void)state;
    fake.cluster.monitoring = (struct monitoring){.wanted = true, .interval_s = 10};
    fake.extra[NFS] = NODES_UP WEB02("0") "prometheus_end\n";
    verify_watched(MONITORING_ALERTS);
    assert_only("monitoring.targets");
    assert_fails("monitoring.targets", "web",
                 "node of Web02-RS, not asked yet: nginx of Web01-RS, nginx of Web02-RS");
    fake.extra[NFS] = "prometheus_error query error: connection \033[31mrefused\n";
    verify_watched(MONITORING_ALERTS);
    assert_fails("monitoring.alerts", "web",
                 "Prometheus on NFS cannot be asked: query error: connection \\x1b[31mrefused");
    fake.extra[NFS] = "";
    verify_watched(MONITORING_ALERTS);
    assert_fails("monitoring.targets", "web", "no reason given");
    fake.cluster.monitoring.host = "Web01-RS";
    fake.mute[WEB1] = true;
    verify_watched(MONITORING_ALERTS);
    assert_fails("monitoring.alerts", "web", "the host did not answer");
}

static void nobody_reached(void **state)
{
    (void)state;
    fake_free();
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        fake.results[i] = (struct host_result){.host = &fake.hosts[i]};
        err_set(&fake.results[i].err, ERR_UNREACHABLE, "refused");
    }
    verify(10000);
    size_t converged = 0;
    for (size_t i = 0; i < report.results.n; i++)
        converged += !strcmp(report.results.v[i].id, "config.converged") &&
                     report.results.v[i].status == CHECK_FAIL;
    assert_int_equal(converged, FAKE_HOSTS);
    /* What the operator's own eyes see does not depend on the hosts' word. */
    assert_true(report.results.n > FAKE_HOSTS);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(all_is_well),     TEST(no_or_two_masters), TEST(vip_where_it_must_not_be),
        TEST(wrong_table),     TEST(dead_real_server),  TEST(pending_steps),
        TEST(who_answers_arp), TEST(wrong_pages),       TEST(other_pages),
        TEST(wrong_shares),    TEST(settles),           TEST(nobody_reached),
        TEST(watched),         TEST(unwatched),
    };
    return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
