/* What systemd-sysctl and systemd-modules-load would do with the files of a host. */
#include "test.h"

#include "verify/boot.h"

static struct boot_config config;
static struct arena arena;

static int setup(void **state)
{
    (void)state;
    config = (struct boot_config){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    boot_free(&config);
    arena_free(&arena);
    return 0;
}

static void feed(const char *what, const char *value)
{
    autofree char *copy = xstrdup(value);
    boot_record(&config, &arena, what, copy);
}

static void line(const char *path, unsigned number, const char *text)
{
    autosb struct strbuf sb = {0};
    sb_addf(&sb, "%u %s\t%s", number, path, text);
    feed("boot_file", path);
    feed("boot_line", sb_str(&sb));
}

/* "VALUE PATH:LINE", or "-" */
static const char *effective(const char *key)
{
    const char *value = NULL;
    const struct boot_line *l = boot_sysctl(&config, &arena, key, &value);
    return l ? arena_printf(&arena, "%s %s:%u", value, l->path, l->number) : "-";
}

#define KEY "net.ipv4.conf.all.arp_ignore"

static void last_name_wins_whatever_its_folder(void **state)
{
    (void)state;
    assert_string_equal(effective(KEY), "-");
    line("/usr/lib/sysctl.d/99-zzz.conf", 4, KEY " = 2");
    line("/etc/sysctl.d/99-zz-clusterctl.conf", 3, KEY "=1");
    line("/etc/sysctl.d/10-first.conf", 9, KEY "=0");
    assert_string_equal(effective(KEY), "2 /usr/lib/sysctl.d/99-zzz.conf:4");
    line("/run/sysctl.d/99-zzz.conf", 1, "kernel.panic = 5"); /* takes the place of its namesake */
    assert_string_equal(effective(KEY), "1 /etc/sysctl.d/99-zz-clusterctl.conf:3");
}

static void an_empty_or_masked_namesake_silences(void **state)
{
    (void)state;
    line("/usr/lib/sysctl.d/zz.conf", 1, KEY "=0");
    feed("boot_file", "/etc/sysctl.d/zz.conf");
    assert_string_equal(effective(KEY), "-");
}

static void last_line_of_a_file_wins(void **state)
{
    (void)state;
    line("/etc/sysctl.d/a.conf", 12, KEY " = 0");
    line("/etc/sysctl.d/a.conf", 2, KEY " = 1");
    assert_string_equal(effective(KEY), "0 /etc/sysctl.d/a.conf:12");
}

static void spellings(void **state)
{
    (void)state;
    line("/etc/sysctl.d/a.conf", 1, " -net/ipv4/conf/all/arp_ignore\t=  7 ");
    assert_string_equal(effective(KEY), "7 /etc/sysctl.d/a.conf:1");
    line("/etc/sysctl.d/b.conf", 1, "net.ipv4.conf.eth0/100.arp_ignore = 3");
    assert_string_equal(effective("net/ipv4/conf/eth0.100/arp_ignore"), "3 /etc/sysctl.d/b.conf:1");
    assert_string_equal(effective(KEY), "7 /etc/sysctl.d/a.conf:1");
}

/* Patterns spare what is named outright, and a line without a value excludes from patterns only. */
static void what_does_not_count(void **state)
{
    (void)state;
    line("/etc/sysctl.d/a.conf", 1, KEY " = 1");
    line("/etc/sysctl.d/b.conf", 1, "net.ipv4.conf.*.arp_ignore = 0");
    line("/etc/sysctl.d/b.conf", 2, "-" KEY);
    line("/etc/other.d/c.conf", 1, KEY " = 0");
    line("/srv/etc/sysctl.d/d.conf", 1, KEY " = 0");
    assert_string_equal(effective(KEY), "1 /etc/sysctl.d/a.conf:1");
}

static void modules(void **state)
{
    (void)state;
    line("/etc/modprobe.d/a.conf", 1, "blacklist ip_vs_rr");
    line("/etc/modprobe.d/a.conf", 2, "install ip_vs_wrr /bin/false");
    line("/etc/modprobe.d/a.conf", 3, "install ip_vs_sh /sbin/modprobe --ignore-install ip_vs_sh");
    line("/etc/sysctl.d/a.conf", 4, "blacklist ip_vs");
    assert_null(boot_denies_module(&config, "ip_vs"));
    assert_int_equal(boot_denies_module(&config, "ip-vs-rr")->number, 1);
    assert_int_equal(boot_denies_module(&config, "ip_vs_wrr")->number, 2);
    assert_null(boot_denies_module(&config, "ip_vs_sh"));
}

static void hostile_records(void **state)
{
    (void)state;
    feed("boot_line", "");
    feed("boot_line", "x /etc/sysctl.d/a.conf\t" KEY " = 0");
    feed("boot_line", "1 /etc/sysctl.d/a.conf");
    feed("boot_line", "1 /etc/sysctl.d/a.conf\t");
    feed("boot_line", "1 /etc/sysctl.d/a.conf\t=");
    for (unsigned i = 0; i < 2 * BOOT_MAX_LINES; i++)
        feed("boot_line", "1 /etc/sysctl.d/a.conf\tx = y");
    assert_true(config.lines.n <= BOOT_MAX_LINES);
    assert_string_equal(effective(KEY), "-");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(last_name_wins_whatever_its_folder),
        TEST(an_empty_or_masked_namesake_silences),
        TEST(last_line_of_a_file_wins),
        TEST(spellings),
        TEST(what_does_not_count),
        TEST(modules),
        TEST(hostile_records),
    };
    return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
