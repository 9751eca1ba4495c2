#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include <string.h>

#include "synth.h"

#define MS(n) ((int64_t)(n)*1000)

static const char *const names[] = {"Web01-RS", "Web02-RS"};

static int setup(void **state)
{
    struct failover_report *r = xcalloc(1, sizeof *r);
    r->backends = names;
    r->n_backends = 2;
    r->budget_us = MS(2000);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    failover_free(*state);
    free(*state);
    return 0;
}

static void none_lost(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "director-handover", 1, 1000);
    t->log.v[7].done_us = t->log.v[7].due_us + MS(40);
    synth_mark(t, MARK_FAULT, MS(3000), 0, "");
    synth_mark(t, MARK_UNDO, MS(6000), 0, "");
    trial_measure(r, t);
    const struct measured *m = &t->measured;
    assert_int_equal(m->requests, 1000);
    assert_int_equal(m->ok, 1000);
    assert_int_equal(m->lost, 0);
    assert_int_equal(m->by_outcome[LOAD_OK], 1000);
    assert_int_equal(m->outage_us, 0);
    assert_false(m->partial);
    assert_int_equal(m->gap_us, SYNTH_INTERVAL);
    assert_int_equal(m->median_us, MS(1));
    assert_int_equal(m->worst_us, MS(40));
    assert_false(trial_over_budget(r, t));
    assert_false(trial_over_prediction(t));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(t->shares[i].answered, 500);
        assert_int_equal(t->shares[i].before, 150);
        assert_int_equal(t->shares[i].during, 150);
        assert_int_equal(t->shares[i].after, 200);
    }
}

static void one_block(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "director-kill", 1, 1000);
    t->predicted.high_us = MS(310);
    synth_lose(t, 300, 330, LOAD_TIMEOUT);
    synth_lose(t, 330, 332, LOAD_RESET);
    synth_mark(t, MARK_FAULT, MS(2995), MS(1), "");
    synth_mark(t, MARK_DETECTED, MS(3290), MS(1), "");
    synth_mark(t, MARK_MOVED, MS(3305), 0, "");
    trial_measure(r, t);
    const struct measured *m = &t->measured;
    assert_int_equal(m->lost, 32);
    assert_int_equal(m->ok, 968);
    assert_int_equal(m->by_outcome[LOAD_TIMEOUT], 30);
    assert_int_equal(m->by_outcome[LOAD_RESET], 2);
    assert_int_equal(m->spells[0].from_us, MS(3000));
    assert_int_equal(m->outage_us, MS(320)); /* 3.00 to 3.31 s, and the interval of the last */
    assert_false(m->partial);
    assert_int_equal(m->gap_us, MS(330)); /* 2.99 to 3.32 s */
    assert_int_equal(m->worst_us, MS(1)); /* a lost request has no latency */
    assert_int_equal(m->detection_us, MS(295));
    assert_int_equal(m->takeover_us, MS(310));
    assert_int_equal(m->lost_before + m->lost_after, 0);
    assert_int_equal(t->shares[0].after + t->shares[1].after, 0); /* never undone */
    /* Within what an interval can tell of 310 ms; not of 309. */
    assert_false(trial_over_prediction(t));
    t->predicted.high_us = MS(309);
    assert_true(trial_over_prediction(t));
    /* The budget is still within the budget. */
    r->budget_us = MS(320);
    assert_false(trial_over_budget(r, t));
    r->budget_us = MS(320) - 1;
    assert_true(trial_over_budget(r, t));
}

static void scattered(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "rs-kill", 1, 1000);
    for (size_t i = 400; i < 500; i += 2) /* every other one: half of the clients */
        synth_lose(t, i, i + 1, LOAD_REFUSED);
    trial_measure(r, t);
    assert_int_equal(t->measured.lost, 50);
    assert_true(t->measured.partial);
    assert_int_equal(t->measured.outage_us, MS(990));
    assert_int_equal(t->measured.gap_us, 2 * SYNTH_INTERVAL);
    assert_int_equal(t->shares[0].answered, 450);
    assert_int_equal(t->shares[1].answered, 500);
}

/* A spell ends with half a second of good answers; the next one's time adds up. */
static void two_spells(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "director-isolate", 1, 1000);
    synth_lose(t, 300, 330, LOAD_TIMEOUT);
    synth_lose(t, 379, 380, LOAD_RESET); /* 0.5 s after the last: the same spell */
    synth_lose(t, 700, 702, LOAD_RESET);
    trial_measure(r, t);
    const struct measured *m = &t->measured;
    assert_int_equal(m->n_spells, 2);
    assert_int_equal(m->spells[0].from_us, MS(3000));
    assert_int_equal(m->spells[0].length_us, MS(800));
    assert_int_equal(m->spells[1].from_us, MS(7000));
    assert_int_equal(m->spells[1].length_us, MS(20));
    assert_int_equal(m->outage_us, MS(820));
    assert_true(m->partial);
}

static void last_lost(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "nfs-stop", 1, 100);
    synth_lose(t, 99, 100, LOAD_WRONG);
    trial_measure(r, t);
    assert_int_equal(t->measured.outage_us, SYNTH_INTERVAL);
    assert_int_equal(t->measured.spells[0].from_us, MS(990));
    assert_false(t->measured.partial);
    assert_int_equal(t->measured.gap_us, 2 * SYNTH_INTERVAL); /* 0.98 s to the end at 1.00 s */
}

static void nothing_answered(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "director-kill", 1, 100);
    synth_lose(t, 0, 100, LOAD_UNREACHABLE);
    trial_measure(r, t);
    assert_int_equal(t->measured.ok, 0);
    assert_int_equal(t->measured.outage_us, MS(1000));
    assert_int_equal(t->measured.gap_us, MS(1000));
    assert_int_equal(t->measured.worst_us, -1);
    assert_int_equal(t->measured.median_us, -1);
    assert_false(t->measured.partial);
}

static void no_requests(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "director-kill", 1, 0);
    t->log.rate = 0;
    trial_measure(r, t);
    assert_int_equal(t->measured.requests, 0);
    assert_int_equal(t->measured.outage_us, 0);
    assert_int_equal(t->measured.gap_us, 0);
    assert_int_equal(t->measured.worst_us, -1);
}

static void marks_missing(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "director-kill", 1, 100);
    synth_lose(t, 10, 12, LOAD_RESET);
    synth_mark(t, MARK_MOVED, MS(200), 0, ""); /* of what, if there was no fault? */
    trial_measure(r, t);
    assert_int_equal(t->measured.detection_us, -1);
    assert_int_equal(t->measured.takeover_us, -1);
    assert_int_equal(t->measured.lost_before, 0);
    assert_int_equal(t->shares[0].before + t->shares[1].before, 98);
    assert_null(trial_mark(t, MARK_FAULT));
}

/* The VIP moved before the fault (the trial before), then because of it, then back. */
static void first_move_after_the_fault(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "director-stop", 1, 300);
    synth_mark(t, MARK_MOVED, MS(400), 0, "");
    synth_mark(t, MARK_DETECTED, MS(998), MS(1), ""); /* clocks: 2 ms apart, known to 2 ms */
    synth_mark(t, MARK_FAULT, MS(1000), MS(1), "");
    synth_mark(t, MARK_MOVED, MS(1100), 0, "");
    synth_mark(t, MARK_UNDO, MS(2000), 0, "");
    synth_mark(t, MARK_MOVED, MS(2100), 0, "");
    synth_lose(t, 99, 100, LOAD_RESET);
    synth_lose(t, 100, 104, LOAD_RESET);
    synth_lose(t, 210, 211, LOAD_RESET);
    trial_measure(r, t);
    assert_int_equal(t->measured.detection_us, 0);
    assert_int_equal(t->measured.takeover_us, MS(100));
    assert_int_equal(t->measured.lost_before, 1);
    assert_int_equal(t->measured.lost_after, 1);
    assert_false(t->measured.partial);
    assert_int_equal(t->measured.n_spells, 2);
    trial_measure(r, t); /* again: nothing is counted twice */
    assert_int_equal(t->measured.lost, 6);
    assert_int_equal(t->shares[0].answered + t->shares[1].answered, 294);
}

/* A number that classify() made up does not reach beyond the shares. */
static void unknown_backend(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "rs-stop", 1, 10);
    t->log.v[0].backend = 2;
    t->log.v[1].backend = -7;
    trial_measure(r, t);
    assert_int_equal(t->measured.ok, 10);
    assert_int_equal(t->shares[0].answered + t->shares[1].answered, 8);
}

static void round_of(struct failover_report *r, unsigned round, size_t lost,
                     enum trial_verdict verdict)
{
    struct trial *t = synth_trial(r, "director-kill", round, 1000);
    synth_lose(t, 100, 100 + lost, LOAD_TIMEOUT);
    synth_mark(t, MARK_FAULT, MS(1000), 0, "");
    if (lost % 2 == 0)
        synth_mark(t, MARK_MOVED, MS(1000) + (int64_t)lost * SYNTH_INTERVAL, 0, "");
    t->predicted = (struct prediction){MS(round), MS(round), "made up"};
    trial_measure(r, t);
    t->verdict = verdict;
}

static void medians(void **state)
{
    struct failover_report *r = *state;
    round_of(r, 1, 900, TRIAL_FAILED);
    round_of(r, 2, 30, TRIAL_PASS);
    round_of(r, 3, 20, TRIAL_PASS);
    round_of(r, 4, 0, TRIAL_SKIPPED);
    round_of(r, 5, 250, TRIAL_OVER);
    round_of(r, 6, 41, TRIAL_PASS);
    synth_trial(r, "nfs-stop", 1, 0)->verdict = TRIAL_SKIPPED;
    failover_summarise(r);
    failover_summarise(r); /* afresh, not on top */
    assert_int_equal(r->summaries.n, 2);
    const struct scenario_summary *s = &r->summaries.v[0];
    assert_string_equal(s->scenario->name, "director-kill");
    assert_int_equal(s->rounds, 6);
    assert_int_equal(s->passed, 3);
    assert_int_equal(s->over, 1);
    assert_int_equal(s->failed, 1);
    assert_int_equal(s->skipped, 1);
    assert_int_equal(s->lost, 36); /* of 20, 30, 41, 250: 35.5 */
    assert_int_equal(s->worst_lost, 250);
    assert_int_equal(s->outage_us, MS(355));
    assert_int_equal(s->worst_outage_us, MS(2500));
    assert_int_equal(s->takeover_us, MS(300)); /* of 200, 300, 2500: not seen in the fourth */
    assert_int_equal(s->detection_us, -1);
    assert_int_equal(s->predicted.low_us, MS(2));
    s = &r->summaries.v[1];
    assert_int_equal(s->outage_us, -1);
    assert_int_equal(s->worst_outage_us, -1);
    assert_int_equal(s->worst_latency_us, -1);
    assert_int_equal(s->lost, 0);
}

static void passed(void **state)
{
    struct failover_report *r = *state;
    assert_false(failover_passed(r));
    round_of(r, 1, 0, TRIAL_SKIPPED);
    assert_false(failover_passed(r)); /* nothing tried, nothing proved */
    round_of(r, 2, 0, TRIAL_PASS);
    assert_true(failover_passed(r));
    r->trials.v[0]->verdict = TRIAL_OVER;
    assert_false(failover_passed(r));
    r->trials.v[0]->verdict = TRIAL_FAILED;
    assert_false(failover_passed(r));
}

/* Planned work may lose nothing, however generous the budget. */
static void planned(void **state)
{
    struct failover_report *r = *state;
    struct trial *t = synth_trial(r, "rs-drain", 1, 100);
    synth_lose(t, 50, 51, LOAD_RESET);
    trial_measure(r, t);
    assert_true(trial_over_budget(r, t));
    assert_true(trial_over_prediction(t)); /* that was: nothing */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(none_lost),       CASE(one_block),     CASE(scattered),
        CASE(two_spells),      CASE(last_lost),     CASE(nothing_answered),
        CASE(no_requests),     CASE(marks_missing), CASE(first_move_after_the_fault),
        CASE(unknown_backend), CASE(medians),       CASE(passed),
        CASE(planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
