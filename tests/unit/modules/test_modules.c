/* The pure parts of the modules, and their refusals. What they render is in tests/golden/render. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/members.h"
#include "inventory/load.h"
#include "inventory/monitoring.h"
#include "modules/keepalived_version.h"
#include "modules/registry.h"
#include "modules/share.h"
#include "modules/words.h"

static const char reference[] =
    "{\"cluster\": \"web\", \"vip\": \"10.1.1.140\", \"vrrp\": {%s}, \"services\": [%s],"
    " \"selinux\": \"%s\", \"hosts\": ["
    "{\"name\": \"d1\", \"address\": \"10.1.1.130\", \"role\": \"director\"},"
    "{\"name\": \"d2\", \"address\": \"10.1.1.131\", \"role\": \"director\"},"
    "{\"name\": \"w1\", \"address\": \"10.1.1.132\", \"role\": \"real_server\", \"weight\": %u},"
    "{\"name\": \"w2\", \"address\": \"10.1.1.133\", \"role\": \"real_server\"},"
    "{\"name\": \"n\", \"address\": \"10.1.1.134\", \"role\": \"nfs\"}]}";

/* A cluster, and one of its hosts with facts and a catalog to declare into. */
struct fixture {
    struct cluster *cluster;
    struct facts facts;
    struct template_set templates;
    struct catalog catalog;
    struct err err;
};

struct variant {
    const char *vrrp, *services, *selinux;
    unsigned weight;
};

static void set_up(struct fixture *f, const char *host, struct variant v)
{
    autosb struct strbuf text = {0};
    struct diagnostics diags = {0};
    sb_addf(&text, reference, v.vrrp ? v.vrrp : "", v.services ? v.services : "{\"port\": 80}",
            v.selinux ? v.selinux : "manage", v.weight);
    *f = (struct fixture){0};
    f->cluster = inventory_parse(text.s, text.len, "test", "/", &diags, &f->err);
    assert_non_null(f->cluster);
    diagnostics_free(&diags);
    const struct host *h = cluster_host(f->cluster, host);
    assert_non_null(h);
    facts_assume(&f->facts, f->cluster, h);
    f->catalog = (struct catalog){
        .cluster = f->cluster, .host = h, .facts = &f->facts, .templates = &f->templates};
}

static int declare(struct fixture *f)
{
    return modules_declare(&module_table, &f->catalog, &f->err);
}

static void tear_down(struct fixture *f)
{
    catalog_free(&f->catalog);
    facts_free(&f->facts);
    cluster_free(f->cluster);
}

static const char *keepalived_conf(const struct fixture *f)
{
    const struct resource *r =
        catalog_find(&f->catalog, RES_FILE, "/etc/keepalived/keepalived.conf");
    assert_non_null(r);
    return r->file.content;
}

static size_t place(const struct fixture *f, enum res_type type, const char *key)
{
    const struct resource *r = catalog_find(&f->catalog, type, key);
    assert_non_null(r);
    return r->index;
}

static void test_versions(void **state)
{
    static const struct {
        struct version v;
        enum keepalived_feature f;
        bool has;
    } cases[] = {
        {{1, 3, 5}, KEEPALIVED_RETRY, false},
        {{1, 3, 7}, KEEPALIVED_RETRY, true},
        {{1, 3, 5}, KEEPALIVED_RETRY_ZERO, false},
        {{2, 0, 12}, KEEPALIVED_FRACTIONAL_CHECK, false},
        {{2, 0, 13}, KEEPALIVED_FRACTIONAL_CHECK, true},
        {{2, 0, 13}, KEEPALIVED_STARTUP_DELAY, false},
        {{2, 0, 14}, KEEPALIVED_STARTUP_DELAY, true},
        {{2, 0, 20}, KEEPALIVED_UDP_CHECK, false},
        {{2, 1, 0}, KEEPALIVED_UDP_CHECK, true},
        {{2, 2, 4}, KEEPALIVED_PEER_TTL, false},
        {{2, 2, 7}, KEEPALIVED_PEER_TTL, true},
        {{1, 3, 5}, KEEPALIVED_WEIGHT_ZERO, true},
        {{2, 0, 0}, KEEPALIVED_WEIGHT_ZERO, false},
        {{2, 1, 5}, KEEPALIVED_WEIGHT_ZERO, false},
        {{2, 2, 0}, KEEPALIVED_WEIGHT_ZERO, true},
        {{2, 3, 4}, KEEPALIVED_WEIGHT_ZERO, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(keepalived_has(cases[i].v, cases[i].f), cases[i].has);
}

static void test_seconds(void **state)
{
    static const struct {
        unsigned ms;
        const char *s;
    } cases[] = {{0, "0"},      {1000, "1"},      {500, "0.5"},    {100, "0.1"},
                 {10, "0.01"},  {40950, "40.95"}, {2125, "2.125"}, {1001, "1.001"},
                 {60000, "60"}, {255000, "255"},  {10, "0.01"}};
    struct arena a = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(seconds_str(&a, cases[i].ms), cases[i].s);
    arena_free(&a);
}

static void test_words(void **state)
{
    struct err e = {0};
    (void)state;
    static const char *const good[] = {"/nfs/web", "index1.html", "a%20b?c=d&e", "eth0.100"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(word_check(SYNTAX_KEEPALIVED, "x", good[i], &e), 0);
        assert_int_equal(word_check(SYNTAX_NGINX, "x", good[i], &e), 0);
    }
    static const char *const bad[] = {"",    "a b", "a\tb",  "a\nb", "a\"b", "a'b",        "a{",
                                      "a}b", "a#b", "$host", "a\\b", "\x7f", "caf\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(word_check(SYNTAX_KEEPALIVED, "x", bad[i], &e), -1);
        assert_int_equal(word_check(SYNTAX_NGINX, "x", bad[i], &e), -1);
    }
    assert_int_equal(word_check(SYNTAX_NGINX, "x", "a;b", &e), -1);
    assert_int_equal(word_check(SYNTAX_KEEPALIVED, "x", "a!b", &e), -1);
    assert_int_equal(word_check(SYNTAX_KEEPALIVED, "x", "~SEQ", &e), -1);
    e = (struct err){0};
    word_check(SYNTAX_KEEPALIVED, "vrrp.auth_pass", "hush#1", &e);
    assert_null(strstr(e.msg, "hush"));
}

static void test_ports(void **state)
{
    struct fixture f;
    size_t n;
    (void)state;
    set_up(&f, "w1",
           (struct variant){.services = "{\"port\": 8080}, {\"port\": 53, \"protocol\": \"udp\"},"
                                        "{\"port\": 80}"});
    const struct port *p = service_ports(&f.catalog, &n);
    assert_int_equal(n, 3);
    assert_true(p[0].protocol == PROTO_TCP && p[0].port == 80);
    assert_true(p[1].protocol == PROTO_TCP && p[1].port == 8080);
    assert_true(p[2].protocol == PROTO_UDP && p[2].port == 53);
    tear_down(&f);
}

/* The last thing that a host does for the cluster; that it remembers it comes behind everything. */
static const struct resource *before_members(const struct fixture *f)
{
    size_t n = f->catalog.list.n;
    assert_string_equal(f->catalog.list.v[n - 1]->key, MEMBERS_FILE);
    return f->catalog.list.v[n - 2];
}

/* What must be true before what, on one host. */
static void test_order(void **state)
{
    struct fixture f;
    (void)state;
    set_up(&f, "w1", (struct variant){0});
    assert_int_equal(declare(&f), 0);
    size_t arp = place(&f, RES_SYSCTL, "net.ipv4.conf.all.arp_ignore");
    size_t vip = place(&f, RES_ADDRESS, "10.1.1.140/32");
    size_t unit = place(&f, RES_SERVICE, "clusterctl-vip.service");
    size_t packages = place(&f, RES_PACKAGES, "packages");
    size_t mount = place(&f, RES_MOUNT, "/var/www/html/shared");
    assert_true(arp < vip && arp < unit);
    assert_true(place(&f, RES_PORT, "tcp/80") < packages);
    assert_true(packages < mount && mount < place(&f, RES_SERVICE, "nginx.service"));
    const struct resource *last = before_members(&f);
    assert_string_equal(last->provides, "serving");
    assert_int_equal(f.catalog.list.v[packages]->n_needs, 0);
    const struct resource *m = f.catalog.list.v[mount];
    assert_int_equal(m->n_needs, 1);
    assert_string_equal(m->needs[0].host->name, "n");
    assert_string_equal(m->needs[0].milestone, "exported");
    assert_false(m->needs[0].soft);
    tear_down(&f);

    set_up(&f, "n", (struct variant){0});
    assert_int_equal(declare(&f), 0);
    assert_true(place(&f, RES_DIR, "/nfs/web") < place(&f, RES_BLOCK, "/etc/exports"));
    assert_string_equal(before_members(&f)->provides, "exported");
    tear_down(&f);

    set_up(&f, "d2", (struct variant){0});
    assert_int_equal(declare(&f), 0);
    last = before_members(&f);
    assert_string_equal(last->key, "keepalived.service");
    assert_int_equal(last->n_needs, 2);
    assert_true(last->needs[0].soft && last->needs[1].soft);
    tear_down(&f);
}

/* Whatever names a milestone or a unit must be there to be reached or reloaded. */
static void test_edges(void **state)
{
    struct fixture f;
    (void)state;
    static const char *const hosts[] = {"d1", "d2", "w1", "w2", "n"};
    for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
        set_up(&f, hosts[h], (struct variant){0});
        assert_int_equal(declare(&f), 0);
        for (size_t i = 0; i < f.catalog.list.n; i++) {
            const struct resource *r = f.catalog.list.v[i];
            if (r->notify)
                assert_true(place(&f, RES_SERVICE, r->notify) > i);
            assert_true(r->module[0] != '\0');
        }
        tear_down(&f);
    }
}

static void test_old_keepalived(void **state)
{
    struct fixture f;
    (void)state;
    struct variant v = {.services = "{\"port\": 80, \"check\": {\"interval\": 1.5,"
                                    " \"retries\": 0, \"retry_delay\": 0.5}}"};
    set_up(&f, "d1", v);
    f.facts.keepalived = (struct version){1, 3, 5};
    assert_int_equal(declare(&f), 0);
    const char *conf = keepalived_conf(&f);
    assert_non_null(strstr(conf, "delay_loop 2\n"));
    assert_non_null(strstr(conf, "nb_get_retry 1\n"));
    assert_non_null(strstr(conf, "advert_int 1\n"));
    assert_non_null(strstr(conf, "takes over 4.00"));
    const struct resource *file =
        catalog_find(&f.catalog, RES_FILE, "/etc/keepalived/keepalived.conf");
    assert_int_equal(file->file.check, FILE_CHECK_NONE); /* there is no keepalived -t */
    assert_non_null(strstr(conf, "delay_before_retry 1\n"));
    assert_null(strstr(conf, "startup_delay"));
    assert_null(strstr(conf, "min_ttl"));
    tear_down(&f);

    set_up(&f, "d1", v);
    f.facts.keepalived = (struct version){0}; /* unknown: what the distribution ships */
    assert_int_equal(declare(&f), 0);
    conf = keepalived_conf(&f);
    assert_non_null(strstr(conf, "delay_loop 1.5\n"));
    assert_non_null(strstr(conf, "            retry 0\n"));
    assert_non_null(strstr(conf, "vrrp_startup_delay 2\n"));
    assert_null(strstr(conf, "takes over"));
    assert_non_null(strstr(conf, "10.1.1.131 min_ttl 255 max_ttl 255\n"));
    tear_down(&f);
}

static void refused(struct fixture *f, const char *why)
{
    assert_int_equal(declare(f), -1);
    assert_non_null(strstr(f->err.msg, why));
    assert_true(f->err.hint[0] != '\0');
    tear_down(f);
}

static void test_refusals(void **state)
{
    struct fixture f;
    (void)state;
    set_up(&f, "d1", (struct variant){.weight = 0});
    f.facts.keepalived = (struct version){2, 1, 5};
    refused(&f, "module keepalived: keepalived 2.1.5 cannot give host \"w1\" the weight 0");

    set_up(&f, "d1",
           (struct variant){.weight = 1, .services = "{\"port\": 53, \"protocol\": \"udp\"}"});
    f.facts.keepalived = (struct version){2, 0, 20};
    refused(&f, "cannot check a udp service");

    set_up(&f, "d1", (struct variant){.weight = 1});
    f.facts.interface = NULL;
    refused(&f, "no network interface holds 10.1.1.130");

    set_up(&f, "d1", (struct variant){.weight = 1, .vrrp = "\"interface\": \"eth0\""});
    f.facts.ifaces.v[0].name = "ens3";
    f.facts.interface = "ens3";
    refused(&f, "there is no network interface eth0");

    /* Linux allows these; the host tells its own. */
    static const char *const names[] = {"e;reboot", "`id`", "e$(id)", "-x", "e%n", "e'", "e\"", "e\ne", "e{"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        set_up(&f, "d1", (struct variant){.weight = 1});
        f.facts.ifaces.v[0].name = f.facts.interface = names[i];
        refused(&f, "the network interface's name may hold only");
        set_up(&f, "w1", (struct variant){.weight = 1});
        f.cluster->network = (struct network){.managed = true, .prefix = 24};
        f.facts.ifaces.v[0].name = f.facts.interface = names[i];
        refused(&f, "the network interface's name may hold only");
    }

}

static void test_selinux(void **state)
{
    struct fixture f;
    (void)state;
    set_up(&f, "w1", (struct variant){0});
    f.facts.selinux = SELINUX_ENFORCING;
    assert_int_equal(declare(&f), 0);
    assert_non_null(catalog_find(&f.catalog, RES_SEBOOL, "httpd_use_nfs"));
    tear_down(&f);
    set_up(&f, "w1", (struct variant){0});
    assert_int_equal(declare(&f), 0);
    assert_null(catalog_find(&f.catalog, RES_SEBOOL, "httpd_use_nfs"));
    tear_down(&f);
    /* asked to be off: on every host that has it, and stays so when it is off */
    static const enum selinux_mode modes[] = {SELINUX_ABSENT, SELINUX_OFF, SELINUX_ENFORCING};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        set_up(&f, "d1", (struct variant){.weight = 1, .selinux = "disabled"});
        f.facts.selinux = modes[i];
        assert_int_equal(declare(&f), 0);
        const struct resource *r = catalog_find(&f.catalog, RES_SELINUX, "selinux");
        assert_int_equal(r != NULL, modes[i] != SELINUX_ABSENT);
        if (r)
            assert_true(r->selinux.mode == SELINUX_DISABLED && !r->selinux.by_argument);
        tear_down(&f);
    }
}

static void test_network(void **state)
{
    static const struct {
        enum net_stack stack;
        const char *says; /* NULL: that will do */
    } cases[] = {{NET_IFUPDOWN, NULL},
                 {NET_NETWORKD, NULL},
                 {NET_NETWORKMANAGER, NULL},
                 {NET_NM_IFCFG, NULL},
                 {NET_SCRIPTS, NULL},
                 {NET_NETPLAN, NULL},
                 {NET_NETPLAN_NM, "netplan-networkmanager manages eth0; not supported yet"},
                 {NET_UNKNOWN, "something that clusterctl does not know manages eth0"}};
    struct fixture f;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        set_up(&f, "w1", (struct variant){0});
        f.cluster->network = (struct network){.managed = true, .prefix = 24};
        f.facts.net_stack = cases[i].stack;
        if (cases[i].says) {
            refused(&f, cases[i].says);
            continue;
        }
        assert_int_equal(declare(&f), 0);
        assert_true(place(&f, RES_CONFIRM, "clusterctl-revert.timer") > 0);
        tear_down(&f);
    }
    set_up(&f, "w1", (struct variant){0});
    f.cluster->network = (struct network){.managed = true, .prefix = 24};
    f.cluster->hosts[f.catalog.host->index_in_cluster].interface = "eth1";
    refused(&f, "is on eth0, not on eth1");
}

static void test_secret(void **state)
{
    struct fixture f;
    (void)state;
    set_up(&f, "d1", (struct variant){.vrrp = "\"version\": 2, \"auth_pass\": \"hush1\""});
    assert_int_equal(declare(&f), 0);
    assert_int_equal(f.catalog.secrets.n, 1);
    assert_string_equal(f.catalog.secrets.v[0], "hush1");
    assert_non_null(strstr(keepalived_conf(&f), "auth_pass hush1\n"));
    const struct resource *r =
        catalog_find(&f.catalog, RES_FILE, "/etc/keepalived/keepalived.conf");
    assert_int_equal(r->file.mode, 0600);
    assert_true(r->file.backup);
    tear_down(&f);
    set_up(&f, "w1", (struct variant){.vrrp = "\"version\": 2, \"auth_pass\": \"hush1\""});
    assert_int_equal(declare(&f), 0);
    assert_int_equal(f.catalog.secrets.n, 0);
    tear_down(&f);
}

/* Prometheus on the host that is named, else the NFS host, else the last real server. */
static void test_monitoring_host(void **state)
{
    static const char with_nfs[] = ",{\"name\": \"n\", \"address\": \"10.1.1.134\", \"role\": \"nfs\"}";
    static const struct {
        const char *section, *more, *host;
    } cases[] = {
        {"", with_nfs, NULL},
        {"\"monitoring\": {},", with_nfs, "n"},
        {"\"monitoring\": {},", "", "w2"},
        {"\"monitoring\": {\"host\": \"d1\"},", with_nfs, "d1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autosb struct strbuf text = {0};
        struct diagnostics diags = {0};
        struct err e = {0};
        sb_addf(&text,
                "{\"cluster\": \"web\", \"vip\": \"10.1.1.140\", %s \"hosts\": ["
                "{\"name\": \"d1\", \"address\": \"10.1.1.130\", \"role\": \"director\"},"
                "{\"name\": \"w1\", \"address\": \"10.1.1.132\", \"role\": \"real_server\"},"
                "{\"name\": \"w2\", \"address\": \"10.1.1.133\", \"role\": \"real_server\"}%s]}",
                cases[i].section, cases[i].more);
        struct cluster *c = inventory_parse(text.s, text.len, "test", "/", &diags, &e);
        assert_non_null(c);
        const struct host *h = monitoring_host(c);
        assert_int_equal(h != NULL, cases[i].host != NULL);
        if (h)
            assert_string_equal(h->name, cases[i].host);
        assert_int_equal(exporter_runs(c, EXPORTER_NGINX, cluster_host(c, "w1")), h != NULL);
        assert_false(exporter_runs(c, EXPORTER_NGINX, cluster_host(c, "d1")));
        diagnostics_free(&diags);
        cluster_free(c);
    }
}

static void remember(struct fixture *f, const char *line)
{
    char buf[256];
    snprintf(buf, sizeof buf, "%s", line);
    members_record(&f->facts, buf);
}

/* What a host remembers it keeps, until that is done with; the inventory's own are never departed. */
static void test_members(void **state)
{
    static const char *const forgotten[] = {"10.1.1.139", NULL};
    static const char expected[] =
        "cluster web 10.1.1.140\n"
        "member d1 10.1.1.130 22 root none director\n"
        "member d2 10.1.1.131 22 root none director\n"
        "member w1 10.1.1.132 22 root none real_server\n"
        "member w2 10.1.1.133 22 root none real_server\n"
        "member n 10.1.1.134 22 root none nfs\n"
        "departed old-one 10.1.1.138 2222 admin sudo director,real_server\n";
    struct fixture f;
    (void)state;
    set_up(&f, "d1", (struct variant){0});
    remember(&f, "# a comment");
    remember(&f, "cluster web 10.1.1.140");
    remember(&f, "member renamed 10.1.1.132 22 root none real_server");
    remember(&f, "member old-one 10.1.1.138 2222 admin sudo director,real_server");
    remember(&f, "departed gone 10.1.1.139 22 root none nfs");
    remember(&f, "member no-port 10.1.1.137 x root none nfs");
    remember(&f, "member no-address nowhere 22 root none nfs");
    remember(&f, "member");
    /* A line of its own in the directors' list of drained servers, and more that is no name. */
    remember(&f, "member gone\\012w1 10.1.1.135 22 root none real_server");
    remember(&f, "member a\\040b 10.1.1.135 22 root none real_server");
    remember(&f, "member a;b 10.1.1.135 22 root none real_server");
    remember(&f, "member \033[2J 10.1.1.135 22 root none real_server");
    remember(&f, "member gone 10.1.1.135 22 ro\\012ot none real_server");
    assert_string_equal(f.facts.cluster_id, "web 10.1.1.140");
    assert_int_equal(f.facts.members.n, 3);
    assert_string_equal(f.facts.members.v[1].name, "old-one");
    assert_int_equal(f.facts.members.v[1].port, 2222);
    assert_int_equal(f.facts.members.v[1].become, BECOME_SUDO);
    assert_int_equal(f.facts.members.v[1].roles, ROLE_DIRECTOR | ROLE_REAL_SERVER);
    f.catalog.forgotten = forgotten;
    assert_int_equal(declare(&f), 0);
    const char *text = catalog_find(&f.catalog, RES_FILE, MEMBERS_FILE)->file.content;
    assert_string_equal(strchr(text, '\n') + 1, expected);
    tear_down(&f);
}

/* A director that knows its servers does not learn of a new one before that serves. */
static void test_new_server(void **state)
{
    struct fixture f;
    (void)state;
    set_up(&f, "d1", (struct variant){0});
    remember(&f, "member w1 10.1.1.132 22 root none real_server");
    remember(&f, "departed w2 10.1.1.133 22 root none real_server");
    assert_int_equal(declare(&f), 0);
    const struct resource *daemon = before_members(&f);
    assert_int_equal(daemon->n_needs, 2);
    assert_true(daemon->needs[0].soft);
    assert_string_equal(daemon->needs[1].host->name, "w2");
    assert_false(daemon->needs[1].soft);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),       cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_words),          cmocka_unit_test(test_ports),
        cmocka_unit_test(test_order),          cmocka_unit_test(test_edges),
        cmocka_unit_test(test_old_keepalived), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_selinux),        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_network),        cmocka_unit_test(test_monitoring_host),
        cmocka_unit_test(test_members),        cmocka_unit_test(test_new_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
