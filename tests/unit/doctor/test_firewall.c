#include "bed.h"
#include "doctor/firewall.h"

static const struct {
    const char *rules; /* nft, or iptables-save when it begins with '*'; lines */
    const char *protocol;
    unsigned port;
    const char *source;
    const char *line; /* that drops it; NULL: let through */
} cases[] = {
    {"table inet f {\nchain in {\ntype filter hook input priority filter; policy accept;\n"
     "tcp dport 2049 drop # handle 6\n}\n}",
     "tcp", 2049, "10.1.1.132", "tcp dport 2049 drop # handle 6"},
    {"table inet f {\nchain in {\ntype filter hook input priority filter; policy drop;\n"
     "ct state established,related accept\niifname \"lo\" accept\ntcp dport { 22, 80 } "
     "accept\n}\n}",
     "tcp", 2049, "10.1.1.132", "type filter hook input priority filter; policy drop;"},
    {"table inet f {\nchain in {\ntype filter hook input priority filter; policy drop;\n"
     "ip saddr 10.1.1.0/24 tcp dport 2000-3000 counter packets 1 bytes 60 accept comment \"a "
     "b\"\n}\n}",
     "tcp", 2049, "10.1.1.132", NULL},
    /* An accept in one base chain does not save it from another's drop. */
    {"table inet a {\nchain in {\ntype filter hook input priority -10;\nip protocol vrrp "
     "accept\n}\n}\n"
     "table ip b {\nchain in {\ntype filter hook input priority 0;\nmeta l4proto 112 drop\n}\n}",
     "vrrp", 0, "10.1.1.131", "meta l4proto 112 drop"},
    {"table inet f {\nset web {\ntype ipv4_addr\nelements = { 10.1.1.131,\n10.1.1.132 }\n}\n"
     "chain in {\ntype filter hook input priority filter; policy drop;\n"
     "ip saddr @web tcp dport 2049 accept\n}\n}",
     "tcp", 2049, "10.1.1.132", NULL},
    {"table inet f {\nchain nfs {\nip saddr != 10.1.1.132 reject with icmp port-unreachable\n}\n"
     "chain in {\ntype filter hook input priority filter;\n"
     "tcp dport vmap { 22 : accept, 2049 : jump nfs, 80 : drop }\n}\n}",
     "tcp", 2049, "10.1.1.133", "ip saddr != 10.1.1.132 reject with icmp port-unreachable"},
    {"table inet f {\nchain nfs {\nip saddr != 10.1.1.132 drop\n}\nchain in {\n"
     "type filter hook input priority filter;\ntcp dport 2049 jump nfs\n}\n}",
     "tcp", 2049, "10.1.1.132", NULL},
    /* Not on this packet's way, not its family, not decidable. */
    {"table inet f {\nchain o {\ntype filter hook output priority filter; policy drop;\n}\n"
     "chain fw {\ntype filter hook forward priority filter; policy drop;\n}\n}",
     "tcp", 2049, "10.1.1.132", NULL},
    {"table ip6 f {\nchain in {\ntype filter hook input priority 0; policy drop;\n}\n}\n"
     "table arp f {\nchain in {\ntype filter hook input priority 0; policy drop;\n}\n}",
     "tcp", 2049, "10.1.1.132", NULL},
    {"table inet f {\nchain in {\ntype filter hook input priority 0;\n"
     "tcp dport 2049 limit rate over 10/second drop\nudp dport 2049 drop\n}\n}",
     "tcp", 2049, "10.1.1.132", NULL},
    /* A ring of jumps ends. */
    {"table inet f {\nchain a {\njump b\n}\nchain b {\njump a\n}\nchain in {\n"
     "type filter hook input priority 0;\njump a\n}\n}",
     "tcp", 2049, "10.1.1.132", NULL},
    {"table", "tcp", 2049, "10.1.1.132", NULL},
    {"*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
     "-A INPUT -s 10.1.1.0/24 -i eth0 -p tcp -m tcp --dport 2049 -m comment --comment \"not -j "
     "ACCEPT\" -j DROP\nCOMMIT",
     "tcp", 2049, "10.1.1.132",
     "-A INPUT -s 10.1.1.0/24 -i eth0 -p tcp -m tcp --dport 2049 -m comment --comment \"not -j "
     "ACCEPT\" -j DROP"},
    {"*filter\n:INPUT DROP [4:240]\n:ufw-before - [0:0]\n-A INPUT -j ufw-before\n"
     "-A ufw-before -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
     "-A ufw-before -p tcp -m multiport --dports 22,80 -j ACCEPT\nCOMMIT",
     "tcp", 2049, "10.1.1.132", ":INPUT DROP [4:240]"},
    {"*filter\n:INPUT DROP [4:240]\n:nfs - [0:0]\n-A INPUT -p tcp -m tcp --dport 2049 -g nfs\n"
     "-A nfs ! -s 10.1.1.132/32 -j RETURN\n-A nfs -j ACCEPT\nCOMMIT",
     "tcp", 2049, "10.1.1.132", NULL},
    {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT ! -p tcp -j DROP\nCOMMIT", "vrrp", 0, "10.1.1.131",
     "-A INPUT ! -p tcp -j DROP"},
    {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p vrrp -m limit --limit 3/min -j DROP\n"
     "-A INPUT -p tcp -j LOG --log-prefix \"x \"\n-A INPUT\n-A\nCOMMIT",
     "vrrp", 0, "10.1.1.131", NULL},
    {"*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p 112 -j DROP\nCOMMIT", "vrrp", 0,
     "10.1.1.131", "-A PREROUTING -p 112 -j DROP"},
};

static void says(unsigned host, const char *rules)
{
    const char *tag = *rules == '*' ? "fw.iptables" : "fw.nft";
    char *copy = xstrdup(rules), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));) {
        autosb struct strbuf sb = {0};
        sb_addf(&sb, "%s %s", tag, line);
        bed_say(host, sb_str(&sb));
    }
    free(copy);
}

static void who_drops_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p = {
            .protocol = cases[i].protocol, .port = cases[i].port, .source = addr(cases[i].source)};
        struct fw_drop drop = {0};
        bed_setup(NULL);
        says(NFS, cases[i].rules);
        bool hit = firewall_drops(&bed.exam, &bed.exam.hosts[NFS], &p, &drop);
        if (hit != !!cases[i].line)
            print_message("# case %zu: %s\n", i, hit ? drop.line : "let through");
        assert_int_equal(hit, !!cases[i].line);
        if (hit)
            assert_string_equal(drop.line, cases[i].line);
        bed_teardown(NULL);
    }
}

static void how_to_undo_it(void **state)
{
    static const struct {
        const char *rules, *undo, *service;
    } undos[] = {
        {"table inet f {\nchain in {\ntype filter hook input priority 0;\ntcp dport 2049 drop # "
         "handle "
         "6\n}\n}",
         "nft delete rule inet f in handle 6"},
        {"table inet f {\nchain in {\ntype filter hook input priority 0; policy drop;\n}\n}",
         "nft insert rule inet f in ip saddr 10.1.1.132 tcp dport 2049 accept"},
        {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 2049 -j DROP\nCOMMIT",
         "iptables -t filter -D INPUT -p tcp -m tcp --dport 2049 -j DROP"},
        {"*filter\n:INPUT DROP [0:0]\nCOMMIT",
         "iptables -t filter -I INPUT -s 10.1.1.132 -p tcp --dport 2049 -j ACCEPT"},
        /* RHEL's own end of INPUT stays; what is in force is not yet what a boot loads. */
        {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT\n"
         "-A INPUT -j REJECT --reject-with icmp-host-prohibited\nCOMMIT",
         "iptables -t filter -I INPUT -s 10.1.1.132 -p tcp --dport 2049 -j ACCEPT && service iptables save",
         "active"},
        {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 2049 -j DROP\nCOMMIT",
         "iptables -t filter -D INPUT -p tcp -m tcp --dport 2049 -j DROP && service iptables save",
         "active"},
        {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 2049 -j DROP\nCOMMIT",
         "iptables -t filter -D INPUT -p tcp -m tcp --dport 2049 -j DROP", "inactive"},
    };
    struct packet p = {.protocol = "tcp", .port = 2049, .source = addr("10.1.1.132")};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(undos); i++) {
        struct fw_drop drop;
        bed_setup(NULL);
        says(NFS, undos[i].rules);
        assert_true(firewall_drops(&bed.exam, &bed.exam.hosts[NFS], &p, &drop));
        if (undos[i].service) {
            autosb struct strbuf sb = {0};
            sb_addf(&sb, "fw.service %s", undos[i].service);
            bed_say(NFS, sb_str(&sb));
        }
        assert_string_equal(firewall_undo(&bed.exam, &bed.exam.hosts[NFS], &drop, &p), undos[i].undo);
        bed_teardown(NULL);
    }
}

/* Whose end is not known is not judged: what lets the packet in may stand in the rest. */
static void cut_short(void **state)
{
    struct packet p = {.protocol = "tcp", .port = 2049, .source = addr("10.1.1.132")};
    struct fw_drop drop;
    (void)state;
    bed_setup(NULL);
    says(NFS, "table inet f {\nchain in {\ntype filter hook input priority 0; policy drop;");
    assert_true(firewall_drops(&bed.exam, &bed.exam.hosts[NFS], &p, &drop));
    for (unsigned i = 3; i < 1000; i++)
        says(NFS, "udp dport 1 drop");
    assert_false(firewall_drops(&bed.exam, &bed.exam.hosts[NFS], &p, &drop));
    bed_teardown(NULL);
}

static void leaving(void **state)
{
    struct packet p = {.leaving = true,
                       .protocol = "tcp",
                       .port = 2049,
                       .source = addr("10.1.1.132"),
                       .destination = addr("10.1.1.134")};
    struct fw_drop drop;
    (void)state;
    bed_setup(NULL);
    says(
        WEB1,
        "*filter\n:INPUT DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        "-A OUTPUT -d 10.1.1.134/32 -o eth0 -j REJECT --reject-with icmp-port-unreachable\nCOMMIT");
    assert_true(firewall_drops(&bed.exam, &bed.exam.hosts[WEB1], &p, &drop));
    assert_string_equal(drop.chain, "OUTPUT");
    bed_teardown(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_drops_it),
        cmocka_unit_test(how_to_undo_it),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(leaving),
    };
    return cmocka_run_group_tests_name("doctor-firewall", tests, NULL, NULL);
}
