/* Which units start, stop, restart and reload are about, and as what they are wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/load.h"
#include "modules/registry.h"

static const char inventory[] =
    "{\"cluster\": \"web\", \"vip\": \"10.1.1.140\", \"hosts\": ["
    "{\"name\": \"d1\", \"address\": \"10.1.1.130\", \"role\": \"director\"},"
    "{\"name\": \"d2\", \"address\": \"10.1.1.131\", \"role\": \"director\"},"
    "{\"name\": \"w1\", \"address\": \"10.1.1.132\", \"role\": \"real_server\"},"
    "{\"name\": \"n\", \"address\": \"10.1.1.134\", \"role\": \"nfs\"}]}";

enum { D1, D2, W1, N, HOSTS };

/* "TYPE KEY" of all that the table wants on the host, joined by commas. To be freed. */
static char *wanted(const struct module_table *t, size_t host, enum unit_verb verb,
                    const char *service)
{
    static const bool all[HOSTS] = {true, true, true, true};
    const struct unit_wish wish = {verb, all, service};
    struct diagnostics diags = {0};
    struct facts facts = {0};
    struct template_set templates = {0};
    struct err e = {0};
    struct cluster *c = inventory_parse(inventory, sizeof inventory - 1, "test", "/", &diags, &e);
    assert_non_null(c);
    diagnostics_free(&diags);
    facts_assume(&facts, c, &c->hosts[host]);
    facts.units = &wish;
    struct catalog cat = {
        .cluster = c, .host = &c->hosts[host], .facts = &facts, .templates = &templates};
    assert_int_equal(modules_declare(t, &cat, &e), 0);
    struct strbuf out = {0};
    for (size_t i = 0; i < cat.list.n; i++) {
        const struct resource *r = cat.list.v[i];
        if (r->type == RES_DIR)
            continue;
        sb_addf(&out, "%s%s%s", out.len ? "," : "", r->key,
                r->type == RES_SERVICE && r->service.stopped ? " stopped" : "");
    }
    catalog_free(&cat);
    facts_free(&facts);
    cluster_free(c);
    return out.s ? sb_detach(&out) : xstrdup("");
}

static void check(const struct module_table *t, size_t host, enum unit_verb verb,
                  const char *service, const char *expected)
{
    char *got = wanted(t, host, verb, service);
    assert_string_equal(got, expected);
    free(got);
}

static void test_units(void **state)
{
    const struct module_table *t = &module_table_units;
    (void)state;
    check(t, W1, UNITS_START, NULL, "nginx.service,clusterctl-vip.service");
    check(t, D1, UNITS_STOP, NULL, "keepalived.service stopped,clusterctl-sync.service stopped");
    check(t, W1, UNITS_STOP, "nginx", "nginx.service stopped");
    check(t, W1, UNITS_STOP, "nginx.service", "nginx.service stopped");
    check(t, W1, UNITS_STOP, "ngin", "");
    check(t, D1, UNITS_RESTART, "keepalived", "keepalived.service");
    check(t, D1, UNITS_RELOAD, NULL, "keepalived.service"); /* what has nothing to reload is left */
    check(t, N, UNITS_START, "nfs", "nfs-server.service");
}

static void test_marks(void **state)
{
    const struct module_table *t = &module_table_mark;
    (void)state;
    check(t, D1, UNITS_RESTART, "keepalived", "/var/lib/clusterctl/pending/keepalived.service.restart");
    check(t, W1, UNITS_RELOAD, NULL, "/var/lib/clusterctl/pending/nginx.service.reload");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_units), cmocka_unit_test(test_marks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
