/* The load's arithmetic: when a request is due, what is counted, what an error means. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/load_loop.h"

static void test_due_times_do_not_drift(void **state)
{
    (void)state;
    assert_int_equal(load_due(200, 0), 0);
    assert_int_equal(load_due(200, 3), 15000);
    assert_int_equal(load_due(3, 1), 333333);
    assert_int_equal(load_due(3, 3000000), 1000000000000); /* not 3000000 * 333333 */
    /* A year at the highest rate. */
    assert_int_equal(load_due(10000, (size_t)10000 * 86400 * 365), (int64_t)86400 * 365 * 1000000);
}

static void test_counts(void **state)
{
    (void)state;
    struct load l = {.counts.last_ok_due_us = -1, .counts.last_lost_due_us = -1};
    struct load_counts c;
    pthread_mutex_init(&l.lock, NULL);
    for (size_t i = 0; i < 4; i++)
        vec_push(&l.records)->due_us = load_due(1000, i);
    load_note(&l, 2, LOAD_OK, 2500);
    load_note(&l, 0, LOAD_OK, 9000); /* a slow one: what is latest is told by when they were due */
    load_counts(&l, &c);
    assert_int_equal(c.done, 2);
    assert_int_equal(c.ok, 2);
    assert_int_equal(c.last_ok_due_us, 2000);
    assert_int_equal(c.last_lost_due_us, -1);
    load_note(&l, 3, LOAD_REFUSED, 3100);
    load_note(&l, 1, LOAD_WRONG, 9500);
    load_counts(&l, &c);
    assert_int_equal(c.done, 4);
    assert_int_equal(c.lost, 2);
    assert_int_equal(c.last_lost_due_us, 3000);
    assert_int_equal(l.records.v[1].done_us, 9500);
    assert_int_equal(l.records.v[1].outcome, LOAD_WRONG);
    vec_free(&l.records);
    pthread_mutex_destroy(&l.lock);
}

static void test_outcomes(void **state)
{
    (void)state;
    static const struct {
        CURLcode code;
        long os_error;
        enum load_outcome want;
    } cases[] = {
        {CURLE_COULDNT_CONNECT, ECONNREFUSED, LOAD_REFUSED},
        {CURLE_COULDNT_CONNECT, EHOSTUNREACH, LOAD_UNREACHABLE},
        {CURLE_COULDNT_CONNECT, ENETUNREACH, LOAD_UNREACHABLE},
        {CURLE_COULDNT_CONNECT, ETIMEDOUT, LOAD_TIMEOUT},
        {CURLE_COULDNT_CONNECT, EADDRNOTAVAIL, LOAD_OTHER}, /* our ports are used up */
        {CURLE_COULDNT_CONNECT, EPERM, LOAD_OTHER},         /* our own firewall */
        {CURLE_COULDNT_CONNECT, 0, LOAD_OTHER},
        {CURLE_RECV_ERROR, ECONNRESET, LOAD_RESET},
        {CURLE_RECV_ERROR, EHOSTUNREACH, LOAD_UNREACHABLE},
        {CURLE_SEND_ERROR, EPIPE, LOAD_RESET},
        {CURLE_SEND_ERROR, ECONNRESET, LOAD_RESET},
        /* The errno of an earlier request on the same handle says nothing about these. */
        {CURLE_GOT_NOTHING, ECONNREFUSED, LOAD_RESET},
        {CURLE_PARTIAL_FILE, ECONNREFUSED, LOAD_RESET},
        {CURLE_OPERATION_TIMEDOUT, ECONNREFUSED, LOAD_TIMEOUT},
        {CURLE_UNSUPPORTED_PROTOCOL, ECONNREFUSED, LOAD_WRONG},
        {CURLE_WEIRD_SERVER_REPLY, ECONNREFUSED, LOAD_WRONG},
        {CURLE_OUT_OF_MEMORY, ECONNREFUSED, LOAD_OTHER},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(load_outcome_of(cases[i].code, cases[i].os_error), cases[i].want);
    for (enum load_outcome o = 0; o < LOAD_OUTCOMES; o++)
        assert_true(*load_outcome_name(o));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_times_do_not_drift),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
