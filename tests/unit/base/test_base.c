/* The base layer: strict parsers, quoting, buffers, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/ipaddr.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/quote.h"
#include "base/sha256.h"
#include "base/strbuf.h"

static void numbers_are_strict(void **state)
{
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1e3", "18446744073709551616"};
    uint64_t v = 7;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_u64(bad[i], 0, UINT64_MAX, &v));
    assert_int_equal(v, 7);
    assert_true(parse_u64("18446744073709551615", 0, UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_false(parse_u64("256", 1, 255, &v));
    assert_false(parse_u64("0", 1, 255, &v));
    assert_true(parse_u64("255", 1, 255, &v));
}

static void times_have_units(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {{"2s", 2000000},      {"1.5", 1500000},    {"500ms", 500000},
                {"1.5ms", 1500},      {"2m", 120000000},   {"1h", 3600000000},
                {"0.000001s", 1},     {"90", 90000000}};
    static const char *const bad[] = {"", "s", "1 s", "-1s", "1.", ".5s", "1us", "2h", "1.1234567s"};
    int64_t us = 7;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_time_us(bad[i], 0, 3600000000, &us));
    assert_int_equal(us, 7);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(parse_time_us(good[i].text, 0, 3600000000, &us));
        assert_int_equal(us, good[i].us);
    }
    assert_false(parse_time_us("1ms", 2000, 3000, &us));
}

static void modes_are_octal(void **state)
{
    unsigned m = 0;
    (void)state;
    assert_true(parse_mode("0755", &m));
    assert_int_equal(m, 0755);
    assert_false(parse_mode("0789", &m));
    assert_false(parse_mode("17777", &m));
    assert_false(parse_mode("", &m));
}

static void base64_round_trips(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n++) {
        unsigned char data[200], back[204];
        for (size_t i = 0; i < n; i++)
            data[i] = (unsigned char)(i * 37 + n);
        autosb struct strbuf sb = {0};
        base64_encode(&sb, data, n, 0);
        assert_int_equal(base64_decode(sb_str(&sb), sb.len, back), (long)n);
        assert_memory_equal(data, back, n);
    }
    unsigned char out[16];
    assert_int_equal(base64_decode("QUJD", 4, out), 3);
    assert_int_equal(base64_decode("QUI=", 4, out), 2);
    assert_int_equal(base64_decode("QUI", 3, out), -1);
    assert_int_equal(base64_decode("QU I", 4, out), -1);
    assert_int_equal(base64_decode("Q===", 4, out), -1);
    assert_int_equal(base64_decode("QQ==QQ==", 8, out), -1);
}

static void shell_words_are_one_word(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {{"/etc/fstab", "/etc/fstab"},
                 {"", "''"},
                 {"a b", "'a b'"},
                 {"$(id)", "'$(id)'"},
                 {"it's", "'it'\\''s'"},
                 {"a\nb", "'a\nb'"},
                 {"~root", "'~root'"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autosb struct strbuf sb = {0};
        quote_sh(&sb, cases[i].in);
        assert_string_equal(sb_str(&sb), cases[i].out);
    }
}

static void terminal_gets_no_control_sequences(void **state)
{
    static const char hostile[] = "\x1b[2Jok\r\x07\xc2\x9b" "31m\xff\xe2\x80\xae\xc3\xa9\xed\xa0\x80";
    autosb struct strbuf sb = {0};
    (void)state;
    quote_terminal(&sb, hostile, sizeof hostile - 1, true);
    assert_string_equal(sb_str(&sb), "\\x1b[2Jok\\x0d\\x07\\xc2\\x9b31m\\xff\\xe2\\x80\\xae\xc3\xa9"
                                     "\\xed\\xa0\\x80");
}

/* Nothing turns a line around, hides a part of it, or ends it; what people write in stays. */
static void terminal_text_reads_as_it_is(void **state)
{
    static const char *const bad[] = {
        "\xd8\x9c",     "\xe2\x80\x8b", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9",
        "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa0", "\xe2\x81\xa6", "\xe2\x81\xa9", "\xe2\x81\xaf",
        "\xef\xbb\xbf", "\xef\xbf\xb9", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xc2\x80",     "\xc2\x9f",
        "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xc0\xaf", "\xe2\x82", "\xed\xbf\xbf",
    };
    static const char good[] = "\xc2\xa0\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\xa6\xe2\x82\xac\xef\xbf\xbd"
                               "\xf0\x9f\x92\xa3\xf4\x8f\xbf\xbd";
    autosb struct strbuf sb = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sb_reset(&sb);
        quote_terminal(&sb, bad[i], strlen(bad[i]), true);
        assert_int_equal(sb.len, 4 * strlen(bad[i]));
        assert_int_equal(strspn(sb_str(&sb), "\\x0123456789abcdef"), sb.len);
    }
    sb_reset(&sb);
    quote_terminal(&sb, good, sizeof good - 1, true);
    assert_string_equal(sb_str(&sb), good);
}

static void other_contexts_quote(void **state)
{
    autosb struct strbuf sb = {0};
    (void)state;
    quote_octal(&sb, "/a b#c\\");
    assert_string_equal(sb_str(&sb), "/a\\040b\\043c\\134");
    sb_reset(&sb);
    quote_json(&sb, "a\"b\\\n\x01");
    assert_string_equal(sb_str(&sb), "\"a\\\"b\\\\\\n\\u0001\"");
    sb_reset(&sb);
    quote_label(&sb, "a\"b\\\n{c}");
    assert_string_equal(sb_str(&sb), "\"a\\\"b\\\\\\n{c}\"");
    sb_reset(&sb);
    quote_xml(&sb, "<a href='x'>&\"\x02");
    assert_string_equal(sb_str(&sb), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\\x02");
}

/* FIPS 180-4's own examples, and the lengths at which the padding takes a block of its own. */
static void digests(void **state)
{
    char out[SHA256_HEX_LEN], a[120];
    (void)state;
    memset(a, 'a', sizeof a);
    assert_string_equal(sha256_hex("", 0, out),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(sha256_hex("abc", 3, out),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(sha256_hex(a, 55, out),
                        "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    assert_string_equal(sha256_hex(a, 56, out),
                        "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
    assert_string_equal(sha256_hex(a, 120, out), "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c");
}

static void buffers_keep_their_cap(void **state)
{
    autosb struct strbuf sb = {.cap = 5};
    (void)state;
    sb_add(&sb, "abc");
    sb_addf(&sb, "%s", "defg");
    assert_string_equal(sb_str(&sb), "abcde");
    assert_true(sb.truncated);
    sb_drop_front(&sb, 2);
    assert_string_equal(sb_str(&sb), "cde");
}

static void errors_gain_context(void **state)
{
    struct err e = {0};
    char big[2000];
    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(err_set(&e, ERR_FAILED, "no %s", "luck"), -1);
    err_hint(&e, "try again");
    err_wrap(&e, "Web01-RS");
    assert_string_equal(e.msg, "Web01-RS: no luck");
    assert_string_equal(e.hint, "try again");
    err_wrap(&e, "%s", big);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    assert_int_equal(err_exit_status(ERR_UNREACHABLE), 69);
}

static void addresses_are_strict(void **state)
{
    static const char *const bad[] = {"", "10.1.1", "10.1.1.256", "10.01.1.1x", "10.1.1.1/24", "fe80::1%eth0"};
    struct ipaddr a, b;
    char buf[IPADDR_STRLEN];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(ipaddr_parse(bad[i], &a));
    assert_true(ipaddr_parse("10.1.1.140", &a));
    assert_string_equal(ipaddr_str(&a, buf), "10.1.1.140");
    assert_int_equal(ipaddr_bits(&a), 32);
    assert_true(ipaddr_parse("2001:db8::1", &b));
    assert_false(ipaddr_eq(&a, &b));
    assert_int_equal(ipaddr_bits(&b), 128);
}

static void near_words_are_found(void **state)
{
    static const char *const words[] = {"address", "weight", "priority", NULL};
    (void)state;
    assert_string_equal(nearest_word("adress", words), "address");
    assert_string_equal(nearest_word("wieght", words), "weight");
    assert_null(nearest_word("colour", words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(times_have_units),
        cmocka_unit_test(modes_are_octal),
        cmocka_unit_test(base64_round_trips),
        cmocka_unit_test(shell_words_are_one_word),
        cmocka_unit_test(terminal_gets_no_control_sequences),
        cmocka_unit_test(terminal_text_reads_as_it_is),
        cmocka_unit_test(other_contexts_quote),
        cmocka_unit_test(buffers_keep_their_cap),
        cmocka_unit_test(digests),
        cmocka_unit_test(errors_gain_context),
        cmocka_unit_test(addresses_are_strict),
        cmocka_unit_test(near_words_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
