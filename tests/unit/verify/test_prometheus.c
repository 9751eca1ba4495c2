/* What promtool prints of an instant query; the lines were taken from a cluster. */
#include "test.h"

#include "verify/prometheus.h"

static struct prometheus p;
static struct arena arena;

static int setup(void **state)
{
    (void)state;
    p = (struct prometheus){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    prometheus_free(&p);
    arena_free(&arena);
    return 0;
}

static void feed(const char *what, const char *value)
{
    autofree char *copy = xstrdup(value);
    prometheus_record(&p, &arena, what, copy);
}

static void targets(void **state)
{
    (void)state;
    feed("prometheus", "{host=\"LVS-master\", job=\"node\"} => 1 @[1795678306.617]");
    feed("prometheus", "{host=\"Web01-RS\", job=\"nginx\"} => 0 @[1795678306.617]");
    feed("prometheus", "{job=\"their own\"} => 1 @[1795678306]");
    feed("prometheus_end", "");
    assert_true(p.read);
    assert_null(p.bad);
    assert_int_equal(p.targets.n, 3);
    assert_string_equal(p.targets.v[0].host, "LVS-master");
    assert_true(p.targets.v[0].up);
    assert_string_equal(p.targets.v[1].job, "nginx");
    assert_false(p.targets.v[1].up);
    assert_string_equal(p.targets.v[2].host, "");
}

static void alerts(void **state)
{
    (void)state;
    feed("prometheus", "{alertname=\"RealServerMissing\", host=\"Web02-RS\", "
                       "service=\"10.1.1.140:80/TCP\"} => 1 @[1795678306.617]");
    feed("prometheus", "{alertname=\"VipAbsent\", vip=\"10.1.1.140\"} => 1 @[1795678306.617]");
    assert_int_equal(p.alerts.n, 2);
    assert_string_equal(p.alerts.v[0].name, "RealServerMissing");
    assert_string_equal(p.alerts.v[0].host, "Web02-RS");
    assert_string_equal(p.alerts.v[0].subject, "10.1.1.140:80/TCP");
    assert_null(p.alerts.v[1].host);
    assert_string_equal(p.alerts.v[1].subject, "10.1.1.140");
}

static void quotes_and_braces(void **state)
{
    (void)state;
    feed("prometheus", "{alertname=\"a \\\"b\\\" }, c=\\\\\", host=\"x\"} => 1 @[1]");
    assert_int_equal(p.alerts.n, 1);
    assert_string_equal(p.alerts.v[0].name, "a \"b\" }, c=\\");
    assert_string_equal(p.alerts.v[0].host, "x");
}

static void broken_lines(void **state)
{
    static const char *const lines[] = {
        "", "{", "{}", "{a", "{a=", "{a=\"", "{a=\"b", "{a=\"b\\", "{a=\"b\"", "{a=\"b\"}",
        "{a=\"b\"} => ", "{a=\"b\"} => x @[1]", "{a=\"b\"} => 1", "{job=\"b\" => 1 @[1]", "job",
        "{a=\"1\", b=\"1\", c=\"1\", d=\"1\", e=\"1\", f=\"1\", g=\"1\", h=\"1\", job=\"1\"} => 1 @[1]",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        p.bad = NULL;
        feed("prometheus", lines[i]);
        assert_string_equal(p.bad, lines[i]);
    }
    assert_int_equal(p.targets.n + p.alerts.n, 0);
}

static void errors_are_safe_and_short(void **state)
{
    (void)state;
    autosb struct strbuf sb = {0};
    sb_add(&sb, "query error: \x1b[31m");
    for (int i = 0; i < 1000; i++)
        sb_add(&sb, "x");
    feed("prometheus_error", sb_str(&sb));
    assert_false(p.read);
    assert_null(strchr(p.error, '\x1b'));
    assert_true(strlen(p.error) < 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(targets, setup, teardown),
        cmocka_unit_test_setup_teardown(alerts, setup, teardown),
        cmocka_unit_test_setup_teardown(quotes_and_braces, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_are_safe_and_short, setup, teardown),
    };
    return cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
}
