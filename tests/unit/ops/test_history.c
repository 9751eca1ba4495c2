/* Records of several hosts, put together; hosts that lie. */
#include "../verify/test.h"

#include "ops/history_parse.h"

enum { A, B, HOSTS };

#define R1 "20261126T071500Z-0001"
#define R2 "20261126T071600Z-0002"
#define R3 "20261126T071700Z-0003"
#define SHA "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

struct told {
    struct host hosts[HOSTS];
    struct cluster cluster;
    struct records records[HOSTS];
    struct history history;
};

static void tell(struct told *t, size_t host, const char *line)
{
    struct err e = {0};
    char *copy = xstrdup(line);
    assert_int_equal(records_take(&t->records[host], copy, &e), 0);
    free(copy);
}

static int set_up(void **state)
{
    struct told *t = xcalloc(1, sizeof *t);
    t->hosts[A] = (struct host){.name = "a", .roles = ROLE_DIRECTOR};
    t->hosts[B] = (struct host){.name = "b", .roles = ROLE_REAL_SERVER, .index_in_cluster = 1};
    t->cluster = (struct cluster){.hosts = t->hosts, .n_hosts = HOSTS};
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct told *t = *state;
    for (size_t i = 0; i < HOSTS; i++)
        records_free(&t->records[i]);
    history_free(&t->history);
    free(t);
    return 0;
}

/* Three runs: one that went well, one that failed, one without an end. */
static struct history *three_runs(struct told *t)
{
    tell(t, A, R1 " {\"run\":\"" R1 "\",\"command\":\"deploy\",\"who\":\"x@y\","
                  "\"inventory_sha256\":\"" SHA "\"}");
    tell(t, A, R1 " {\"outcome\":\"done\",\"verified\":true,\"ended\":\"then\"}");
    tell(t, B, R1 " {\"run\":\"" R1 "\",\"command\":\"deploy\",\"who\":\"x@y\"}");
    tell(t, B, R1 " {\"planned\":2}");
    tell(t, B, R1 " {\"step\":\"one\",\"impact\":\"none\",\"file\":\"/f\",\"before\":\"absent\"}");
    tell(t, B, R1 " {\"step\":\"two\",\"impact\":\"reload\"}");
    tell(t, B, R1 " {\"outcome\":\"done\",\"verified\":true}");
    tell(t, B, R2 " {\"run\":\"" R2 "\"}");
    tell(t, B, R2 " {\"step\":\"three\"}");
    tell(t, B, R2 " {\"outcome\":\"failed\",\"error\":\"no\"}");
    tell(t, A, R3 " {\"run\":\"" R3 "\",\"inventory_sha256\":\"" SHA "\"}");
    tell(t, A, R3 " {\"planned\":3}");
    history_build(&t->history, &t->cluster, t->records);
    return &t->history;
}

static void runs_are_put_together(void **state)
{
    struct history *h = three_runs(*state);
    assert_int_equal(h->n, 3);
    assert_string_equal(h->runs[0]->id, R3);
    assert_int_equal(h->runs[0]->outcome, RUN_UNFINISHED);
    assert_int_equal(h->runs[0]->planned, 3);
    assert_int_equal(h->runs[1]->outcome, RUN_FAILED);
    assert_string_equal(h->runs[1]->error, "no");
    const struct history_run *r = h->runs[2];
    assert_int_equal(r->outcome, RUN_DONE);
    assert_true(r->verified);
    assert_string_equal(r->who, "x@y");
    assert_int_equal(r->n_hosts, 2);
    assert_int_equal(r->changes, 2);
    assert_string_equal(r->hosts[1].host->name, "b");
    assert_string_equal(r->hosts[1].steps[0].before, "absent");
    assert_string_equal(r->hosts[1].steps[1].impact, "reload");
    assert_null(r->hosts[1].steps[1].file);
}

static void runs_are_found(void **state)
{
    struct history *h = three_runs(*state);
    struct err e = {0};
    assert_string_equal(history_find(h, R2, &e)->id, R2);
    assert_string_equal(history_find(h, "0003", &e)->id, R3);
    assert_string_equal(history_find(h, "20261126T0716", &e)->id, R2);
    assert_null(history_find(h, "2026", &e));
    assert_non_null(strstr(e.msg, "may be"));
    assert_null(history_find(h, "0004", &e));
    assert_string_equal(history_last_change(h)->id, R2);
    assert_string_equal(history_good_before(h, R3)->id, R1);
    assert_string_equal(history_good_before(h, R2)->id, R1);
    assert_null(history_good_before(h, R1));
}

/* A drain carries out no inventory: no rollback goes back to it, or takes it for the last change. */
static void parts_are_passed_over(void **state)
{
    struct told *t = *state;
    tell(t, A, R1 " {\"run\":\"" R1 "\",\"inventory_sha256\":\"" SHA "\"}");
    tell(t, A, R1 " {\"step\":\"one\"}");
    tell(t, A, R1 " {\"outcome\":\"done\"}");
    tell(t, A, R2 " {\"run\":\"" R2 "\",\"inventory_sha256\":\"" SHA "\",\"part\":true}");
    tell(t, A, R2 " {\"step\":\"two\"}");
    tell(t, A, R2 " {\"outcome\":\"done\"}");
    history_build(&t->history, &t->cluster, t->records);
    assert_true(t->history.runs[0]->part && !t->history.runs[1]->part);
    assert_string_equal(history_last_change(&t->history)->id, R1);
    assert_string_equal(history_good_before(&t->history, R3)->id, R1);
}

static void lies_are_left_out(void **state)
{
    static const char *const lies[] = {
        "../../etc {\"run\":\"x\"}",
        R1,
        R1 " ",
        R1 " [",
        R1 " \"text\"",
        R1 " {\"step\":7}",
        R1 " {\"planned\":-5}",
        R1 " {\"planned\":99999999999999999999}",
        R1 " {\"outcome\":\"splendid\"}",
        R1 " {\"step\":\"a\",\"step\":\"b\"}",
    };
    struct told *t = *state;
    for (size_t i = 0; i < ARRAY_LEN(lies); i++)
        tell(t, A, lies[i]);
    history_build(&t->history, &t->cluster, t->records);
    for (size_t i = 0; i < t->history.n; i++) {
        const struct history_run *r = t->history.runs[i];
        assert_string_equal(r->id, R1);
        assert_int_equal(r->changes, 0);
        assert_int_equal(r->planned, 0);
        assert_int_equal(r->outcome, RUN_UNFINISHED);
    }
}

static void endless_records_are_refused(void **state)
{
    struct told *t = *state;
    struct err e = {0};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < 2 * RECORDS_MAX_LINES; i++) {
        char line[] = R1 " {}";
        rc = records_take(&t->records[A], line, &e);
    }
    assert_int_equal(rc, -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_are_put_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_are_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lies_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(endless_records_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
