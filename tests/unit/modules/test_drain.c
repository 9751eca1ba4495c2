/* Draining edits the file on the host; the full module renders the same. Each holds the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/paths.h"
#include "inventory/load.h"
#include "modules/registry.h"

static const char inventory[] =
    "{\"cluster\": \"web\", \"vip\": \"10.1.1.140\", \"services\": [{\"port\": 80}, {\"port\": 81}],"
    " \"hosts\": ["
    "{\"name\": \"d1\", \"address\": \"10.1.1.130\", \"role\": \"director\"},"
    "{\"name\": \"d2\", \"address\": \"10.1.1.131\", \"role\": \"director\"},"
    "{\"name\": \"w1\", \"address\": \"10.1.1.132\", \"role\": \"real_server\", \"weight\": 3},"
    "{\"name\": \"w2\", \"address\": \"10.1.1.133\", \"role\": \"real_server\"},"
    "{\"name\": \"n\", \"address\": \"10.1.1.134\", \"role\": \"nfs\"}]}";

struct fixture {
    struct cluster *cluster;
    struct facts facts;
    struct template_set templates;
    struct catalog catalog;
    enum wish wishes[5]; /* by index: d1, d2, w1, w2, n */
    struct err err;
};

enum { D1, D2, W1, W2 };

static void set_up(struct fixture *f, struct version v)
{
    struct diagnostics diags = {0};
    *f = (struct fixture){0};
    f->cluster = inventory_parse(inventory, sizeof inventory - 1, "test", "/", &diags, &f->err);
    assert_non_null(f->cluster);
    diagnostics_free(&diags);
    facts_assume(&f->facts, f->cluster, &f->cluster->hosts[D1]);
    f->facts.wishes = f->wishes;
    f->facts.keepalived = v;
    f->catalog = (struct catalog){.cluster = f->cluster,
                                  .host = &f->cluster->hosts[D1],
                                  .facts = &f->facts,
                                  .templates = &f->templates};
}

static int declare(struct fixture *f, const struct module_table *t)
{
    return modules_declare(t, &f->catalog, &f->err);
}

static void tear_down(struct fixture *f)
{
    catalog_free(&f->catalog);
    facts_free(&f->facts);
    cluster_free(f->cluster);
}

static const char *file(const struct fixture *f, const char *path)
{
    const struct resource *r = catalog_find(&f->catalog, RES_FILE, path);
    return r ? r->file.content : NULL;
}

/* What the full module renders while `w` is wished for w1. To be freed. */
static char *rendered(struct version v, enum wish w)
{
    struct fixture f;
    set_up(&f, v);
    f.wishes[W1] = w;
    assert_int_equal(declare(&f, &module_table), 0);
    char *text = xstrdup(file(&f, KEEPALIVED_CONF));
    tear_down(&f);
    return text;
}

/* What draining makes of `conf`. To be freed. */
static char *edited(struct version v, const char *conf, enum wish w)
{
    struct fixture f;
    set_up(&f, v);
    f.wishes[W1] = w;
    f.facts.keepalived_conf = conf;
    f.facts.keepalived_conf_whole = true;
    assert_int_equal(declare(&f, &module_table_drain), 0);
    char *text = xstrdup(file(&f, KEEPALIVED_CONF));
    tear_down(&f);
    return text;
}

static const struct version versions[] = {{2, 2, 7}, {2, 1, 5}, {1, 3, 5}};

static void the_edit_is_what_a_deploy_renders(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        autofree char *with = rendered(versions[i], WISH_NONE);
        autofree char *without = rendered(versions[i], WISH_DRAIN);
        autofree char *drained = edited(versions[i], with, WISH_DRAIN);
        autofree char *again = edited(versions[i], drained, WISH_DRAIN_FOR_NOW);
        autofree char *back = edited(versions[i], drained, WISH_UNDRAIN);
        assert_string_not_equal(with, without);
        assert_string_equal(drained, without);
        assert_string_equal(again, without);
        assert_string_equal(back, with);
    }
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

static void the_method_is_the_versions_own(void **state)
{
    (void)state;
    autofree char *new = rendered((struct version){2, 2, 7}, WISH_DRAIN);
    autofree char *old = rendered((struct version){2, 1, 5}, WISH_DRAIN);
    assert_int_equal(count(new, "weight 0\n        "), 2); /* in both services */
    assert_int_equal(count(new, "/bin/false"), 0);
    assert_int_equal(count(old, "weight 3\n        inhibit_on_failure\n        MISC_CHECK"), 2);
    assert_int_equal(count(old, "weight 0"), 1); /* the tracked file's, and no server's */
}

static void only_what_is_wished_for_changes(void **state)
{
    (void)state;
    static const char foreign[] = "# by hand\n"
                                  "virtual_server 10.1.1.140 80 {\n"
                                  "real_server 10.1.1.132 80 {\n"
                                  "  weight 7  \n"
                                  "\tTCP_CHECK {\n"
                                  "    weight 9\n"
                                  "  }\n"
                                  "}\n"
                                  "  real_server 10.1.1.133 80 {\n"
                                  "    weight 5\n"
                                  "  }\n"
                                  "}\n"
                                  "# no newline at the end";
    autofree char *text = edited((struct version){2, 2, 7}, foreign, WISH_DRAIN);
    assert_string_equal(text, "# by hand\n"
                              "virtual_server 10.1.1.140 80 {\n"
                              "real_server 10.1.1.132 80 {\n"
                              "  weight 0\n"
                              "\tTCP_CHECK {\n"
                              "    weight 9\n"
                              "  }\n"
                              "}\n"
                              "  real_server 10.1.1.133 80 {\n"
                              "    weight 5\n"
                              "  }\n"
                              "}\n"
                              "# no newline at the end");
}

static void a_director_without_the_entry_is_refused(void **state)
{
    (void)state;
    static const char *const confs[] = {NULL, "", "real_server 10.1.1.133 80 {\n}\n"};
    for (size_t i = 0; i < ARRAY_LEN(confs); i++) {
        struct fixture f;
        set_up(&f, versions[0]);
        f.wishes[W1] = WISH_DRAIN;
        f.facts.keepalived_conf = confs[i];
        f.facts.keepalived_conf_whole = true;
        assert_int_equal(declare(&f, &module_table_drain), -1);
        assert_non_null(strstr(f.err.hint, "deploy"));
        tear_down(&f);
    }
}

static void a_file_that_we_did_not_see_whole_is_not_edited(void **state)
{
    (void)state;
    autofree char *longer = xcalloc((4u << 20) + 64, 1);
    size_t n = (size_t)snprintf(longer, 64, "keepalived_conf ");
    memset(longer + n, 'Q', 3u << 20);
    char whole[] = "keepalived_conf QUI=", nul[] = "keepalived_conf QQBC";
    struct {
        char *record;
        bool whole;
    } cases[] = {{whole, true}, {nul, false}, {longer, false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        set_up(&f, versions[0]);
        f.wishes[W1] = WISH_DRAIN;
        assert_int_equal(facts_record(&f.facts, cases[i].record, &f.err), 0);
        assert_int_equal(f.facts.keepalived_conf_whole, cases[i].whole);
        assert_int_equal(declare(&f, &module_table_drain), -1);
        assert_int_equal(!strstr(f.err.msg, "not edited"), cases[i].whole);
        tear_down(&f);
    }
}

/* Nothing in a file that a host sends runs us over its end. */
static void cut_off_files_are_survived(void **state)
{
    (void)state;
    autofree char *whole = rendered(versions[1], WISH_DRAIN);
    for (size_t n = strlen(whole); n > 0; n--) {
        struct fixture f;
        autofree char *conf = xcalloc(n + 1, 1);
        memcpy(conf, whole, n);
        set_up(&f, versions[1]);
        f.wishes[W1] = WISH_UNDRAIN;
        f.facts.keepalived_conf = conf;
        f.facts.keepalived_conf_whole = true;
        declare(&f, &module_table_drain);
        tear_down(&f);
    }
}

static void the_list_says_who_and_by_whom(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, versions[0]);
    *vec_push(&f.facts.drained) = (struct drained){"w2", false};
    *vec_push(&f.facts.drained) = (struct drained){"gone", false};
    f.facts.drains = true;
    f.wishes[W1] = WISH_DRAIN_FOR_NOW;
    assert_int_equal(declare(&f, &module_table), 0);
    assert_string_equal(file(&f, DRAINED_FILE), "w1 by deploy\nw2 by operator\n");
    tear_down(&f);

    set_up(&f, versions[0]);
    assert_int_equal(declare(&f, &module_table), 0);
    assert_null(file(&f, DRAINED_FILE));
    tear_down(&f);

    set_up(&f, versions[0]); /* a list that has become empty is written */
    f.facts.drains = true;
    assert_int_equal(declare(&f, &module_table), 0);
    assert_string_equal(file(&f, DRAINED_FILE), "");
    tear_down(&f);
}

/* Between two passes nobody looks again at the director that was told. */
static void what_was_told_is_known(void **state)
{
    (void)state;
    struct fixture f;
    const struct host *d1, *w1, *w2;
    set_up(&f, versions[0]);
    d1 = &f.cluster->hosts[D1];
    w1 = &f.cluster->hosts[W1];
    w2 = &f.cluster->hosts[W2];
    *vec_push(&f.facts.drained) = (struct drained){"w2", true};
    f.wishes[W1] = WISH_DRAIN;
    f.wishes[W2] = WISH_UNDRAIN;
    f.wishes[D1] = WISH_DRAIN;
    facts_carried_out(&f.facts, f.cluster, d1);
    f.facts.wishes = NULL;
    assert_int_equal(facts_wish(&f.facts, w1), WISH_DRAIN);
    assert_int_equal(facts_wish(&f.facts, w2), WISH_NONE);
    assert_true(f.facts.passive);
    tear_down(&f);
}

static void a_director_hands_over(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, versions[0]);
    f.wishes[D1] = WISH_DRAIN;
    assert_int_equal(declare(&f, &module_table_drain), 0);
    assert_string_equal(file(&f, HANDOVER_FILE), "1\n");
    assert_null(file(&f, KEEPALIVED_CONF));
    const struct resource *r =
        catalog_find(&f.catalog, RES_SYSCTL, "net.ipv4.vs.sync_threshold");
    assert_string_equal(r->sysctl.value, "0 1");
    assert_true(r->index < catalog_find(&f.catalog, RES_FILE, HANDOVER_FILE)->index);
    tear_down(&f);

    set_up(&f, versions[0]);
    f.wishes[D1] = WISH_UNDRAIN;
    f.wishes[D2] = WISH_DRAIN; /* another's */
    assert_int_equal(declare(&f, &module_table_drain), 0);
    assert_int_equal(f.catalog.list.n, 0); /* it is not passive */
    f.facts.passive = true;
    assert_int_equal(declare(&f, &module_table_drain), 0);
    assert_string_equal(file(&f, HANDOVER_FILE), "0\n");
    r = catalog_find(&f.catalog, RES_SYSCTL, "net.ipv4.vs.sync_threshold");
    assert_string_equal(r->sysctl.value, "2 3");
    tear_down(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_edit_is_what_a_deploy_renders),
        cmocka_unit_test(the_method_is_the_versions_own),
        cmocka_unit_test(only_what_is_wished_for_changes),
        cmocka_unit_test(a_director_without_the_entry_is_refused),
        cmocka_unit_test(a_file_that_we_did_not_see_whole_is_not_edited),
        cmocka_unit_test(cut_off_files_are_survived),
        cmocka_unit_test(the_list_says_who_and_by_whom),
        cmocka_unit_test(what_was_told_is_known),
        cmocka_unit_test(a_director_hands_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
