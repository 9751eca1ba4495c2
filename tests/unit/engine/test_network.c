/* What is made of a host's network files, and when its network is interrupted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/parse.h"
#include "engine/interfaces.h"
#include "engine/restype.h"

#define OURS "/etc/network/interfaces.d/clusterctl-eth0"
#define OUR_TEXT "auto eth0\niface eth0 inet static\n    address 10.1.1.130/24\n    gateway 10.1.1.1\n"
#define MASTER "source /etc/network/interfaces.d/*\n"

static struct ipaddr address(const char *s)
{
    struct ipaddr a = {0};
    assert_true(ipaddr_parse(s, &a));
    return a;
}

static void stanzas_that_collide_are_commented_out(void **state)
{
    static const struct {
        const char *old, *new; /* NULL: nothing changes */
    } cases[] = {
        {"", NULL},
        {"auto eth0\niface eth0 inet dhcp\n", "auto eth0\n#clusterctl# iface eth0 inet dhcp\n"},
        {"iface eth0 inet dhcp", "#clusterctl# iface eth0 inet dhcp"},
        {"# iface eth0 inet dhcp\n", NULL},
        {"iface eth1 inet dhcp\n", NULL},
        {"iface eth0:1 inet static\n address 10.1.1.130\n", NULL},
        {"iface eth0 inet6 auto\n", NULL},
        /* a second address stays; ours, or one with a gateway, does not */
        {"iface eth0 inet static\n\taddress 10.2.2.2/24\n", NULL},
        {"iface eth0 inet static\n\taddress 10.1.1.130\n\tnetmask 255.255.255.0\n",
         "#clusterctl# iface eth0 inet static\n#clusterctl# \taddress 10.1.1.130\n"
         "#clusterctl# \tnetmask 255.255.255.0\n"},
        {"iface eth0 inet static\n address 10.2.2.2/24\n gateway 10.2.2.1\n",
         "#clusterctl# iface eth0 inet static\n#clusterctl#  address 10.2.2.2/24\n"
         "#clusterctl#  gateway 10.2.2.1\n"},
        {"iface eth0 inet static\n netmask 255.0.0.0\n",
         "#clusterctl# iface eth0 inet static\n#clusterctl#  netmask 255.0.0.0\n"},
        /* the stanza ends at the next keyword; comments and blank lines are let be */
        {"iface eth0 inet dhcp\n  # mine\n\n  hostname x\nallow-hotplug eth0\niface lo inet loopback\n",
         "#clusterctl# iface eth0 inet dhcp\n  # mine\n\n#clusterctl#   hostname x\n"
         "allow-hotplug eth0\niface lo inet loopback\n"},
        /* joined lines */
        {"iface eth0 \\\n  inet dhcp\nauto eth0\n",
         "#clusterctl# iface eth0 \\\n#clusterctl#   inet dhcp\nauto eth0\n"},
        {"# \\\niface eth0 inet dhcp\n", "# \\\n#clusterctl# iface eth0 inet dhcp\n"},
        {"iface eth0 inet dhcp\n\\", "#clusterctl# iface eth0 inet dhcp\n#clusterctl# \\"},
    };
    const struct ipaddr own = address("10.1.1.130");
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autosb struct strbuf once = {0}, twice = {0};
        const char *want = cases[i].new ? cases[i].new : cases[i].old;
        interfaces_edit(&once, cases[i].old, "eth0", &own);
        assert_string_equal(sb_str(&once), want);
        interfaces_edit(&twice, sb_str(&once), "eth0", &own);
        assert_string_equal(sb_str(&twice), want);
    }
}

static void sources_are_followed(void **state)
{
    static const struct {
        const char *text;
        bool sources_d;
        const char *foreign;
    } cases[] = {
        {"", false, NULL},
        {"source /etc/network/interfaces.d/*\n", true, NULL},
        {"source interfaces.d/*", true, NULL},
        {"source-directory /etc/network/interfaces.d\n", true, NULL},
        {"source-directory interfaces.d/\n", true, NULL},
        {"source /etc/network/interfaces.d/*.cfg\n", false, NULL},
        {"source /etc/network/interfaces.d2/*\n", false, "/etc/network/interfaces.d2/*"},
        {"source \\\n interfaces.d/* /run/x\n", true, "/run/x"},
        {"# source /run/x\n", false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a = {0};
        struct interfaces_found f = {0};
        interfaces_sources(cases[i].text, &a, &f);
        assert_int_equal(f.sources_d, cases[i].sources_d);
        if (cases[i].foreign)
            assert_string_equal(f.foreign, cases[i].foreign);
        else
            assert_null(f.foreign);
        arena_free(&a);
    }
}

struct one {
    struct catalog cat;
    struct observation obs;
    struct plan plan;
};

static void begin(struct one *x, enum net_stack stack, const char *key)
{
    struct ipaddr gw = address("10.1.1.1");
    *x = (struct one){0};
    want_network(&x->cat, key,
                 (struct res_network){.stack = stack, .interface = "eth0",
                                      .address = address("10.1.1.130"), .content = OUR_TEXT},
                 24, &gw);
    want_confirm(&x->cat);
    observation_init(&x->obs, &x->cat);
}

static void record(struct one *x, const char *line)
{
    struct err e = {0};
    autosb struct strbuf sb = {0};
    sb_add(&sb, line);
    assert_int_equal(observe_record(&x->obs, sb.s, &e), 0);
}

static void file(struct one *x, const char *path, const char *text)
{
    autosb struct strbuf sb = {0};
    sb_addf(&sb, "0 file %s ", path);
    base64_encode(&sb, text, strlen(text), 0);
    record(x, sb_str(&sb));
}

static void end(struct one *x)
{
    plan_free(&x->plan);
    observation_free(&x->obs);
    catalog_free(&x->cat);
}

static void live(struct one *x)
{
    record(x, "0 address 10.1.1.130/24");
    record(x, "0 gateway 10.1.1.1");
    plan_make(&x->plan, &x->cat, &x->obs);
}

static void what_is_as_wanted_stays(void **state)
{
    struct one x;
    (void)state;
    begin(&x, NET_IFUPDOWN, OURS);
    file(&x, INTERFACES, MASTER);
    file(&x, OURS, OUR_TEXT);
    live(&x);
    assert_int_equal(x.plan.steps.n, 0);
    end(&x);
}

static void files_alone_interrupt_nothing(void **state)
{
    struct one x;
    (void)state;
    begin(&x, NET_IFUPDOWN, OURS);
    file(&x, INTERFACES, "auto eth0\niface eth0 inet dhcp");
    live(&x);
    assert_int_equal(x.plan.steps.n, 1);
    assert_int_equal(x.plan.steps.v[0].impact, IMPACT_NONE);
    assert_null(x.plan.steps.v[0].blocked);
    const char *d = x.plan.steps.v[0].diff;
    assert_non_null(strstr(d, "+#clusterctl# iface eth0 inet dhcp\n+source " INTERFACES_D "/*\n"));
    assert_non_null(strstr(d, "+++ b" OURS));
    end(&x);
}

/* A leased address is as good as none: it goes when the lease does. */
static void a_live_change_is_confirmed(void **state)
{
    static const char *const was[][2] = {{"0 address 10.1.1.130/24 (leased)", "0 gateway 10.1.1.1"},
                                         {"0 address 10.1.1.130/25", "0 gateway 10.1.1.1"},
                                         {"0 address 10.1.1.130/24", "0 gateway 10.1.1.2"},
                                         {"0 address 10.1.1.130/24", NULL}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(was); i++) {
        struct one x;
        begin(&x, NET_IFUPDOWN, OURS);
        file(&x, INTERFACES, MASTER);
        file(&x, OURS, OUR_TEXT);
        for (size_t k = 0; k < 2 && was[i][k]; k++)
            record(&x, was[i][k]);
        plan_make(&x.plan, &x.cat, &x.obs);
        assert_int_equal(x.plan.steps.n, 2);
        assert_int_equal(x.plan.steps.v[0].impact, IMPACT_RESTART);
        assert_non_null(x.plan.steps.v[0].hint);
        assert_int_equal(x.plan.steps.v[1].want->type, RES_CONFIRM);
        end(&x);
    }
}

static void a_pending_revert_is_confirmed(void **state)
{
    struct one x;
    (void)state;
    begin(&x, NET_IFUPDOWN, OURS);
    file(&x, INTERFACES, MASTER);
    file(&x, OURS, OUR_TEXT);
    record(&x, "1 pending 1");
    live(&x);
    assert_int_equal(x.plan.steps.n, 1);
    assert_int_equal(x.plan.steps.v[0].want->type, RES_CONFIRM);
    end(&x);
}

static void what_cannot_be_seen_blocks(void **state)
{
    struct one x;
    (void)state;
    begin(&x, NET_IFUPDOWN, OURS);
    file(&x, INTERFACES, MASTER "source-directory /run/network/interfaces.d\n");
    live(&x);
    assert_non_null(strstr(x.plan.steps.v[0].blocked, "/run/network/interfaces.d"));
    end(&x);

    static const struct {
        const char *in_force;
        bool blocked;
    } cases[] = {{"0 in_force /run/systemd/network/05-a.network", true},
                 {"0 in_force /etc/systemd/network/50-a.network", false},
                 {"0 in_force ", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin(&x, NET_NETWORKD, "/etc/systemd/network/10-clusterctl-eth0.network");
        record(&x, cases[i].in_force);
        live(&x);
        assert_int_equal(x.plan.steps.n, 1);
        assert_int_equal(x.plan.steps.v[0].blocked != NULL, cases[i].blocked);
        end(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stanzas_that_collide_are_commented_out),
        cmocka_unit_test(sources_are_followed),
        cmocka_unit_test(what_is_as_wanted_stays),
        cmocka_unit_test(files_alone_interrupt_nothing),
        cmocka_unit_test(a_live_change_is_confirmed),
        cmocka_unit_test(a_pending_revert_is_confirmed),
        cmocka_unit_test(what_cannot_be_seen_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
