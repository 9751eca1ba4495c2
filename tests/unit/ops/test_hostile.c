/* Hosts that lie, break off, or send without end. */
#include "bed.h"

static bool clean(const char *s)
{
    for (; s && *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
    return true;
}

static void control_characters(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS1,
               "addr 2: e\033[2Jth inet 10.1.1.140/32 scope global\n"
               "ipvs -A -t 10.1.1.140:80 -s \033[2Jrr\nipvs_end\n"
               "vrrp  VRRP Instance = \033]0;x\a\nvrrp  State = \033[31mMASTER\n"
               "vrrp   10.1.1.140\nvrrp_end\n" UNIT("keepalived.service", "\033[2Jgone",
                                                    "enabled") "complete");
    bed_answer(b, WEB1,
               "1 line 163 23 0:39 / /srv/web rw - nfs\033[2J4 10.1.1.134:/\a rw,vers=4\0337.2\n"
               "st_nginx nginx version: nginx/1.\033[2J\nst_nfs \033c\ncomplete");
    bed_answer(b, NFS, "1 client \033[2J(rw)\ncomplete");
    bed_away(b, WEB2, STATUS_FAILED, "sh: \033[2J: not found");
    b->results[LVS1].facts.kernel = "6.1\033[2J";
    snprintf(b->looks[WEB2].pages[0].error, 160, "\033[2J");
    b->looks[WEB2].pages[0].status = 0;
    const struct status_report *r = bed_report(b);
    assert_true(clean(r->vips[0].directors[0].holds_on));
    assert_true(clean(r->vips[0].directors[0].state));
    assert_true(clean(r->services[0].scheduler));
    assert_true(clean(r->hosts[LVS1].kernel));
    assert_true(clean(r->hosts[LVS1].units[0].state));
    assert_true(clean(r->hosts[WEB1].nginx) && clean(r->hosts[WEB1].nfs_utils));
    assert_true(clean(r->hosts[WEB2].why));
    assert_true(clean(r->real_servers[0].mount_type) && clean(r->real_servers[0].mount_source));
    assert_true(clean(r->real_servers[0].mount_version));
    assert_true(clean(r->real_servers[1].pages[0].error));
    assert_true(clean(r->exports[0].clients[0]));
    for (size_t i = 0; i < r->problems.n; i++)
        assert_true(clean(r->problems.v[i].text) && clean(r->problems.v[i].subject));
}

#define MOST "18446744073709551615"

static void absurd_numbers(void **state)
{
    struct bed *b = *state;
    static const char lines[] = ADDR_VIP TABLE VRRP(
        "MASTER", "254") "st_plain TCP  10.1.1.140:80 rr\n"
                         "st_plain   -> 10.1.1.132:80 Route 1 " MOST " " MOST "\n"
                         "st_plain   -> 10.1.1.133:80 Route 1 18446744073709551616 -1\n"
                         "st_plain_end\nst_up 99999999999999999999.00\nst_up 1000.999\nst_up "
                         "1000\nst_up -1.00\n"
                         "st_up 1000.01\n" STATS(MOST " " MOST " 0 " MOST " 0", "1 2",
                                                 "x y z 1 2") "st_rate TCP  10.1.1.140:80 " MOST
                                                              " " MOST " 0 " MOST
                                                              " 0\nst_rate_end\n" KEEPALIVED
                                                              "complete";
    assert_int_equal(bed_answer(b, LVS1, lines), 0);
    const struct status_service *s = &bed_report(b)->services[0];
    assert_int_equal(s->rate_over_ms, 10);
    assert_true(s->rate.connections <= UINT64_C(100000000000000000));
    assert_int_equal(s->dests[0].active, UINT64_MAX);
    assert_int_equal(s->dests[1].active, 0); /* more than 64 bits: no number */
    assert_int_equal(s->dests[0].connections, 0);
    assert_int_equal(s->dests[1].connections, 0);
}

/* The connection broke: what came does not count, and is no sample for the next answer's rates. */
static void truncated(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS1, ADDR_VIP "ipvs -A -t 10.1.1.140:80 -s rr\nipvs -a -t 10.1");
    assert_false(look_complete(&b->looks[LVS1]));
    bed_answer(b, LVS1, bed_active);
    assert_true(look_complete(&b->looks[LVS1]));
    /* Between the first answer and this no time has passed by its clock. */
    assert_int_equal(bed_report(b)->services[0].rate_over_ms, 0);
}

static void nonsense(void **state)
{
    struct bed *b = *state;
    static const char *const ignored[] = {
        "",
        " ",
        "st_",
        "st_plain",
        "st_stats TCP",
        "st_rate -> x",
        "st_up",
        "st_up .",
        "st_up a.b",
        "st_nothing x",
        "complet",
        "what is this",
        "st_plain TCP 10.1.1.140:80x rr",
        "st_stats -> 10.1.1.132:80 1 2 3 4 5",
        "st_plain FWM 5 rr",
        "st_plain -> 10.1.1.132:80 Route 1 7 7",
    };
    look_begin(&b->looks[LVS1], &b->results[LVS1]);
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++) {
        struct err e = {0};
        char *copy = xstrdup(ignored[i]);
        assert_int_equal(look_record(&b->looks[LVS1], copy, &e), 0);
        free(copy);
    }
    assert_false(look_complete(&b->looks[LVS1]));
    /* What claims to be an observation must be one that was asked for. */
    assert_int_equal(bed_answer(b, LVS1, "99 line x"), -1);
    assert_int_equal(bed_answer(b, LVS1, "service:other.service ActiveState active"), -1);
    assert_int_equal(bed_answer(b, LVS1, "0"), -1);
}

static void without_end(void **state)
{
    struct bed *b = *state;
    struct err e = {0};
    struct look *l = &b->looks[NFS];
    int rc = 0;
    look_begin(l, &b->results[NFS]);
    for (unsigned i = 0; i <= LOOK_MAX_OBSERVED && rc == 0; i++) {
        char line[] = "1 client 10.1.1.132(rw)";
        rc = look_record(l, line, &e);
    }
    assert_int_equal(rc, -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
    look_begin(l, &b->results[NFS]);
    for (unsigned i = 0; i <= LOOK_MAX_RECORDS; i++) {
        char line[] = "st_plain TCP 10.1.1.140:80 rr";
        assert_int_equal(look_record(l, line, &e), 0);
    }
    char end[] = "complete";
    look_record(l, end, &e);
    assert_false(look_complete(l));
}

/* A name of any length is cut. */
static void long_texts(void **state)
{
    struct bed *b = *state;
    autosb struct strbuf sb = {0};
    sb_add(&sb, "1 client ");
    for (unsigned i = 0; i < 10000; i++)
        sb_addc(&sb, 'x');
    sb_add(&sb, "(rw)\nst_nfs ");
    for (unsigned i = 0; i < 10000; i++)
        sb_addc(&sb, '1');
    sb_add(&sb, "\ncomplete");
    bed_answer(b, NFS, sb_str(&sb));
    const struct status_report *r = bed_report(b);
    assert_true(strlen(r->exports[0].clients[0]) <= 200);
    assert_true(strlen(r->hosts[NFS].nfs_utils) < LOOK_VERSION_MAX);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        T(control_characters), T(absurd_numbers), T(truncated),
        T(nonsense),           T(without_end),    T(long_texts),
    };
    return cmocka_run_group_tests_name("status-hostile", tests, NULL, NULL);
}
