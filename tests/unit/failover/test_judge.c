/* Trials where nothing went wrong, and which have shown nothing all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "synth.h"

#define MS(n) ((int64_t)(n)*1000)
enum { WEB1, WEB2 };

static const char *const names[] = {"Web01-RS", "Web02-RS"};

static int setup(void **state)
{
    struct failover_report *r = xcalloc(1, sizeof *r);
    r->backends = names;
    r->n_backends = 2;
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    failover_free(*state);
    free(*state);
    return 0;
}

/* A fault at 3 s of 10, undone at 6 s; `whom` answers from..to, the other one the rest. */
static struct trial *trial(struct failover_report *r, const char *scenario, const char *host,
                           size_t whom, size_t from, size_t to)
{
    struct trial *t = synth_trial(r, scenario, 1, 1000);
    t->host = host;
    for (size_t i = 0; i < t->log.n; i++)
        t->log.v[i].backend = (int)(i >= from && i < to && i % 2 ? whom : 1 - whom);
    synth_mark(t, MARK_FAULT, MS(3000), 0, "");
    synth_mark(t, MARK_UNDO, MS(6000), 0, "");
    trial_measure(r, t);
    return t;
}

static void a_server_without_traffic(void **state)
{
    static const char *const scenarios_of_rs[] = {"rs-stop", "rs-kill", "rs-isolate", "rs-drain"};
    for (size_t i = 0; i < 4; i++) {
        struct trial *t = trial(*state, scenarios_of_rs[i], "Web01-RS", WEB1, 0, 0);
        assert_int_equal(t->shares[WEB1].answered, 0);
        assert_string_equal(trial_objection(*state, t),
                            "Web01-RS answered no request before the fault: nothing was tested");
        /* Only after it came back: no better. */
        t = trial(*state, scenarios_of_rs[i], "Web01-RS", WEB1, 600, 1000);
        assert_true(t->shares[WEB1].answered > 0);
        assert_non_null(trial_objection(*state, t));
        t = trial(*state, scenarios_of_rs[i], "Web01-RS", WEB1, 0, 300);
        assert_null(trial_objection(*state, t));
    }
}

static void drained_and_yet_serving(void **state)
{
    assert_null(trial_objection(*state, trial(*state, "rs-drain", "Web02-RS", WEB2, 0, 320)));
    assert_non_null(trial_objection(*state, trial(*state, "rs-drain", "Web02-RS", WEB2, 0, 1000)));
    /* What a dead one answers is no objection: its checks have not found out yet. */
    assert_null(trial_objection(*state, trial(*state, "rs-kill", "Web02-RS", WEB2, 0, 1000)));
}

static void the_vip_stayed(void **state)
{
    struct trial *t = trial(*state, "director-kill", "LVS-master", WEB1, 0, 1000);
    assert_string_equal(trial_objection(*state, t), "the VIP did not leave LVS-master");
    synth_mark(t, MARK_DETECTED, MS(3300), 0, "");
    assert_null(trial_objection(*state, t));
    t = trial(*state, "director-return", "LVS-master", WEB1, 0, 1000);
    assert_null(trial_objection(*state, t));
    t = trial(*state, "nfs-stop", "NFS", WEB1, 0, 1000);
    assert_null(trial_objection(*state, t));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_server_without_traffic),
        CASE(drained_and_yet_serving),
        CASE(the_vip_stayed),
    };
    return cmocka_run_group_tests_name("failover/judge", tests, NULL, NULL);
}
