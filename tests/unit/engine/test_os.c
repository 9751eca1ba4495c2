/* The table of operating systems: what is found in it, and what is said of what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"
#include "engine/os.h"

static const struct {
    struct os_said said;
    const char *ids; /* the row's; NULL: refused */
    unsigned oldest; /* ...and its number */
    bool assume;
} cases[] = {
    {{"debian", "12", NULL, NULL}, "debian", 12, false},
    {{"debian", "11", NULL, NULL}, "debian", 11, false},
    {{"debian", "13.1", NULL, NULL}, "debian", 13, false},
    {{"debian", "10", NULL, NULL}, NULL, 0, false},
    {{"debian", NULL, NULL, "Debian GNU/Linux trixie/sid"}, NULL, 0, false},
    {{"debian", NULL, NULL, NULL}, "debian", 13, true}, /* testing has no number */
    {{"debian", "10", NULL, NULL}, "debian", 11, true},
    {{"ubuntu", "24.04", "debian", NULL}, "ubuntu", 24, false},
    {{"ubuntu", "23.10", "debian", NULL}, NULL, 0, false},
    {{"centos", "7", "rhel fedora", NULL}, "centos rhel", 7, false},
    {{"rhel", "7.9", "fedora", NULL}, "centos rhel", 7, false},
    {{"rocky", "9.4", "rhel centos fedora", NULL}, "rocky almalinux rhel centos", 9, false},
    {{"almalinux", "8.10", "rhel centos fedora", NULL}, "rocky almalinux rhel centos", 8, false},
    {{"centos", "10", "rhel fedora", NULL}, "rocky almalinux rhel centos", 10, false},
    {{"fedora", "42", NULL, NULL}, "fedora", 41, false},
    {{"fedora", "44", NULL, NULL}, "fedora", 41, true},
    {{"fedora", "44", NULL, NULL}, NULL, 0, false},
    {{"ol", "8.9", "fedora", "Oracle Linux Server 8.9"}, NULL, 0, false},
    {{"ol", "8.9", "fedora", NULL}, "rocky almalinux rhel centos", 8, true},
    {{"amzn", "2", "centos rhel fedora", NULL}, "centos rhel", 7, true},
    {{"linuxmint", "21.3", "ubuntu debian", NULL}, "ubuntu", 22, true},
    {{"openEuler", "22.03", NULL, "openEuler 22.03"}, NULL, 0, true},
    {{"arch", NULL, NULL, NULL}, NULL, 0, true},
    {{NULL, NULL, NULL, NULL}, NULL, 0, true},
    {{"", "", "", NULL}, NULL, 0, true},
    {{"deb", "12", "rhe cent", NULL}, NULL, 0, true}, /* whole words only */
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = {0};
        const struct os_release *r = os_find(&cases[i].said, cases[i].assume, &e);
        if (!cases[i].ids) {
            assert_null(r);
            assert_non_null(strstr(e.msg, "is not supported"));
            assert_true(e.hint[0] != '\0');
            continue;
        }
        assert_non_null(r);
        assert_string_equal(r->ids, cases[i].ids);
        assert_int_equal(r->oldest, cases[i].oldest);
        assert_true(r->keepalived.major > 0);
    }
}

/* A refusal names all that was found, and what the option would make of it. */
static void test_refusal(void **state)
{
    (void)state;
    struct err e = {0};
    struct os_said ol = {"ol", "8.9", "fedora", "Oracle Linux Server 8.9"};
    assert_null(os_find(&ol, false, &e));
    assert_string_equal(e.msg, "Oracle Linux Server 8.9 is not supported (ID=ol VERSION_ID=8.9 "
                               "ID_LIKE=\"fedora\")");
    assert_non_null(strstr(e.hint, "with --assume-family this one is treated as rocky 8"));
    struct os_said arch = {"arch", NULL, NULL, NULL};
    assert_null(os_find(&arch, false, &e));
    assert_null(strstr(e.hint, "--assume-family"));
}

static void test_managers(void **state)
{
    (void)state;
    static const struct {
        struct os_said said;
        enum package_manager manager;
        const char *repository, *nfs;
    } hosts[] = {
        {{"debian", "12", NULL, NULL}, PACKAGES_APT, NULL, "nfs-kernel-server"},
        {{"centos", "7", NULL, NULL}, PACKAGES_YUM, "epel-release", "nfs-utils"},
        {{"rocky", "9", NULL, NULL}, PACKAGES_DNF, NULL, "nfs-utils"},
    };
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct err e = {0};
        const struct os *os = os_find(&hosts[i].said, false, &e)->os;
        assert_int_equal(os->manager, hosts[i].manager);
        assert_string_equal(os->nfs_server[0], hosts[i].nfs);
        assert_true(!os->repository == !hosts[i].repository);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_managers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
