/* Cutting a stream into lines must not depend on how it is cut into pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/strbuf.h"
#include "ssh/lines.h"

static int collect(void *ud, const char *line, size_t len, struct err *e)
{
    struct strbuf *sb = ud;
    assert_int_equal(line[len], '\0');
    if (len == 4 && !memcmp(line, "stop", 4))
        return err_set(e, ERR_FAILED, "stopped");
    sb_addc(sb, '<');
    sb_addn(sb, line, len);
    sb_addc(sb, '>');
    return 0;
}

/* Feed `text` in pieces of `step` bytes; what comes out is in `got`. */
static int feed(struct strbuf *got, const char *text, size_t n, size_t step, size_t max_line,
                size_t max_total, struct err *e)
{
    struct lines l;
    char piece[64];
    int rc = 0;
    const struct ssh_sink sink = {
        .line = collect, .ud = got, .max_line = max_line, .max_total = max_total};
    lines_init(&l, &sink);
    sb_reset(got);
    for (size_t at = 0; !rc && at < n; at += step) {
        size_t m = n - at < step ? n - at : step;
        memcpy(piece, text + at, m);
        rc = lines_feed(&l, piece, m, e);
    }
    if (!rc)
        rc = lines_end(&l, e);
    lines_free(&l);
    return rc;
}

static void test_pieces(void **state)
{
    static const char text[] = "one\n\n\nt\0wo\nthree is longer than the others\nlast";
    static const char want[] = "<one><><><t\0wo><three is longer than the others><last>";
    autosb struct strbuf got = {0};
    struct err e = {0};
    (void)state;
    for (size_t step = 1; step <= 60; step++) {
        assert_int_equal(feed(&got, text, sizeof text - 1, step, 0, 0, &e), 0);
        assert_int_equal(got.len, sizeof want - 1);
        assert_memory_equal(got.s, want, got.len);
    }
}

static void test_line_cap(void **state)
{
    autosb struct strbuf got = {0};
    struct err e = {0};
    (void)state;
    for (size_t step = 1; step <= 12; step++) {
        assert_int_equal(feed(&got, "abcde\nx\n", 8, step, 5, 0, &e), 0);
        assert_string_equal(got.s, "<abcde><x>");
        assert_int_equal(feed(&got, "ok\nabcdef\nx\n", 12, step, 5, 0, &e), -1);
        assert_int_equal(e.code, ERR_PROTOCOL);
        assert_string_equal(got.s, "<ok>");
    }
}

static void test_total_cap(void **state)
{
    autosb struct strbuf got = {0};
    struct err e = {0};
    (void)state;
    assert_int_equal(feed(&got, "12345\n", 6, 3, 0, 6, &e), 0);
    assert_int_equal(feed(&got, "12345\n\n", 7, 3, 0, 6, &e), -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
}

static void test_sink_stops(void **state)
{
    autosb struct strbuf got = {0};
    struct err e = {0};
    (void)state;
    for (size_t step = 1; step <= 20; step++) {
        assert_int_equal(feed(&got, "go\nstop\nnever\n", 14, step, 0, 0, &e), -1);
        assert_string_equal(e.msg, "stopped");
        assert_string_equal(got.s, "<go>");
    }
}

static void test_no_sink(void **state)
{
    struct lines l;
    struct err e = {0};
    char text[] = "a\nb\nc";
    (void)state;
    lines_init(&l, NULL);
    assert_int_equal(lines_feed(&l, text, 5, &e), 0);
    assert_int_equal(lines_end(&l, &e), 0);
    assert_int_equal(l.total, 5);
    lines_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),    cmocka_unit_test(test_line_cap),
        cmocka_unit_test(test_total_cap), cmocka_unit_test(test_sink_stops),
        cmocka_unit_test(test_no_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
