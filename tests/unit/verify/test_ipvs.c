#include "test.h"

#include "verify/ipvs.h"

struct fixture {
    struct ipvs_table table;
    struct arena arena;
};

static void feed(struct fixture *f, const char *text)
{
    char *copy = xstrdup(text), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));)
        ipvs_line(&f->table, &f->arena, line);
    free(copy);
}

static int setup(void **state)
{
    *state = xcalloc(1, sizeof(struct fixture));
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    ipvs_free(&f->table);
    arena_free(&f->arena);
    free(f);
    return 0;
}

/* What ipvsadm 1.31 prints; the trailing blank after -A's line is its own. */
static void reference(void **state)
{
    struct fixture *f = *state;
    feed(f, "-A -t 10.1.1.140:80 -s rr \n"
            "-a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w 1\n"
            "-a -t 10.1.1.140:80 -r 10.1.1.133:80 -g -w 3\n");
    assert_null(f->table.bad);
    struct service want = {.vip = addr("10.1.1.140"), .port = 80, .protocol = PROTO_TCP};
    const struct ipvs_service *s = ipvs_find(&f->table, &want);
    assert_non_null(s);
    assert_string_equal(s->name, "10.1.1.140:80/tcp");
    assert_string_equal(s->scheduler, "rr");
    assert_int_equal(s->persistence_s, 0);
    assert_int_equal(s->dests.n, 2);
    struct ipaddr a = addr("10.1.1.133");
    const struct ipvs_dest *d = ipvs_dest_find(s, &a, 80);
    assert_non_null(d);
    assert_int_equal(d->weight, 3);
    assert_int_equal(d->forward, 'g');
    assert_null(ipvs_dest_find(s, &a, 81));
    want.protocol = PROTO_UDP;
    assert_null(ipvs_find(&f->table, &want));
}

static void variants(void **state)
{
    struct fixture *f = *state;
    feed(f, "-A -u [fd00::1]:53 -s mh -b mh-port,mh-fallback\n"
            "-a -u [fd00::1]:53 -r [fd00::2]:53 -i -w 0 --tun-type gue --tun-port 6080\n"
            "-A -t 10.1.1.141:443 -s wrr -p 300 -M 255.255.255.0\n"
            "-a -t 10.1.1.141:443 -r 10.1.1.132:8443 -m -w 7 -x 10 -y 5\n"
            "-A -f 5 -s wlc\n"
            "-a -f 5 -r 10.1.1.133:0 -g -w 1\n"
            "-A --sctp-service 10.1.1.141:443 -s rr\n"
            "\n");
    assert_null(f->table.bad);
    assert_int_equal(f->table.services.n, 4);
    const struct ipvs_service *v = f->table.services.v;
    assert_string_equal(v[0].name, "[fd00::1]:53/udp");
    assert_int_equal(v[0].dests.v[0].forward, 'i');
    assert_int_equal(v[0].dests.v[0].weight, 0);
    assert_int_equal(v[1].persistence_s, 300);
    assert_int_equal(v[1].dests.v[0].port, 8443);
    assert_string_equal(v[2].name, "fwmark 5");
    assert_false(v[2].addressed);
    assert_int_equal(v[2].dests.n, 1);
    /* The same endpoint under another protocol is another service, and none that we could want. */
    assert_string_equal(v[3].name, "10.1.1.141:443/sctp");
    assert_false(v[3].addressed);
    struct service want = {.vip = addr("10.1.1.141"), .port = 443, .protocol = PROTO_TCP};
    assert_ptr_equal(ipvs_find(&f->table, &want), &v[1]);
}

static void nonsense(void **state)
{
    static const char *const lines[] = {
        "hello",
        "-A",
        "-A -t",
        "-A -t 10.1.1.140",
        "-A -t 10.1.1.140:",
        "-A -t 10.1.1.140:65536 -s rr",
        "-A -t 10.1.1.140:-1 -s rr",
        "-A -t 010.1.1.140:80 -s rr",
        "-A -t []:80 -s rr",
        "-A -t [:80 -s rr",
        "-A -t ]:80 -s rr",
        "-A -t :80 -s rr",
        "-A -t [fd00::1:80 -s rr",
        "-A -t web:http -s rr",
        "-A -t 10.1.1.140:80 -s rr -p -1",
        "-A -t 10.1.1.140:80 -s rr -p 4294967296",
        "-a -t 10.9.9.9:80 -r 10.1.1.132:80 -g -w 1", /* a service that never was */
        "-D -t 10.1.1.140:80",
        "-C",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        f->table.bad = NULL;
        feed(f, lines[i]);
        assert_non_null(f->table.bad);
        assert_string_equal(f->table.bad, lines[i]);
    }
    assert_int_equal(f->table.services.n, 0);
    feed(f, "-A -t 10.1.1.140:80 -s rr");
    f->table.bad = NULL;
    feed(f, "-a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w x");
    assert_non_null(f->table.bad);
    f->table.bad = NULL;
    feed(f, "-a -t 10.1.1.140:80 -r 10.1.1.132:80 -w 1"); /* no forwarding method */
    assert_non_null(f->table.bad);
    assert_int_equal(f->table.n_dests, 0);
}

/* The first line is kept, cut short, and cannot write to the operator's terminal. */
static void hostile_text(void **state)
{
    struct fixture *f = *state;
    char line[4096];
    memset(line, '\033', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    ipvs_line(&f->table, &f->arena, line);
    assert_non_null(f->table.bad);
    assert_null(strchr(f->table.bad, '\033'));
    assert_true(strlen(f->table.bad) < 400);
    feed(f, "-A -f \033[2J -s \033]0;x\a");
    assert_int_equal(f->table.services.n, 1);
    assert_null(strchr(f->table.services.v[0].name, '\033'));
    assert_null(strchr(f->table.services.v[0].scheduler, '\033'));
}

static void hostile_amounts(void **state)
{
    struct fixture *f = *state;
    char line[100];
    for (unsigned i = 0; i < IPVS_MAX_SERVICES + 10; i++) {
        snprintf(line, sizeof line, "-A -t 10.1.1.140:%u -s rr", i);
        feed(f, line);
    }
    assert_int_equal(f->table.services.n, IPVS_MAX_SERVICES);
    assert_string_equal(f->table.bad, "-A -t 10.1.1.140:1024 -s rr");
    for (unsigned i = 0; i < IPVS_MAX_DESTS + 10; i++)
        feed(f, "-a -t 10.1.1.140:1023 -r 10.1.1.132:80 -g -w 1");
    assert_int_equal(f->table.n_dests, IPVS_MAX_DESTS);
}

static void list(struct fixture *f, enum ipvs_listing listing, const char *text)
{
    char *copy = xstrdup(text), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));)
        ipvs_listed(&f->table, listing, line);
    free(copy);
}

/* As ipvsadm 1.31 lists it; entries that the table has not are another's. */
static void traffic(void **state)
{
    struct fixture *f = *state;
    feed(f, "-A -t 10.1.1.140:80 -s rr\n-a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w 1\n"
            "-A -u [fd00::1]:53 -s mh\n-a -u [fd00::1]:53 -r [fd00::2]:53 -i -w 1\n");
    list(f, IPVS_PLAIN,
         "IP Virtual Server version 1.2.1 (size=4096)\n"
         "Prot LocalAddress:Port Scheduler Flags\n"
         "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
         "FWM  5 rr\n  -> 10.1.1.132:80      Route   1      9          9\n"
         "TCP  10.1.1.140:80 rr persistent 300\n"
         "  -> 10.1.1.132:80                Route   1      12         340       \n"
         "  -> 10.1.1.139:80                Route   1      7          7         \n"
         "UDP  [fd00::1]:53 mh\n  -> [fd00::2]:53      Tunnel  1      0          4\n");
    list(f, IPVS_STATS,
         "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
         "TCP  10.1.1.140:80                       9       54        0     4021        0\n"
         "  -> 10.1.1.132:80                       5       30        0     2200        0\n");
    list(f, IPVS_RATE, "TCP  10.1.1.140:80  2  20  0  1500  0\n"
                       "  -> 10.1.1.132:80  1  10  0   700  0\n");
    const struct ipvs_service *s = &f->table.services.v[0], *u = &f->table.services.v[1];
    const struct ipvs_traffic *t = &s->dests.v[0].traffic;
    assert_int_equal(t->active, 12);
    assert_int_equal(t->inactive, 340);
    assert_int_equal(t->connections, 5);
    assert_int_equal(t->packets_in, 30);
    assert_int_equal(t->bytes_in, 2200);
    assert_int_equal(t->connections_s, 1);
    assert_int_equal(t->bytes_in_s, 700);
    assert_int_equal(s->traffic.active, 12);
    assert_int_equal(s->traffic.bytes_in, 4021);
    assert_int_equal(s->traffic.packets_in_s, 20);
    assert_int_equal(u->dests.v[0].traffic.inactive, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reference, setup, teardown),
        cmocka_unit_test_setup_teardown(variants, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_text, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_amounts, setup, teardown),
        cmocka_unit_test_setup_teardown(traffic, setup, teardown),
    };
    return cmocka_run_group_tests_name("ipvs", tests, NULL, NULL);
}
