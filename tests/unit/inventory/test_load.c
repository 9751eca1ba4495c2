/* From files to the model: defaults, overrides, paths. */
#include "test.h"

static struct cluster *load_example(const char *name)
{
    autosb struct strbuf file = {0};
    sb_addf(&file, "inventory/examples/%s", name);
    autofree char *path = source_path(sb_str(&file));
    struct diagnostics d = {0};
    struct err e = {0};
    struct cluster *c = inventory_load(path, &d, &e);
    if (!c) {
        autosb struct strbuf out = {0};
        diagnostics_print(&d, name, &out);
        fail_msg("%s\n%s", e.msg, sb_str(&out));
    }
    assert_int_equal(d.list.n, 0);
    diagnostics_free(&d);
    return c;
}

static struct cluster *parse(const char *text)
{
    struct diagnostics d = {0};
    struct err e = {0};
    struct cluster *c = inventory_parse(text, strlen(text), "test", "/base", &d, &e);
    if (!c) {
        autosb struct strbuf out = {0};
        diagnostics_print(&d, "test", &out);
        fail_msg("%s", sb_str(&out));
    }
    diagnostics_free(&d);
    return c;
}

static void assert_address(const struct ipaddr *a, const char *want)
{
    char buf[IPADDR_STRLEN];
    assert_string_equal(ipaddr_str(a, buf), want);
}

static void reference_has_every_default(void **state)
{
    (void)state;
    struct cluster *c = load_example("reference.json");
    assert_string_equal(c->name, "web");
    assert_int_equal(c->n_vips, 1);
    assert_address(&c->vips[0], "10.1.1.140");

    assert_int_equal(c->n_services, 1);
    const struct service *s = &c->services[0];
    assert_address(&s->vip, "10.1.1.140");
    assert_int_equal(s->port, 80);
    assert_int_equal(s->protocol, PROTO_TCP);
    assert_string_equal(s->scheduler, "rr");
    assert_int_equal(s->persistence_s, 0);
    assert_int_equal(s->check.type, CHECK_HTTP);
    assert_string_equal(s->check.path, "/");
    assert_null(s->check.host);
    assert_int_equal(s->check.status, 200);
    assert_int_equal(s->check.interval_ms, 300);
    assert_int_equal(s->check.timeout_ms, 500);
    assert_int_equal(s->check.retries, 1);
    assert_int_equal(s->check.retry_delay_ms, 100);

    assert_int_equal(c->vrrp.virtual_router_id, 10);
    assert_int_equal(c->vrrp.version, 3);
    assert_int_equal(c->vrrp.advert_interval_cs, 10);
    assert_null(c->vrrp.interface);
    assert_null(c->vrrp.auth_pass);
    assert_true(c->vrrp.unicast);
    assert_false(c->vrrp.preempt);

    assert_string_equal(c->nfs.export_path, "/nfs/web");
    assert_string_equal(c->nfs.mount_path, "/var/www/html/shared");
    assert_non_null(strstr(c->nfs.mount_options, "_netdev"));
    assert_non_null(strstr(c->nfs.mount_options, "nofail"));
    assert_non_null(strstr(c->nfs.export_options, "root_squash"));
    assert_string_equal(c->nfs.owner, "root");
    assert_int_equal(c->nfs.mode, 0755);
    assert_int_equal(c->profile, PROFILE_FAST);
    assert_int_equal(c->firewall, FIREWALL_OPEN);
    assert_int_equal(c->selinux, SELINUX_MANAGE);
    cluster_free(c);
}

static void reference_has_its_hosts(void **state)
{
    (void)state;
    struct cluster *c = load_example("reference.json");
    assert_int_equal(c->n_hosts, 5);
    assert_int_equal(cluster_count(c, ROLE_DIRECTOR), 2);
    assert_int_equal(cluster_count(c, ROLE_REAL_SERVER | ROLE_NFS), 3);

    const struct host *h = cluster_next(c, NULL, ROLE_DIRECTOR);
    assert_string_equal(h->name, "LVS-master");
    assert_string_equal(h->hostname, "LVS-master");
    assert_int_equal(h->priority, 254);
    h = cluster_next(c, h, ROLE_DIRECTOR);
    assert_string_equal(h->name, "LVS-node01");
    assert_int_equal(h->priority, 253);
    assert_null(cluster_next(c, h, ROLE_DIRECTOR));

    h = cluster_host(c, "Web02-RS");
    assert_int_equal(h->index_in_cluster, 3);
    assert_int_equal(h->roles, ROLE_REAL_SERVER);
    assert_address(&h->address, "10.1.1.133");
    assert_int_equal(h->weight, 1);
    assert_string_equal(h->index, "index2.html");
    assert_string_equal(h->page, "Web02 index.html");
    assert_null(cluster_host(c, "web02-rs"));

    const struct ssh_settings *ssh = &h->ssh;
    assert_string_equal(ssh->user, "root");
    assert_int_equal(ssh->port, 22);
    assert_true(ssh->agent);
    assert_false(ssh->identities_given);
    assert_int_equal(ssh->host_key, HOST_KEY_STRICT);
    assert_null(ssh->pinned_keys);
    assert_int_equal(ssh->become, BECOME_NONE);
    assert_int_equal(ssh->connect_timeout_ms, 20000);
    assert_int_equal(ssh->dead_after_ms, 30000);
    cluster_free(c);
}

static void full_example_sets_every_key(void **state)
{
    (void)state;
    setenv("HOME", "/home/op", 1);
    struct cluster *c = load_example("full.json");
    autofree char *real = realpath(getenv("SOURCE_ROOT") ? getenv("SOURCE_ROOT") : ".", NULL);
    autosb struct strbuf key = {0};
    sb_addf(&key, "%s/inventory/examples/keys/web02", real);

    assert_int_equal(c->vrrp.version, 2);
    assert_int_equal(c->vrrp.advert_interval_cs, 100);
    assert_string_equal(c->vrrp.auth_pass, "1111");
    assert_false(c->vrrp.unicast);
    assert_true(c->vrrp.preempt);
    assert_int_equal(c->nfs.mode, 0775);
    assert_int_equal(c->firewall, FIREWALL_DISABLE);
    assert_int_equal(c->selinux, SELINUX_PERMISSIVE);
    assert_int_equal(c->services[1].check.interval_ms, 2500);
    assert_int_equal(c->services[1].check.type, CHECK_TCP);

    const struct ssh_settings *ssh = &cluster_host(c, "NFS")->ssh;
    assert_string_equal(ssh->identities[0], "/home/op/.ssh/id_ed25519");
    assert_non_null(ssh->identities[1]);
    assert_null(ssh->identities[2]);
    assert_true(ssh->identities_given);
    assert_false(ssh->agent);
    assert_int_equal(ssh->host_key, HOST_KEY_ACCEPT_NEW);
    assert_null(ssh->pinned_keys);
    assert_int_equal(ssh->become, BECOME_SUDO);

    ssh = &cluster_host(c, "Web02-RS")->ssh;
    assert_string_equal(ssh->user, "root");
    assert_int_equal(ssh->port, 2222);
    assert_string_equal(ssh->identities[0], sb_str(&key));
    assert_null(ssh->identities[1]);
    assert_int_equal(ssh->host_key, HOST_KEY_STRICT);
    assert_non_null(ssh->pinned_keys[1]);
    assert_null(ssh->pinned_keys[2]);
    assert_int_equal(ssh->dead_after_ms, 10000);
    cluster_free(c);
}

static void hosts_inherit_ssh_key_by_key(void **state)
{
    (void)state;
    struct cluster *c = parse(
        "{\"cluster\":\"c\",\"vip\":\"10.0.0.9\",\"hosts\":["
        "{\"name\":\"d\",\"address\":\"127.0.0.1\",\"role\":\"director\",\"ssh\":{\"port\":2222}},"
        "{\"name\":\"w\",\"address\":\"127.0.0.2\",\"role\":[\"real_server\"]}],"
        "\"ssh\":{\"user\":\"op\",\"identity\":\"k\",\"connect_timeout\":2.5}}");
    const struct ssh_settings *d = &c->hosts[0].ssh, *w = &c->hosts[1].ssh;
    assert_int_equal(d->port, 2222);
    assert_int_equal(w->port, 22);
    assert_string_equal(d->user, "op");
    assert_string_equal(d->identities[0], "/base/k");
    assert_true(d->identities_given);
    assert_int_equal(w->connect_timeout_ms, 2500);
    assert_string_equal(c->ssh.user, "op");
    assert_int_equal(c->ssh.port, 22);
    /* Without an NFS host the real servers still serve from the mount path, just locally. */
    assert_null(c->nfs.export_path);
    assert_string_equal(c->nfs.mount_path, "/var/www/html/shared");
    cluster_free(c);
}

static void services_spread_over_vips(void **state)
{
    (void)state;
    struct cluster *c = load_example("two-services.json");
    assert_int_equal(c->n_services, 3);
    assert_address(&c->services[0].vip, "192.0.2.10");
    assert_address(&c->services[1].vip, "192.0.2.20");
    assert_int_equal(c->services[1].port, 80);
    assert_address(&c->services[2].vip, "192.0.2.20");
    assert_int_equal(c->services[2].port, 8080);
    assert_int_equal(c->services[2].check.type, CHECK_HTTP);
    assert_int_equal(c->services[2].check.status, 204);
    assert_int_equal(cluster_host(c, "web3")->weight, 2);
    cluster_free(c);
    cluster_free(load_example("single-director.json"));
}

static void version_2_has_its_own_default_interval(void **state)
{
    (void)state;
    struct cluster *c =
        parse("{\"cluster\":\"c\",\"vip\":\"10.0.0.9\",\"vrrp\":{\"version\":2},\"services\":["
              "{\"port\":80},{\"port\":443},{\"port\":80,\"protocol\":\"udp\"}],\"hosts\":["
              "{\"name\":\"d\",\"address\":\"127.0.0.1\",\"role\":[\"nfs\",\"director\"]},"
              "{\"name\":\"w\",\"address\":\"127.0.0.2\",\"role\":\"real_server\"}]}");
    assert_int_equal(c->vrrp.advert_interval_cs, 100);
    assert_int_equal(c->services[0].check.type, CHECK_HTTP);
    assert_int_equal(c->services[1].check.type, CHECK_TCP);
    assert_int_equal(c->services[2].check.type, CHECK_TCP);
    assert_int_equal(c->hosts[0].roles, ROLE_NFS | ROLE_DIRECTOR);
    cluster_free(c);
}

static void the_article_profile_has_its_own_defaults(void **state)
{
    (void)state;
    struct cluster *c = load_example("article.json");
    const struct health_check *check = &c->services[0].check;
    assert_int_equal(c->profile, PROFILE_ARTICLE);
    assert_false(cluster_hands_over(c));
    assert_int_equal(c->vrrp.version, 2);
    assert_int_equal(c->vrrp.advert_interval_cs, 100);
    assert_false(c->vrrp.unicast);
    assert_true(c->vrrp.preempt);
    assert_int_equal(cluster_host(c, "LVS-master")->priority, 100);
    assert_int_equal(cluster_host(c, "LVS-node01")->priority, 50);
    assert_int_equal(check->type, CHECK_TCP);
    assert_int_equal(check->interval_ms, 15000);
    assert_int_equal(check->timeout_ms, 3000);
    assert_int_equal(check->retries, 3);
    assert_int_equal(check->retry_delay_ms, 4000);
    cluster_free(c);
}

static void what_is_given_wins_over_the_profile(void **state)
{
    (void)state;
    struct cluster *c = parse(
        "{\"cluster\":\"c\",\"vip\":\"10.0.0.9\",\"profile\":\"article\","
        "\"vrrp\":{\"version\":3,\"advert_interval\":0.2,\"unicast\":true,\"preempt\":false},"
        "\"services\":[{\"port\":80,\"check\":{\"type\":\"http\",\"interval\":0.5}},"
        "{\"port\":81}],\"hosts\":["
        "{\"name\":\"d\",\"address\":\"127.0.0.1\",\"role\":\"director\"},"
        "{\"name\":\"e\",\"address\":\"127.0.0.3\",\"role\":\"director\",\"priority\":200},"
        "{\"name\":\"w\",\"address\":\"127.0.0.2\",\"role\":\"real_server\"}]}");
    assert_int_equal(c->vrrp.version, 3);
    assert_int_equal(c->vrrp.advert_interval_cs, 20);
    assert_true(c->vrrp.unicast);
    assert_false(c->vrrp.preempt);
    assert_int_equal(c->services[0].check.type, CHECK_HTTP);
    assert_int_equal(c->services[0].check.interval_ms, 500);
    assert_int_equal(c->services[0].check.timeout_ms, 3000);
    assert_int_equal(c->services[1].check.interval_ms, 15000);
    assert_int_equal(c->hosts[0].priority, 100);
    assert_int_equal(c->hosts[1].priority, 200);
    cluster_free(c);
}

static void unreadable_files_are_system_errors(void **state)
{
    (void)state;
    struct diagnostics d = {0};
    struct err e = {0};
    assert_null(inventory_load("/nonexistent/inventory.json", &d, &e));
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_non_null(strstr(e.msg, "No such file"));
    assert_null(inventory_load("/", &d, &e));
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(d.list.n, 0);
}

#define SECRETIVE(auth_pass, ssh, host_ssh)                                                        \
    "{ \"cluster\": \"web\", \"vip\": \"10.1.1.140\",\n"                                          \
    "  \"vrrp\": { \"version\": 2, \"auth_pass\": " auth_pass " },\n"                                 \
    "  \"ssh\": { " ssh " },\n"                                                                    \
    "  \"hosts\": [ { \"name\": \"a\", \"address\": \"10.1.1.130\", \"role\": \"director\" },\n"         \
    "    { \"name\": \"b\", \"address\": \"10.1.1.131\", \"role\": \"real_server\", \"ssh\": { " host_ssh  \
    " } } ] }\n"

/* What a host keeps has no secret of log-in in it, whatever stands around them. */
static void the_copy_for_hosts_has_no_login_secret(void **state)
{
    (void)state;
    struct cluster *c = parse(SECRETIVE(
        "\"aa\"", "\"config\": \"/\303\266/\\u00f6\", \"password\": \"p\\\"\303\251\\\\\", \"passphrase\": \"x\"",
        "\"become_password\": \"root\""));
    assert_string_equal(c->hosts[0].ssh.password, "p\"\303\251\\");
    assert_string_equal(c->hosts[1].ssh.become_password, "root");
    assert_null(c->hosts[0].ssh.become_password);
    assert_string_equal(c->text, SECRETIVE("\"aa\"",
        "\"config\": \"/\303\266/\\u00f6\", \"password\": { \"env\": \"CLUSTERCTL_SSH_PASSWORD\" }, "
        "\"passphrase\": { \"env\": \"CLUSTERCTL_PASSPHRASE\" }",
        "\"become_password\": { \"env\": \"CLUSTERCTL_SUDO_PASSWORD\" }"));
    cluster_free(c);
}

/* An inventory that a host hands out reads no file here, runs no command, and looks at no variable. */
static void a_kept_inventory_has_no_sources_of_its_own(void **state)
{
    (void)state;
    static const char *const sources[] = {
        SECRETIVE("{ \"command\": \"echo b >&2; echo b\" }", "", ""),
        SECRETIVE("{ \"env\": \"PATH\" }", "", ""),
        SECRETIVE("{ \"command\": \"echo login\" }", "", ""), /* one of ours, for something else */
    };
    struct cluster *own = parse(
        SECRETIVE("{ \"command\": \"echo ours\" }", "\"password\": { \"command\": \"echo login\" }", ""));
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        struct diagnostics d = {0};
        assert_null(inventory_parse_kept(sources[i], strlen(sources[i]), "kept", "/", own, &d, &e));
        assert_int_equal(d.list.n, 1);
        assert_non_null(strstr(d.list.v[0].message, "your own inventory does not name"));
        diagnostics_free(&d);
    }
    struct diagnostics d = {0};
    struct cluster *c = inventory_parse_kept(own->text, strlen(own->text), "kept", "/", own, &d, &e);
    assert_non_null(c);
    assert_string_equal(c->vrrp.auth_pass, "ours");
    assert_null(c->hosts[0].ssh.password);
    cluster_free(c);
    cluster_free(own);
    diagnostics_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_copy_for_hosts_has_no_login_secret),
        cmocka_unit_test(a_kept_inventory_has_no_sources_of_its_own),
        cmocka_unit_test(reference_has_every_default),
        cmocka_unit_test(reference_has_its_hosts),
        cmocka_unit_test(full_example_sets_every_key),
        cmocka_unit_test(hosts_inherit_ssh_key_by_key),
        cmocka_unit_test(services_spread_over_vips),
        cmocka_unit_test(version_2_has_its_own_default_interval),
        cmocka_unit_test(the_article_profile_has_its_own_defaults),
        cmocka_unit_test(what_is_given_wins_over_the_profile),
        cmocka_unit_test(unreadable_files_are_system_errors),
    };
    return cmocka_run_group_tests_name("inventory/load", tests, NULL, NULL);
}
