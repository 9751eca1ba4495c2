#include "test.h"

#include "verify/spread.h"

/* Would these hits do for these weights? */
static bool fits_as(enum spread_kind kind, bool weighted, const unsigned *weights,
                    const unsigned *hits, size_t n)
{
    struct spread v[8] = {0};
    unsigned total = 0;
    for (size_t i = 0; i < n; i++) {
        v[i].weight = weights[i];
        v[i].hits = hits[i];
        total += hits[i];
    }
    spread_bounds(kind, weighted, v, n, total);
    return spread_within(v, n);
}

static bool fits(const char *scheduler, const unsigned *weights, const unsigned *hits, size_t n)
{
    return fits_as(spread_kind(scheduler, false), spread_weighted(scheduler), weights, hits, n);
}
#define FITS(scheduler, n, ...)                                                                    \
    fits(scheduler, (const unsigned[][n]){__VA_ARGS__}[0], (const unsigned[][n]){__VA_ARGS__}[1], n)

static void turns_among_others(void **state)
{
    (void)state;
    static const unsigned even[] = {1, 1}, one_to_nine[] = {1, 9};
    assert_true(fits_as(SPREAD_AMONG, true, even, (const unsigned[]){30, 30}, 2));
    assert_true(fits_as(SPREAD_AMONG, true, even, (const unsigned[]){14, 46}, 2));
    assert_false(fits_as(SPREAD_AMONG, true, even, (const unsigned[]){9, 51}, 2));
    assert_false(fits_as(SPREAD_AMONG, true, even, (const unsigned[]){0, 60}, 2));
    /* Six of sixty are expected of the light one; by chance it may be none, but not half. */
    assert_true(fits_as(SPREAD_AMONG, true, one_to_nine, (const unsigned[]){0, 60}, 2));
    assert_true(fits_as(SPREAD_AMONG, true, one_to_nine, (const unsigned[]){15, 45}, 2));
    assert_false(fits_as(SPREAD_AMONG, true, one_to_nine, (const unsigned[]){30, 30}, 2));
}

static void kinds(void **state)
{
    (void)state;
    assert_int_equal(spread_kind("rr", false), SPREAD_TURNS);
    assert_int_equal(spread_kind("rr", true), SPREAD_ONE);
    assert_int_equal(spread_kind("wlc", false), SPREAD_LOAD);
    assert_int_equal(spread_kind("mh", false), SPREAD_ONE);
    assert_int_equal(spread_kind("ovf", false), SPREAD_UNKNOWN);
    assert_int_equal(spread_kind("", false), SPREAD_UNKNOWN);
    assert_false(spread_weighted("rr"));
    assert_true(spread_weighted("wrr"));
}

static void turns(void **state)
{
    (void)state;
    assert_true(FITS("rr", 2, {1, 1}, {3, 3}));
    assert_true(FITS("rr", 2, {1, 1}, {4, 2})); /* another client came in between */
    assert_false(FITS("rr", 2, {1, 1}, {5, 1}));
    assert_false(FITS("rr", 2, {1, 1}, {6, 0}));
    assert_true(FITS("rr", 2, {1, 9}, {3, 3})); /* rr has no eye for weights... */
    assert_false(FITS("rr", 2, {1, 9}, {1, 9}));
    assert_true(FITS("rr", 3, {1, 0, 1}, {3, 0, 3})); /* ...but for 0 */
    assert_false(FITS("rr", 3, {1, 0, 1}, {2, 2, 2}));
    assert_true(FITS("rr", 3, {1, 1, 1}, {3, 2, 2}));
    assert_false(FITS("rr", 3, {1, 1, 1}, {3, 3, 0}));
}

static void weighted_turns(void **state)
{
    (void)state;
    assert_true(FITS("wrr", 2, {3, 1}, {9, 3}));
    assert_true(FITS("wrr", 2, {3, 1}, {10, 2}));
    assert_false(FITS("wrr", 2, {3, 1}, {6, 6}));
    assert_false(FITS("wrr", 2, {3, 1}, {12, 0}));
    assert_true(FITS("wrr", 2, {300, 100}, {9, 3})); /* turns go by the common divisor */
    /* 6 of a cycle of 4: the cut one may give the heavy server both, or one. */
    assert_true(FITS("wrr", 2, {3, 1}, {5, 1}));
    assert_true(FITS("wrr", 2, {3, 1}, {4, 2}));
    assert_false(FITS("wrr", 2, {3, 1}, {2, 4}));
}

static void by_load(void **state)
{
    (void)state;
    assert_true(FITS("wlc", 2, {1, 1}, {3, 3}));
    assert_true(FITS("wlc", 2, {1, 1}, {5, 1}));
    assert_false(FITS("wlc", 2, {1, 1}, {6, 0}));
    assert_true(FITS("wlc", 2, {3, 1}, {30, 10}));
    assert_false(FITS("wlc", 2, {3, 1}, {10, 30}));
}

static void cycles(void **state)
{
    (void)state;
    struct spread none[2] = {0}, huge[3] = {{.weight = 65535}, {.weight = 65534}, {.weight = 1}};
    assert_int_equal(spread_cycle(true, none, 2), 1);
    assert_int_equal(spread_cycle(true, none, 0), 1);
    assert_int_equal(spread_cycle(true, huge, 3), 131070);
    assert_int_equal(spread_cycle(false, huge, 3), 3);
    struct spread top[2] = {{.weight = UINT32_MAX}, {.weight = 1}}; /* from a hostile table */
    assert_int_equal(spread_cycle(true, top, 2), 1000000);
    spread_bounds(SPREAD_TURNS, true, top, 2, 6);
    assert_true(top[0].low <= top[0].high && top[1].low <= top[1].high);
    spread_bounds(SPREAD_TURNS, true, none, 2, 6); /* nobody may get anything */
    assert_int_equal(none[0].high, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_among_others),
        cmocka_unit_test(kinds),   cmocka_unit_test(turns),  cmocka_unit_test(weighted_turns),
        cmocka_unit_test(by_load), cmocka_unit_test(cycles),
    };
    return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
