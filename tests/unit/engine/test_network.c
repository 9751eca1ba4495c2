/* What is made of a host's network files, and when its network is interrupted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/parse.h"
#include "engine/ifcfg.h"
#include "engine/interfaces.h"
#include "engine/netstack.h"
#include "engine/nmconnection.h"
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

#define NM_OURS "[connection]\nid=clusterctl-eth0\ntype=ethernet\ninterface-name=eth0\n\n" \
                "[ipv4]\nmethod=manual\naddress1=10.1.1.130/24,10.1.1.1\n\n[ipv6]\nmethod=auto\n"
#define NM_4 "[ipv4]\nmethod=manual\naddress1=10.1.1.130/24,10.1.1.1\n"

static void the_active_profile_keeps_what_is_its_own(void **state)
{
    static const struct {
        const char *old, *new;
    } cases[] = {
        {"", "[connection]\ninterface-name=eth0\n\n" NM_4},
        /* a lease; the zone, IPv6 and what it is stay */
        {"[connection]\nid=up\nuuid=1-2\ntype=bond\nzone=public\n[ipv4]\nmethod=auto\n[ipv6]\nmethod=disabled\n",
         "[connection]\ninterface-name=eth0\nid=up\nuuid=1-2\ntype=bond\nzone=public\n" NM_4
         "[ipv6]\nmethod=disabled\n"},
        /* other addresses come after ours, without their gateway; ours is there once */
        {"[connection]\ninterface-name=eth9\n[ipv4]\naddress1=10.2.2.2/24,10.2.2.1\naddress2=10.1.1.130/25\n"
         "address3=10.4.4.4/16\ngateway=10.2.2.1\nnever-default=true\nmethod=manual\n",
         "[connection]\ninterface-name=eth0\n" NM_4 "address2=10.2.2.2/24\naddress3=10.4.4.4/16\n"},
        /* as of old; routes stay but the default one */
        {"[connection]\n[ipv4]\naddresses1=10.2.2.2;24;10.2.2.1;\nroute1=0.0.0.0/0,10.2.2.1\n"
         "route2=10.3.0.0/16,10.2.2.9\n",
         "[connection]\ninterface-name=eth0\n" NM_4 "address2=10.2.2.2/24\nroute2=10.3.0.0/16,10.2.2.9\n"},
        /* blanks, comments, a section that comes twice, no newline at the end */
        {"# mine\n [ipv4] \n method = auto\n#method=x\n[connection]\n[ipv4]\nmethod=auto\nmay-fail=false",
         "# mine\n [ipv4] \nmethod=manual\naddress1=10.1.1.130/24,10.1.1.1\n#method=x\n[connection]\n"
         "interface-name=eth0\n[ipv4]\nmay-fail=false\n"},
    };
    const struct ipaddr own = address("10.1.1.130");
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autosb struct strbuf once = {0}, twice = {0};
        nmconnection_edit(&once, cases[i].old, NM_OURS, &own);
        assert_string_equal(sb_str(&once), cases[i].new);
        nmconnection_edit(&twice, sb_str(&once), NM_OURS, &own);
        assert_string_equal(sb_str(&twice), cases[i].new);
    }
}

static void secrets_of_a_profile_are_not_shown(void **state)
{
    autosb struct strbuf out = {0};
    (void)state;
    nmconnection_mask(&out, "[802-1x]\nidentity=me\npassword = hush\nprivate-key-password=hush\npassword-flags=1\n"
                            "[wifi-security]\n#psk=old\npsk=hush\n[vpn-secrets]\nanything=hush\n");
    assert_string_equal(sb_str(&out), "[802-1x]\nidentity=me\npassword=********\nprivate-key-password=********\n"
                                      "password-flags=1\n[wifi-security]\n#psk=********\npsk=********\n[vpn-secrets]\n"
                                      "anything=********\n");
}

/* Whoever has a WLAN beside the cluster's network does not want its key in a diff's context. */
static void secrets_of_interfaces_are_not_shown(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"iface wlan0 inet dhcp\n\twpa-ssid home\n\twpa-psk hush\n\twpa-key-mgmt WPA-PSK\n",
         "iface wlan0 inet dhcp\n\twpa-ssid home\n\twpa-psk ********\n\twpa-key-mgmt WPA-PSK\n"},
        {"  wireless-key1 s:hush\nwpa-wep-key0 hush\nwpa-private-key-passwd hush\n#wpa-psk hush\n",
         "  wireless-key1 ********\nwpa-wep-key0 ********\nwpa-private-key-passwd ********\n#wpa-psk ********\n"},
        {"up iwconfig wlan0 key s:hush\nup vpn --password=hush\n",
         "up iwconfig wlan0 key ********\nup vpn --password ********\n"},
        /* one line of several; commented out by us; without a newline at the end */
        {"wpa-psk \\\n hush\nmtu 9000\n", "wpa-psk ********\nmtu 9000\n"},
        {"#clusterctl# wpa-psk \\\n#clusterctl#  hush\nmtu 9000", "#clusterctl# wpa-psk ********\nmtu 9000"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autosb struct strbuf out = {0};
        net_row(NET_IFUPDOWN)->shown(&out, cases[i].text);
        assert_string_equal(sb_str(&out), cases[i].shown);
    }
}

#define IFCFG_OURS "# ours\nTYPE=Ethernet\nDEVICE=eth0\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=10.1.1.130\nPREFIX=24\n"
#define IFCFG_REST "DEVICE=eth0\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=10.1.1.130\nPREFIX=24\n"

static void an_ifcfg_file_keeps_what_is_its_own(void **state)
{
    static const struct {
        const char *old, *new;
    } cases[] = {
        {"", "TYPE=Ethernet\n" IFCFG_REST},
        {IFCFG_OURS, "# ours\nTYPE=Ethernet\n" IFCFG_REST},
        {"TYPE=Bond\nNAME=\"System eth0\"\nBOOTPROTO=dhcp\nZONE=public\n#BOOTPROTO=dhcp\nIPV6INIT=no",
         "TYPE=Bond\nNAME=\"System eth0\"\nZONE=public\n#BOOTPROTO=dhcp\nIPV6INIT=no\n" IFCFG_REST},
        {"IPADDR0=10.1.1.2\nNETMASK0=255.255.255.0\n GATEWAY=10.1.1.9\nNETWORK=10.1.1.0\nIPADDR1=10.2.2.2\n"
         "PREFIX1=16\nDNS1=10.1.1.1\n",
         "IPADDR1=10.2.2.2\nPREFIX1=16\nDNS1=10.1.1.1\nTYPE=Ethernet\n" IFCFG_REST},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autosb struct strbuf once = {0}, twice = {0};
        ifcfg_edit(&once, cases[i].old, IFCFG_OURS);
        assert_string_equal(sb_str(&once), cases[i].new);
        ifcfg_edit(&twice, sb_str(&once), IFCFG_OURS);
        assert_string_equal(sb_str(&twice), cases[i].new);
    }
    const struct ipaddr own = address("10.1.1.130");
    struct arena a = {0};
    assert_null(ifcfg_again(&a, "IPADDR=10.1.1.130\nIPADDR0=10.1.1.130\nIPADDR1=10.1.1.13\n", &own));
    assert_string_equal(ifcfg_again(&a, "X=1\nIPADDR2=\"10.1.1.130\"\n", &own), "IPADDR2=\"10.1.1.130\"");
    arena_free(&a);
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

static void secrets_of_an_ifcfg_file_are_not_shown(void **state)
{
    autosb struct strbuf out = {0};
    (void)state;
    ifcfg_mask(&out, "DEVICE=eth0\nKEY1=hush\nKEY_MGMT=WPA-PSK\nIEEE_8021X_PASSWORD_RAW=hush\n"
                     "IEEE_8021X_PASSWORD_FLAGS=user\n# WPA_PSK='hush'\n#\n");
    assert_string_equal(sb_str(&out), "DEVICE=eth0\nKEY1=********\nKEY_MGMT=WPA-PSK\n"
                                      "IEEE_8021X_PASSWORD_RAW=********\nIEEE_8021X_PASSWORD_FLAGS=user\n"
                                      "# WPA_PSK=********\n#\n");
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
        cmocka_unit_test(the_active_profile_keeps_what_is_its_own),
        cmocka_unit_test(an_ifcfg_file_keeps_what_is_its_own),
        cmocka_unit_test(secrets_of_a_profile_are_not_shown),
        cmocka_unit_test(secrets_of_an_ifcfg_file_are_not_shown),
        cmocka_unit_test(secrets_of_interfaces_are_not_shown),
        cmocka_unit_test(what_is_as_wanted_stays),
        cmocka_unit_test(files_alone_interrupt_nothing),
        cmocka_unit_test(a_live_change_is_confirmed),
        cmocka_unit_test(a_pending_revert_is_confirmed),
        cmocka_unit_test(what_cannot_be_seen_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
