#include "test.h"

#include "verify/live.h"

struct fixture {
    struct live live;
    struct live_host *host;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    live_init(&f->live, 1);
    f->host = &f->live.hosts[0];
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    live_free(&f->live);
    free(f);
    return 0;
}

static void feed(struct fixture *f, const char *text)
{
    char *copy = xstrdup(text);
    live_record(f->host, copy);
    free(copy);
}

static const char *holder(struct fixture *f, const char *a)
{
    struct ipaddr ip = addr(a);
    const struct live_iface *i = live_holder(f->host, &ip, NULL);
    return i ? i->name : "-";
}

static void a_director(void **state)
{
    struct fixture *f = *state;
    feed(f, "link eth0 52:54:00:0a:01:82");
    feed(f, "link lo 00:00:00:00:00:00");
    feed(f, "addr 1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever");
    feed(f, "addr 2: eth0    inet 10.1.1.130/24 brd 10.1.1.255 scope global eth0\\   valid_lft");
    feed(f, "addr 2: eth0    inet 10.1.1.140/32 scope global eth0\\       valid_lft forever");
    feed(f, "addr 2: eth0    inet6 fe80::5054:ff:fe0a:182/64 scope link \\       valid_lft");
    feed(f, "addr 3: tun0    inet 10.9.0.1 peer 10.9.0.2/32 scope global tun0\\   valid_lft");
    feed(f, "ipvs -A -t 10.1.1.140:80 -s rr");
    feed(f, "ipvs_end");
    assert_false(f->host->complete);
    feed(f, "complete");
    assert_true(f->host->complete);
    assert_true(f->host->ipvs_read);
    assert_int_equal(f->host->ipvs.services.n, 1);
    assert_string_equal(holder(f, "10.1.1.140"), "eth0");
    assert_string_equal(holder(f, "10.9.0.1"), "tun0");
    assert_string_equal(holder(f, "127.0.0.1"), "lo");
    assert_string_equal(holder(f, "fe80::5054:ff:fe0a:182"), "eth0");
    assert_string_equal(holder(f, "10.1.1.1"), "-");
    assert_string_equal(f->host->ifaces.v[0]->mac, "52:54:00:0a:01:82");
}

static void held_twice(void **state)
{
    struct fixture *f = *state;
    struct ipaddr vip = addr("10.1.1.140");
    feed(f, "addr 1: lo    inet 10.1.1.140/32 scope global lo:1\\       valid_lft forever");
    feed(f, "addr 2: eth0    inet 10.1.1.140/32 scope global eth0\\       valid_lft forever");
    const struct live_iface *first = live_holder(f->host, &vip, NULL);
    assert_string_equal(first->name, "lo");
    const struct live_iface *second = live_holder(f->host, &vip, first);
    assert_string_equal(second->name, "eth0");
    assert_null(live_holder(f->host, &vip, second));
}

static void connections_of_its_own(void **state)
{
    struct fixture *f = *state;
    static const char *const odd[] = {"tcp_open", "tcp_open -1", "tcp_open 3x", "tcp_open 99999999999"};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        feed(f, odd[i]);
        assert_false(f->host->tcp_counted);
    }
    feed(f, "tcp_open 3");
    assert_true(f->host->tcp_counted);
    assert_int_equal(f->host->tcp_open, 3);
}

static void nonsense(void **state)
{
    static const char *const lines[] = {
        "",
        " ",
        "addr",
        "addr 1:",
        "addr 1: eth0",
        "addr 1: eth0 inet",
        "addr 1: eth0 inet /24",
        "addr 1: eth0 inet 10.1.1",
        "addr 1: eth0 inet 10.1.1.140.1/32",
        "addr 1: eth0 inetx 10.1.1.140/32",
        "addr 1: eth0 link/ether 52:54:00:0a:01:82",
        "link",
        "link eth0",
        "link eth0 52:54",
        "link sit0 0.0.0.0",
        "what is this",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        feed(f, lines[i]);
    assert_int_equal(f->host->ifaces.n, 0);
    assert_false(f->host->complete);
}

static void hostile(void **state)
{
    struct fixture *f = *state;
    feed(f, "addr 1: \033[2Jeth0\033[2Jeth0\033[2J inet 10.1.1.140/32 scope global");
    assert_int_equal(f->host->ifaces.n, 1);
    assert_null(strchr(f->host->ifaces.v[0]->name, '\033'));
    assert_true(strlen(f->host->ifaces.v[0]->name) <= 60);
    feed(f, "ipvs_error \033]0;x\a");
    assert_null(strchr(f->host->ipvs_error, '\033'));
    assert_null(strchr(f->host->ipvs_error, '\a'));
    /* Without end: dropped past the cap, and then nothing of it is believed. */
    for (unsigned i = 0; i <= LIVE_MAX_RECORDS; i++)
        feed(f, "addr 1: eth0 inet 10.1.1.140/32 scope global");
    feed(f, "complete");
    assert_false(f->host->complete);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_director, setup, teardown),
        cmocka_unit_test_setup_teardown(held_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(connections_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile, setup, teardown),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
