#include "report.h"

#include "test.h"

struct verify_report report;

int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

int teardown(void **state)
{
    (void)state;
    verify_free(&report);
    fake_free();
    return 0;
}

static void verify_with(const struct verify_options *o)
{
    struct err e = {0};
    verify_free(&report);
    assert_int_equal(verify_cluster((struct run *)&fake, o, &report, &e), 0);
    assert_int_equal(report.passed + report.failed + report.skipped, report.results.n);
}

void verify(unsigned settle_ms)
{
    verify_with(&(struct verify_options){.settle_ms = settle_ms});
}

void verify_watched(enum verify_monitoring how)
{
    verify_with(&(struct verify_options){.monitoring = how});
}

const struct check_result *result(const char *id, const char *subject)
{
    for (size_t i = 0; i < report.results.n; i++) {
        const struct check_result *c = &report.results.v[i];
        if (!strcmp(c->id, id) && (!subject || !strcmp(c->subject, subject)))
            return c;
    }
    fail_msg("no result %s %s", id, subject ? subject : "");
    return NULL;
}

void assert_contains(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, text ? text : "(null)");
}

void assert_fails(const char *id, const char *subject, const char *reason)
{
    const struct check_result *c = result(id, subject);
    assert_int_equal(c->status, CHECK_FAIL);
    assert_contains(c->reason, reason);
}

void assert_only(const char *failed)
{
    autosb struct strbuf sb = {0};
    for (size_t i = 0; i < report.results.n; i++) {
        const struct check_result *c = &report.results.v[i];
        if (c->status != CHECK_PASS)
            sb_addf(&sb, "%s%s%s", sb.len ? " " : "", c->status == CHECK_SKIP ? "~" : "", c->id);
    }
    assert_string_equal(sb_str(&sb), failed);
}
