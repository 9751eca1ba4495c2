/* A host's word on its mounts. */
#include "test.h"

#include "verify/mount.h"

static struct live_mount mount;
static struct arena arena;

static int setup(void **state)
{
    (void)state;
    mount = (struct live_mount){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mount_free(&mount);
    arena_free(&arena);
    return 0;
}

static void feed(const char *what, const char *value)
{
    autofree char *copy = xstrdup(value);
    mount_record(&mount, &arena, what, copy);
}

static void what_is_on_top(void **state)
{
    (void)state;
    feed("mount", "30 23 0:39 / /w rw,noatime shared:8 - nfs4 10.0.0.1:/x rw,vers=4.2,hard");
    assert_string_equal(mount.source, "10.0.0.1:/x");
    assert_string_equal(mount.options, "rw,noatime,rw,vers=4.2,hard");
    feed("mount", "31 30 254:0 /tmp/y /w rw - ext4 /dev/vda rw");
    assert_string_equal(mount.fstype, "ext4");
    assert_string_equal(mount.source, "/dev/vda");
    assert_false(mount.read);
    feed("mount_end", "");
    assert_true(mount.read);
}

static void broken_records(void **state)
{
    (void)state;
    static const char *const lines[] = {"", "1", "1 2 3 4 5 6", "1 2 3 4 5 6 -",
                                        "1 2 3 4 5 6 - nfs"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        feed("mount", lines[i]);
    assert_null(mount.fstype);
    feed("mount_dead", "");
    assert_non_null(mount.dead);
    for (int i = 0; i < 100; i++)
        feed("mount_fstab", "a b c d");
    assert_true(mount.fstab.n < 100);
}

static void options(void **state)
{
    (void)state;
    const char *o = "rw,vers=4.2,hard,sec=";
    assert_string_equal(mount_option(&arena, o, "vers"), "4.2");
    assert_string_equal(mount_option(&arena, o, "hard"), "");
    assert_string_equal(mount_option(&arena, o, "sec"), "");
    assert_null(mount_option(&arena, o, "ver"));
    assert_null(mount_option(&arena, o, "ro"));
    assert_null(mount_option(&arena, NULL, "ro"));
}

/* As systemd-escape(1) gives them. */
static void unit_names(void **state)
{
    static const struct {
        const char *point, *unit;
    } cases[] = {
        {"/var/www/html/shared", "var-www-html-shared.mount"},
        {"/srv/a b", "srv-a\\x20b.mount"},
        {"/srv/a-b_c.d:e", "srv-a\\x2db_c.d:e.mount"},
        {"/.x//y/", "\\x2ex-y.mount"},
        {"/", "-.mount"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autosb struct strbuf sb = {0};
        mount_unit_name(&sb, cases[i].point);
        assert_string_equal(sb_str(&sb), cases[i].unit);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_on_top),
        TEST(broken_records),
        TEST(options),
        TEST(unit_names),
    };
    return cmocka_run_group_tests_name("mount", tests, NULL, NULL);
}
