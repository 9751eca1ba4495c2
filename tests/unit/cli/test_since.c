/* Times in the past as people give them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli/since.h"

static const int64_t NOW = 1700000000; /* 2023-11-14 22:13:20 UTC, 23:13:20 in Berlin */

static int64_t since(const char *s)
{
    int64_t us;
    return parse_since(s, NOW * 1000000 + 5, &us) ? us / 1000000 : -1;
}

static void test_since(void **state)
{
    (void)state;
    assert_int_equal(since("now"), NOW);
    assert_int_equal(since("90s"), NOW - 90);
    assert_int_equal(since("10m"), NOW - 600);
    assert_int_equal(since("2h"), NOW - 7200);
    assert_int_equal(since("1d"), NOW - 86400);
    assert_int_equal(since("1w"), NOW - 7 * 86400);
    assert_int_equal(since("today"), 1699916400);
    assert_int_equal(since("yesterday"), 1699916400 - 86400);
    assert_int_equal(since("2023-11-14"), 1699916400);
    assert_int_equal(since("2023-11-14 12:00"), 1699916400 + 43200);
    assert_int_equal(since("2023-11-14T12:00:01"), 1699916400 + 43201);
    assert_int_equal(since("2023-11-14T12:00:01Z"), 1699916400 + 43201 + 3600);
    assert_int_equal(since("12:00"), 1699916400 + 43200);
    assert_int_equal(since("2023-07-14 12:00"), 1689328800); /* in summer time */
}

static void test_no_time(void **state)
{
    static const char *const bad[] = {"", "10", "m", "10x", "-1h", "1h30m", "tomorrow", "2023-02-31",
                                      "2023-1-1", "25:00", "12:00Z", "2023-11-14  12:00",
                                      "2023-11-14 12:00 ", "99999999999d", "900000w"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(since(bad[i]), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_since), cmocka_unit_test(test_no_time)};
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
