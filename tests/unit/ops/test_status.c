/* What a report says of a cluster that works, and of one where a part does not. */
#include "bed.h"

static void healthy(void **state)
{
    const struct status_report *r = bed_report(*state);
    assert_int_equal(r->problems.n, 0);
    assert_int_equal(status_verdict(r), ERR_NONE);
    const struct status_vip *v = &r->vips[0];
    assert_int_equal(v->holders, 1);
    assert_int_equal(v->masters, 1);
    assert_string_equal(v->directors[0].holds_on, "eth0");
    assert_string_equal(v->directors[0].state, "MASTER");
    assert_int_equal(v->directors[0].priority, 254);
    assert_null(v->directors[1].holds_on);
    assert_string_equal(v->directors[1].state, "BACKUP");
    const struct status_real_server *s = &r->real_servers[1];
    assert_int_equal(s->tables, 2);
    assert_int_equal(s->tables_of, 2);
    assert_true(s->nginx_active);
    assert_int_equal(s->pages[0].status, 200);
    assert_int_equal(s->vips_on_lo, 1);
    assert_string_equal(s->mount_source, "10.1.1.134:/nfs/web");
    assert_string_equal(s->mount_type, "nfs4");
    assert_string_equal(s->mount_version, "4.2");
    assert_false(s->mount_other || s->mount_dead);
    assert_int_equal(r->n_exports, 1);
    assert_int_equal(r->exports[0].n_clients, 2);
    assert_string_equal(r->exports[0].clients[1], "Web02-RS");
}

static void versions_and_units(void **state)
{
    const struct status_report *r = bed_report(*state);
    assert_string_equal(r->hosts[LVS1].keepalived, "2.2.7");
    assert_string_equal(r->hosts[LVS1].nginx, "");
    assert_string_equal(r->hosts[WEB1].nginx, "1.22.1");
    assert_string_equal(r->hosts[WEB1].nfs_utils, "1:2.6.2-4+deb12u1");
    assert_string_equal(r->hosts[NFS].kernel, "6.1.0-18-amd64");
    assert_int_equal(r->hosts[NFS].n_units, 1);
    assert_string_equal(r->hosts[NFS].units[0].name, "nfs-server.service");
    assert_true(r->hosts[NFS].units[0].active && r->hosts[NFS].units[0].enabled);
}

static void kernel_estimates_at_first(void **state)
{
    const struct status_service *s = &bed_report(*state)->services[0];
    assert_true(s->present && s->holder);
    assert_string_equal(s->director->name, "LVS-master");
    assert_string_equal(s->scheduler, "rr");
    assert_int_equal(s->active, 8);
    assert_int_equal(s->inactive, 100);
    assert_int_equal(s->connections, 100);
    assert_int_equal(s->rate_over_ms, 0);
    assert_int_equal(s->rate.connections, 9000);
    assert_int_equal(s->n_dests, 2);
    assert_string_equal(s->dests[1].host->name, "Web02-RS");
    assert_int_equal(s->dests[1].weight, 2);
    assert_int_equal(s->dests[1].active, 5);
    assert_int_equal(s->dests[1].inactive, 60);
    assert_int_equal(s->dests[1].rate.packets_in, 50000);
    assert_int_equal(s->dests[1].rate.bytes_in, 500000);
}

#define NEXT(up, stats)                                                                            \
    ADDR_VIP TABLE VRRP("MASTER", "254") CONNECTIONS "st_up " up "\n" stats RATE KEEPALIVED        \
                                                     "complete"

static void counters_from_the_second_on(void **state)
{
    struct bed *b = *state;
    /* 2.5 s later; the second server's entry was made anew in between. */
    bed_answer(b, LVS1,
               NEXT("1002.50", STATS("105 1100 0 12500 0", "41 410 0 4100 0", "4 90 0 2400 0")));
    const struct status_service *s = &bed_report(b)->services[0];
    assert_int_equal(s->rate_over_ms, 2500);
    assert_int_equal(s->rate.connections, 2000);
    assert_int_equal(s->rate.packets_in, 40000);
    assert_int_equal(s->rate.bytes_in, 1000000);
    assert_int_equal(s->dests[0].rate.connections, 400);
    assert_int_equal(s->dests[1].rate.connections, 1600);
}

static void estimates_again_after_a_boot(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS1, NEXT("20.00", STATS("1 1 0 1 0", "1 1 0 1 0", "0 0 0 0 0")));
    const struct status_service *s = &bed_report(b)->services[0];
    assert_int_equal(s->rate_over_ms, 0);
    assert_int_equal(s->rate.connections, 9000);
}

/* keepalived before 2.1, or a journal that was cut: no outage. */
static void a_state_that_is_not_known(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS2,
               TABLE "vrrp_error this keepalived does not keep it\n" KEEPALIVED "complete");
    const struct status_report *r = bed_report(b);
    assert_string_equal(r->vips[0].directors[1].state, "");
    assert_int_equal(status_verdict(r), ERR_NONE);
    bed_answer(b, LVS2, TABLE "vrrp_end\n" KEEPALIVED "complete");
    assert_true(bed_problem(bed_report(b), "LVS-node01", "keepalived runs without 10.1.1.140"));
}

/* An ipvsadm that knows no --rate, say: 0 would be a lie. */
static void no_rates(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS1, ADDR_VIP TABLE VRRP("MASTER", "254") CONNECTIONS KEEPALIVED "complete");
    const struct status_service *s = &bed_report(b)->services[0];
    assert_true(s->present);
    assert_int_equal(s->active, 8);
    assert_false(s->rated);
}

static void two_holders(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS2, ADDR_VIP TABLE VRRP("MASTER", "253") KEEPALIVED "complete");
    const struct status_report *r = bed_report(b);
    assert_int_equal(r->vips[0].holders, 2);
    assert_int_equal(r->vips[0].masters, 2);
    assert_true(bed_problem(r, "10.1.1.140", "2 directors hold it: LVS-master, LVS-node01"));
    assert_true(r->problems.v[0].loud);
    assert_int_equal(status_verdict(r), ERR_FAILED);
}

static void no_holder(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS1, TABLE VRRP("FAULT", "254") KEEPALIVED "complete");
    const struct status_report *r = bed_report(b);
    assert_true(bed_problem(r, "10.1.1.140", "no director holds it"));
    assert_true(bed_problem(r, "LVS-master", "state FAULT for 10.1.1.140"));
    assert_false(r->services[0].holder);
    assert_true(r->services[0].present); /* a table is shown all the same, and said whose */
}

static void the_others_table_is_shown_when_it_holds(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS1, TABLE VRRP("BACKUP", "254") KEEPALIVED "complete");
    bed_answer(b, LVS2, ADDR_VIP TABLE VRRP("MASTER", "253") KEEPALIVED "complete");
    const struct status_report *r = bed_report(b);
    assert_string_equal(r->services[0].director->name, "LVS-node01");
    assert_true(r->services[0].holder);
    assert_int_equal(r->problems.n, 0);
}

static void keepalived_stopped(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS2,
               "ipvs_error the ip_vs module is not loaded\n"
               "vrrp_error keepalived is not running\n" UNIT("keepalived.service", "inactive",
                                                             "disabled") "complete");
    const struct status_report *r = bed_report(b);
    assert_string_equal(r->vips[0].directors[1].why, "keepalived is not running");
    assert_true(bed_problem(r, "LVS-node01", "keepalived.service is inactive"));
    assert_true(bed_problem(r, "LVS-node01", "the ip_vs module is not loaded"));
    assert_false(r->hosts[LVS2].units[0].enabled);
    assert_int_equal(r->real_servers[0].tables_of, 1); /* of those that are known */
}

static void a_real_server_is_out(void **state)
{
    struct bed *b = *state;
    bed_answer(b, LVS2,
               "ipvs -A -t 10.1.1.140:80 -s rr\n"
               "ipvs -a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w 1\n"
               "ipvs -a -t 10.1.1.140:80 -r 10.1.1.133:80 -g -w 0\nipvs_end\n" VRRP("BACKUP", "253")
                   KEEPALIVED "complete");
    bed_answer(b, WEB2,
               UNIT("nginx.service", "failed", "enabled") "1 stale 1\n" MOUNTED "complete");
    b->looks[WEB2].pages[0].status = 0;
    snprintf(b->looks[WEB2].pages[0].error, 160, "cannot connect: Connection refused");
    const struct status_report *r = bed_report(b);
    assert_int_equal(r->real_servers[1].tables, 1);
    assert_string_equal(r->real_servers[1].missing_in, "LVS-node01");
    assert_true(bed_problem(r, "Web02-RS", "nothing is sent to it by LVS-node01"));
    assert_true(bed_problem(r, "Web02-RS", "nginx.service is failed"));
    assert_true(bed_problem(r, "Web02-RS", "no page at port 80: cannot connect"));
    assert_true(bed_problem(r, "Web02-RS", "0 of 1 VIPs on lo"));
    assert_true(bed_problem(r, "Web02-RS", "the mount on /srv/web does not answer"));
    assert_null(r->real_servers[0].missing_in);
}

static void mounts_and_exports(void **state)
{
    struct bed *b = *state;
    bed_answer(b, WEB1, ON_LO UNIT("nginx.service", "active", "enabled") "complete");
    bed_answer(b, WEB2,
               ON_LO UNIT("nginx.service", "active", "enabled") "1 line 163 23 0:39 / /srv/web rw "
                                                                "- ext4 /dev/vda1 rw\ncomplete");
    bed_answer(b, NFS,
               UNIT("nfs-server.service", "active",
                    "enabled") "1 client 10.1.1.132(rw)\n1 client 10.9.9.9(rw)\ncomplete");
    const struct status_report *r = bed_report(b);
    assert_true(bed_problem(r, "Web01-RS", "nothing is mounted on /srv/web"));
    assert_true(bed_problem(r, "Web02-RS", "/dev/vda1 is mounted on /srv/web, not the share"));
    assert_true(bed_problem(r, "NFS", "/nfs/web is not exported to Web02-RS"));
    assert_string_equal(r->exports[0].clients[1], "10.9.9.9");
}

/* A VIP on a real server's wire takes clients away from the directors. */
static void a_stranger_has_the_vip(void **state)
{
    struct bed *b = *state;
    bed_answer(b, WEB1,
               ADDR_VIP ON_LO UNIT("nginx.service", "active", "enabled") MOUNTED "complete");
    assert_true(bed_problem(bed_report(b), "10.1.1.140", "Web01-RS, which is no director"));
}

static void away_and_late(void **state)
{
    struct bed *b = *state;
    bed_away(b, WEB1, STATUS_UNREACHABLE, "Web01-RS (10.1.1.132:22): connection timed out");
    bed_away(b, LVS1, STATUS_LATE, NULL);
    bed_away(b, NFS, STATUS_FAILED, "user joe is not root");
    const struct status_report *r = bed_report(b);
    assert_int_equal(r->unreachable, 1);
    assert_int_equal(r->late, 1);
    assert_int_equal(r->failed, 1);
    assert_int_equal(status_verdict(r), ERR_UNREACHABLE);
    assert_string_equal(r->hosts[WEB1].why, "Web01-RS (10.1.1.132:22): connection timed out");
    assert_string_equal(r->hosts[LVS1].why, "no answer for 7 s");
    /* No number of theirs is left, the rest is there; the page was asked from here. */
    assert_false(r->hosts[WEB1].planned);
    assert_false(r->real_servers[0].answered);
    assert_null(r->real_servers[0].mount_source);
    assert_int_equal(r->real_servers[0].pages[0].status, 200);
    assert_string_equal(r->services[0].director->name, "LVS-node01");
    assert_true(bed_problem(r, "10.1.1.140", "none of the directors that answered holds it"));
    assert_true(r->real_servers[1].answered);
}

static void all_directors_away(void **state)
{
    struct bed *b = *state;
    bed_away(b, LVS1, STATUS_UNREACHABLE, "no route");
    bed_away(b, LVS2, STATUS_UNREACHABLE, "no route");
    const struct status_report *r = bed_report(b);
    assert_null(r->services[0].director);
    assert_non_null(r->services[0].why);
    assert_int_equal(r->vips[0].unknown, 2);
    assert_int_equal(r->problems.n, 0); /* what nobody can see is no finding */
    assert_int_equal(status_verdict(r), ERR_UNREACHABLE);
}

static void changes(void **state)
{
    struct bed *b = *state;
    *vec_push(&b->results[NFS].plan.steps) = (struct step){.summary = "one"};
    *vec_push(&b->results[NFS].plan.steps) = (struct step){.summary = "two", .blocked = "why"};
    b->looks[NFS].planned_at_ms = -5000;
    const struct status_report *r = bed_report(b);
    assert_true(r->hosts[NFS].planned);
    assert_int_equal(r->hosts[NFS].changes, 2);
    assert_int_equal(r->hosts[NFS].blocked, 1);
    assert_int_equal(r->hosts[NFS].planned_ago_ms, 5000);
    assert_int_equal(status_verdict(r), ERR_NONE); /* a drift is no outage */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        T(healthy),
        T(versions_and_units),
        T(kernel_estimates_at_first),
        T(counters_from_the_second_on),
        T(estimates_again_after_a_boot),
        T(a_state_that_is_not_known),
        T(no_rates),
        T(two_holders),
        T(no_holder),
        T(the_others_table_is_shown_when_it_holds),
        T(keepalived_stopped),
        T(a_real_server_is_out),
        T(mounts_and_exports),
        T(a_stranger_has_the_vip),
        T(away_and_late),
        T(all_directors_away),
        T(changes),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
