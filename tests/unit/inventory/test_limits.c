/* Whatever the bytes: an answer, with a position, and no crash. */
#include "test.h"

#include "base/strmap.h"

/* Parse and drop; true when it was accepted. Checks what must hold for every complaint. */
static bool survives(const char *text, size_t len)
{
    struct diagnostics d = {0};
    struct err e = {0};
    /* A copy of exact size, so that the sanitizer sees a read past the end. */
    char *exact = xmalloc(len);
    memcpy(exact, text, len);
    struct cluster *c = inventory_parse(exact, len, "limits", "/", &d, &e);
    assert_int_equal(c == NULL, d.list.n > 0);
    for (size_t i = 0; i < d.list.n; i++) {
        assert_true(d.list.v[i].line >= 1 && d.list.v[i].column >= 1);
        assert_true(i == 0 || d.list.v[i - 1].line <= d.list.v[i].line);
    }
    if (!c) {
        assert_int_equal(e.code, ERR_INVENTORY);
        autosb struct strbuf out = {0};
        diagnostics_print(&d, "limits", &out);
    }
    bool ok = c != NULL;
    cluster_free(c);
    diagnostics_free(&d);
    free(exact);
    return ok;
}

static void cut_anywhere(void **state)
{
    (void)state;
    autofree char *path = source_path("inventory/examples/reference.json");
    autofree char *text = slurp(path);
    size_t len = strlen(text);
    for (size_t n = 0; n + 2 < len; n++)
        assert_false(survives(text, n));
    assert_true(survives(text, len));
}

static void any_byte_changed(void **state)
{
    (void)state;
    static const char bytes[] = {'\0', '"', '\\', '{', ']', ',', '9', '-', '\n', '\x80', '\xff'};
    autofree char *path = source_path("inventory/examples/full.json");
    autofree char *text = slurp(path);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char kept = text[i];
        text[i] = bytes[i % sizeof bytes];
        survives(text, len);
        text[i] = kept;
    }
}

static void any_part_left_out(void **state)
{
    (void)state;
    autofree char *path = source_path("inventory/examples/full.json");
    autofree char *text = slurp(path);
    size_t len = strlen(text);
    autosb struct strbuf sb = {0};
    uint32_t random = 1;
    for (unsigned i = 0; i < 3000; i++) {
        random = random * 1664525 + 1013904223;
        size_t from = (random >> 8) % len, n = 1 + (random >> 4) % 40;
        if (n > len - from)
            n = len - from;
        sb_reset(&sb);
        sb_addn(&sb, text, from);
        sb_addn(&sb, text + from + n, len - from - n);
        survives(sb_str(&sb), sb.len);
    }
}

static void too_large(void **state)
{
    (void)state;
    size_t len = (size_t)INVENTORY_MAX_BYTES + 1;
    struct diagnostics d = {0};
    struct err e = {0};
    char *text = xmalloc(len);
    memset(text, ' ', len);
    assert_null(inventory_parse(text, len, "large", "/", &d, &e));
    assert_int_equal(d.list.n, 1);
    assert_string_equal(d.list.v[0].message, "the file is larger than 64 MiB");
    diagnostics_free(&d);
    d = (struct diagnostics){0};
    assert_null(inventory_parse(text, len - 1, "blank", "/", &d, &e));
    assert_string_equal(d.list.v[0].message, "the file is empty");
    diagnostics_free(&d);
    free(text);
}

static void deep(void **state)
{
    (void)state;
    size_t len = 1000 * 1000;
    char *text = xmalloc(len);
    memset(text, '[', len);
    assert_false(survives(text, len));
    for (size_t i = 0; i + 5 <= len; i += 5)
        memcpy(text + i, "{\"a\":", 5);
    assert_false(survives(text, len));
    free(text);
}

static void many_hosts(struct strbuf *sb, unsigned n, const char *weight)
{
    sb_add(sb, "{\"cluster\":\"big\",\"vip\":\"10.255.0.1\",\"hosts\":[\n"
               "{\"name\":\"d\",\"address\":\"10.0.0.1\",\"role\":\"director\"}");
    for (unsigned i = 0; i < n; i++)
        sb_addf(sb,
                ",\n{\"name\":\"web%u\",\"address\":\"10.%u.%u.%u\",\"role\":\"real_server\","
                "\"weight\":%s}",
                i, 1 + i / 65536, i / 256 % 256, i % 256, weight);
    sb_add(sb, "]}");
}

/* Quadratic work would take minutes here, not a second. */
static void a_hundred_thousand_hosts(void **state)
{
    (void)state;
    autosb struct strbuf good = {0}, bad = {0};
    struct diagnostics d = {0};
    struct err e = {0};
    many_hosts(&good, 100 * 1000, "3");
    struct cluster *c = inventory_parse(sb_str(&good), good.len, "big", "/", &d, &e);
    assert_non_null(c);
    assert_int_equal(c->n_hosts, 100 * 1000 + 1);
    cluster_free(c);

    many_hosts(&bad, 100 * 1000, "-1");
    assert_null(inventory_parse(sb_str(&bad), bad.len, "big", "/", &d, &e));
    assert_int_equal(d.list.n, 100 * 1000);
    assert_int_equal(d.list.v[99999].line, 100 * 1000 + 2);
    diagnostics_free(&d);
}

static void string_maps(void **state)
{
    (void)state;
    struct strmap m = {0};
    struct arena a = {0};
    int values[1000];
    assert_null(strmap_get(&m, "a"));
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        assert_null(strmap_add(&m, arena_printf(&a, "key%zu", i), &values[i]));
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char key[16];
        snprintf(key, sizeof key, "key%zu", i);
        assert_ptr_equal(strmap_get(&m, key), &values[i]);
        assert_ptr_equal(strmap_add(&m, key, &values[0]), &values[i]);
    }
    assert_int_equal(m.n, ARRAY_LEN(values));
    assert_null(strmap_get(&m, "key1000"));
    assert_null(strmap_get(&m, ""));
    strmap_free(&m);
    assert_null(strmap_get(&m, "key1"));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(any_byte_changed),
        cmocka_unit_test(any_part_left_out),
        cmocka_unit_test(too_large),
        cmocka_unit_test(deep),
        cmocka_unit_test(a_hundred_thousand_hosts),
        cmocka_unit_test(string_maps),
    };
    return cmocka_run_group_tests_name("inventory/limits", tests, NULL, NULL);
}
