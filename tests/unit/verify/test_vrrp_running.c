/* What a running keepalived works with, in the lines that the host sends. */
#include "test.h"

#include "verify/vrrp_running.h"

static struct vrrp_running dump;
static struct arena arena;

static int setup(void **state)
{
    (void)state;
    dump = (struct vrrp_running){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vrrp_running_free(&dump);
    arena_free(&arena);
    return 0;
}

static void feed(const char *const *lines)
{
    for (; *lines; lines++) {
        autofree char *copy = xstrdup(*lines);
        vrrp_running_line(&dump, &arena, copy);
    }
}

static void an_instance(void **state)
{
    static const char *const lines[] = {" VRRP Instance = VI_1", "   VRRP Version = 3",
                                        "   State = MASTER",     "   Virtual Router ID = 10",
                                        "   Priority = 254",     "   Advert interval = 0.1 sec",

                                        "  10.1.1.140",          "  10.1.1.141/24",
                                        " VRRP Instance = VI_2", "   VRRP Version = 2",
                                        "   State = BACKUP",     "   Advert interval = 1 sec",

                                        "  fd00::1/128",         NULL};
    struct ipaddr second = addr("10.1.1.141"), six = addr("fd00::1"), none = addr("10.1.1.142");
    (void)state;
    feed(lines);
    assert_int_equal(dump.instances.n, 2);
    const struct vrrp_instance *a = vrrp_running_of(&dump, &second),
                               *b = vrrp_running_of(&dump, &six);
    assert_string_equal(a->name, "VI_1");
    assert_string_equal(a->state, "MASTER");
    assert_int_equal(a->version, 3);
    assert_int_equal(a->router_id, 10);
    assert_int_equal(a->priority, 254);
    assert_int_equal(a->advert_ms, 100);
    assert_int_equal(a->vips.n, 2);
    assert_string_equal(b->name, "VI_2");
    assert_int_equal(b->advert_ms, 1000);
    assert_null(vrrp_running_of(&dump, &none));
}

static void nonsense(void **state)
{
    static const char *const before[] = {"   State = MASTER", "  10.1.1.140", "", " = ", NULL};
    static const char *const after[] = {" VRRP Instance = \033[2J",
                                        "   Virtual Router ID = -1",
                                        "   Advert interval = ",
                                        "   Advert interval = 1e99 sec",
                                        "   Priority = 99999999999999999999",
                                        "     not-an-address",
                                        "",
                                        NULL};
    static const char *const more[] = {" VRRP Instance = X", NULL};
    (void)state;
    feed(before);
    assert_int_equal(dump.instances.n, 0);
    feed(after);
    assert_int_equal(dump.instances.n, 1);
    assert_string_equal(dump.instances.v[0]->name, "\\x1b[2J");
    assert_int_equal(dump.instances.v[0]->advert_ms, 0);
    assert_int_equal(dump.instances.v[0]->priority, 0);
    for (int i = 0; i < 2 * VRRP_MAX_INSTANCES; i++)
        feed(more);
    assert_int_equal(dump.instances.n, VRRP_MAX_INSTANCES);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(an_instance), TEST(nonsense)};
    return cmocka_run_group_tests_name("vrrp_running", tests, NULL, NULL);
}
