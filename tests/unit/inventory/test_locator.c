/* JSON pointers to lines and columns. */
#include "test.h"

#include "inventory/locator.h"

static void assert_at(const char *text, const char *pointer, bool key, unsigned line, unsigned col)
{
    struct locate w = {.pointer = pointer, .key = key};
    locate(text, strlen(text), &w, 1);
    assert_int_equal(w.found.line, line);
    assert_int_equal(w.found.column, col);
}

static void finds_keys_and_values(void **state)
{
    (void)state;
    static const char text[] = "{\n"
                               "  \"a\": 1,\n"
                               "  \"b\": [true, {\"c\":\"x\"}, [ ]],\r\n"
                               "\t\"d\"\n"
                               ":\n"
                               "null }\n";
    assert_at(text, "", false, 1, 1);
    assert_at(text, "/a", false, 2, 8);
    assert_at(text, "/a", true, 2, 3);
    assert_at(text, "/b", false, 3, 8);
    assert_at(text, "/b/0", false, 3, 9);
    assert_at(text, "/b/1/c", true, 3, 16);
    assert_at(text, "/b/1/c", false, 3, 20);
    assert_at(text, "/b/2", false, 3, 26);
    assert_at(text, "/d", true, 4, 2);
    assert_at(text, "/d", false, 6, 1);
    /* An element has no key; a pointer to nowhere is at the start. */
    assert_at(text, "/b/0", true, 3, 9);
    assert_at(text, "/nowhere", false, 1, 1);
}

static void counts_characters(void **state)
{
    (void)state;
    static const char text[] = "{\"\xc3\xa9\": \"\xe2\x82\xac\xf0\x9f\x98\x80\", \"z\": 1}";
    assert_at(text, "/\xc3\xa9", false, 1, 7);
    assert_at(text, "/z", true, 1, 13);
}

static void understands_escapes(void **state)
{
    (void)state;
    static const char text[] = "{\"a\\\"}b\": 1, \"s/t~u\": {\"\\u0041\": [\"\\\\\", 2]}}";
    assert_at(text, "/a\"}b", false, 1, 11);
    assert_at(text, "/s~1t~0u", true, 1, 14);
    assert_at(text, "/s~1t~0u/A/1", false, 1, 41);
}

static void many_at_once_and_twice_the_same(void **state)
{
    (void)state;
    static const char text[] = "[1,\n2,\n3]";
    struct locate w[] = {{.pointer = "/2"}, {.pointer = "/0"}, {.pointer = "/2"}, {.pointer = ""}};
    locate(text, strlen(text), w, ARRAY_LEN(w));
    assert_int_equal(w[0].found.line, 3);
    assert_int_equal(w[1].found.line, 1);
    assert_int_equal(w[1].found.column, 2);
    assert_int_equal(w[2].found.line, 3);
    assert_int_equal(w[3].found.column, 1);
}

static void the_last_duplicate_counts(void **state)
{
    (void)state;
    assert_at("{\"a\": 1,\n\"a\": 2}", "/a", false, 2, 6);
}

struct seen_duplicates {
    unsigned n;
    char last[64];
    struct position here, first;
};

static void on_duplicate(void *arg, const char *pointer, const char *key, struct position here,
                         struct position first)
{
    struct seen_duplicates *s = arg;
    (void)key;
    s->n++;
    snprintf(s->last, sizeof s->last, "%s", pointer);
    s->here = here;
    s->first = first;
}

static void finds_duplicates_at_any_depth(void **state)
{
    (void)state;
    struct seen_duplicates s = {0};
    static const char text[] =
        "{\"a\": [{\"b\": 1, \"c\": 2,\n \"\\u0062\": 3}], \"c\": {\"a\": 1}}";
    locate_duplicates(text, strlen(text), on_duplicate, &s);
    assert_int_equal(s.n, 1);
    assert_string_equal(s.last, "/a/0/b");
    assert_int_equal(s.here.line, 2);
    assert_int_equal(s.here.column, 2);
    assert_int_equal(s.first.column, 9);

    s.n = 0;
    static const char three[] = "{\"a\":1,\"a\":2,\"a\":3}";
    locate_duplicates(three, strlen(three), on_duplicate, &s);
    assert_int_equal(s.n, 2);
}

static void measures_depth_of_anything(void **state)
{
    (void)state;
    assert_int_equal(locate_depth("[[[]]]", 6, 3), 6);
    assert_int_equal(locate_depth("[[[]]]", 6, 2), 2);
    assert_int_equal(locate_depth("[\"[[\\\"[\"]", 10, 1), 10);
    assert_int_equal(locate_depth("]]]][{", 6, 1), 5);
    assert_int_equal(locate_depth("\"\\", 2, 1), 2);
    assert_int_equal(locate_depth("", 0, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_keys_and_values),
        cmocka_unit_test(counts_characters),
        cmocka_unit_test(understands_escapes),
        cmocka_unit_test(many_at_once_and_twice_the_same),
        cmocka_unit_test(the_last_duplicate_counts),
        cmocka_unit_test(finds_duplicates_at_any_depth),
        cmocka_unit_test(measures_depth_of_anything),
    };
    return cmocka_run_group_tests_name("inventory/locator", tests, NULL, NULL);
}
