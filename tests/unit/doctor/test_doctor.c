/* The core: what swallows what, what stays unexplained; and the directors' rules on canned
 * evidence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../verify/fake.h"
#include "doctor/rule.h"

static struct exam x;
static struct doctor_report report;
static const struct doctor_options no_options;
static struct verify_report checks;

static int setup(void **state)
{
    (void)state;
    fake_reset();
    for (size_t i = 0; i < FAKE_HOSTS; i++)
        fake.hosts[i].priority = i == LVS1 ? 254 : 253;
    fake.service.check = (struct health_check){.type = CHECK_HTTP, .path = "/", .status = 200};
    fake.cluster.vrrp = (struct vrrp){.virtual_router_id = 51, .version = 3, .unicast = true};
    report = (struct doctor_report){0};
    exam_init(&x, NULL, &no_options, &report);
    checks = (struct verify_report){0};
    x.checks = &checks;
    for (size_t i = 0; i < FAKE_HOSTS; i++)
        x.hosts[i].asked = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vec_free(&checks.results);
    exam_free(&x);
    doctor_free(&report);
    return 0;
}

static void say(size_t host, const char *record)
{
    char *copy = xstrdup(record);
    exam_record(&x.hosts[host], copy);
    free(copy);
}

/* The lines of what a host says of itself to live.c. */
static void live(size_t host, const char *records)
{
    char *copy = xstrdup(records), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));)
        live_record(&x.live.hosts[host], line);
    free(copy);
}

static void failed(const char *id, const char *subject)
{
    *vec_push(&checks.results) = (struct check_result){
        .id = id, .title = id, .subject = subject, .status = CHECK_FAIL, .reason = "it fails"};
}

static void conclude(const struct rule_set *set)
{
    const struct rule_set *const sets[] = {set, NULL};
    exam_run(&x, sets);
    exam_conclude(&x);
}

/* The causes as "id@host id@host". */
static const char *causes(void)
{
    static char out[500];
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < report.findings.n; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s@%s", n ? " " : "",
                              report.findings.v[i]->id,
                              report.findings.v[i]->host ? report.findings.v[i]->host : "");
    return out;
}

static bool has(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(list[i], text))
            return true;
    return false;
}

/* Made-up rules ---------------------------------------------------------------------------------*/

static void add(struct exam *e, const char *id, size_t host)
{
    struct finding *f = found(e, id, &fake.hosts[host], REMEDY_MANUAL);
    finding_cause(e, f, "cause of %s", id);
    finding_symptom(e, f, "symptom of %s", id);
}

static void run_a(struct exam *e)
{
    add(e, "a", WEB1);
}
static void run_b(struct exam *e)
{
    add(e, "b.one", WEB1);
    add(e, "b.one", WEB2);
}
static void run_c(struct exam *e)
{
    add(e, "c", NFS);
}

#define SET(...)                                                                                   \
    &(const struct rule_set)                                                                       \
    {                                                                                              \
        .subject = "t", .rules = (const struct rule[])                                             \
        {                                                                                          \
            __VA_ARGS__,                                                                           \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void same_host_only(void **state)
{
    (void)state;
    conclude(SET({"a", "", run_a, LIST("b.one")}, {"b", "", run_b, NULL}));
    assert_string_equal(causes(), "a@Web01-RS b.one@Web02-RS");
    const struct finding *a = report.findings.v[0];
    assert_true(has(a->symptoms.v, a->symptoms.n, "Web01-RS: cause of b.one"));
    assert_true(has(a->symptoms.v, a->symptoms.n, "symptom of b.one"));
    assert_int_equal(report.rules, 2);
}

static void anywhere_and_whatever_follows(void **state)
{
    (void)state;
    conclude(
        SET({"a", "", run_a, LIST("*b.*")}, {"b", "", run_b, LIST("*c")}, {"c", "", run_c, NULL}));
    assert_string_equal(causes(), "a@Web01-RS"); /* c through b */
    assert_true(
        has(report.findings.v[0]->symptoms.v, report.findings.v[0]->symptoms.n, "NFS: cause of c"));
}

static void of_two_that_explain_each_other_the_earlier_stays(void **state)
{
    (void)state;
    conclude(SET({"a", "", run_a, LIST("*c")}, {"c", "", run_c, LIST("*a")}));
    assert_string_equal(causes(), "a@Web01-RS");
}

static void a_later_rule_swallows_an_earlier_finding(void **state)
{
    (void)state;
    conclude(SET({"a", "", run_a, NULL}, {"c", "", run_c, LIST("*a")}));
    assert_string_equal(causes(), "c@NFS");
}

static void independent_faults_stay_two(void **state)
{
    (void)state;
    conclude(SET({"a", "", run_a, LIST("*b.*")}, {"c", "", run_c, NULL}));
    assert_string_equal(causes(), "a@Web01-RS c@NFS");
}

static void failed_checks_are_symptoms_or_unexplained(void **state)
{
    (void)state;
    failed("http.vip", "10.1.1.140:80/tcp");
    failed("dsr.path", "Web01-RS");
    failed("dsr.path", "Web02-RS");
    conclude(SET({"a", "", run_a, LIST("*http.vip", "dsr.path")}));
    const struct finding *a = report.findings.v[0];
    assert_true(has(a->symptoms.v, a->symptoms.n, "http.vip 10.1.1.140:80/tcp: it fails"));
    assert_true(has(a->symptoms.v, a->symptoms.n, "dsr.path Web01-RS: it fails"));
    assert_int_equal(report.unexplained.n, 1);
    assert_string_equal(report.unexplained.v[0], "dsr.path Web02-RS: it fails");
}

static struct resource wanted_file = {.type = RES_FILE, .key = "/etc/x"};
static struct resource wanted_unit = {.type = RES_SERVICE, .key = "x.service"};

static void pending(size_t host)
{
    struct plan *p = &fake.results[host].plan;
    *vec_push(&p->steps) = (struct step){.want = &wanted_file, .summary = "write /etc/x"};
    *vec_push(&p->steps) = (struct step){.want = &wanted_unit, .summary = "reload x.service"};
    failed("config.converged", fake.hosts[host].name);
}

static void run_step(struct exam *e)
{
    struct finding *f = found(e, "a", &fake.hosts[WEB1], REMEDY_DEPLOY);
    finding_step(e, f, exam_step(&e->hosts[WEB1], RES_FILE, "/etc/x"));
}

static void what_no_rule_knows_is_drift(void **state)
{
    (void)state;
    const struct rule_set *const sets[] = {SET({"a", "", run_step, NULL}), &rule_set_drift, NULL};
    pending(WEB1);
    exam_run(&x, sets);
    exam_conclude(&x);
    assert_string_equal(causes(), "a@Web01-RS config.drift@Web01-RS");
    const struct finding *drift = report.findings.v[1];
    assert_string_equal(drift->cause, "1 thing on Web01-RS is not as the inventory wants");
    assert_int_equal(drift->evidence.n, 1);
    assert_true(has(drift->evidence.v, 1, "reload x.service"));
    assert_int_equal(drift->remedy, REMEDY_DEPLOY);
    assert_int_equal(report.unexplained.n, 0); /* config.converged is accounted for */
    vec_free(&fake.results[WEB1].plan.steps);
}

static void steps_left_over_are_not_hidden(void **state)
{
    (void)state;
    pending(WEB1);
    conclude(SET({"a", "", run_step, NULL}));
    assert_int_equal(report.unexplained.n, 1);
    vec_free(&fake.results[WEB1].plan.steps);
}

static void run_hostile(struct exam *e)
{
    struct finding *f = found(e, "a", &fake.hosts[WEB1], REMEDY_MANUAL);
    finding_cause(e, f, "it says \033]0;owned\007");
    finding_evidence(e, f, "%s", exam_line(&e->hosts[WEB1], "t", NULL)->text);
}

static void hostile_text_is_made_safe(void **state)
{
    (void)state;
    say(WEB1, "t \033[2J\xff"
              "wiped\r\n");
    conclude(SET({"a", "", run_hostile, NULL}));
    const struct finding *f = report.findings.v[0];
    assert_null(strchr(f->cause, '\033'));
    assert_null(strpbrk(f->evidence.v[0], "\033\r\n\xff"));
    assert_non_null(strstr(f->evidence.v[0], "wiped"));
}

static void a_host_cannot_fill_our_memory(void **state)
{
    (void)state;
    char *line = xcalloc(1, EXAM_LINE_MAX * 3);
    memset(line, 'a', EXAM_LINE_MAX * 3 - 1);
    line[1] = ' ';
    say(WEB1, line);
    assert_int_equal(strlen(x.hosts[WEB1].lines.v[0].text), EXAM_LINE_MAX);
    for (size_t i = 0; i < EXAM_MAX_LINES + 10; i++)
        say(WEB1, "t x");
    assert_int_equal(x.hosts[WEB1].lines.n, EXAM_MAX_LINES);
    say(WEB1, ""); /* no tag, no text: nothing to trip over */
    free(line);
}

static void a_silent_host_is_said(void **state)
{
    (void)state;
    x.hosts[NFS].asked = false;
    exam_conclude(&x);
    assert_int_equal(report.unexplained.n, 1);
    assert_non_null(strstr(report.unexplained.v[0], "NFS was reached, but did not answer"));
}

/* The directors' rules --------------------------------------------------------------------------*/

static void conf(size_t host, const char *router_id, const char *peer, const char *state,
                 const char *priority)
{
    char line[100];
    say(host, "keepalived.unit ActiveState=active");
    say(host, "keepalived.conf vrrp_version 3");
    snprintf(line, sizeof line, "keepalived.conf state %s", state);
    say(host, line);
    snprintf(line, sizeof line, "keepalived.conf virtual_router_id %s", router_id);
    say(host, line);
    snprintf(line, sizeof line, "keepalived.conf priority %s", priority);
    say(host, line);
    say(host, "keepalived.conf unicast_peer {");
    snprintf(line, sizeof line, "keepalived.conf %s", peer);
    say(host, line);
    say(host, "keepalived.conf }");
}

#define GOOD1 conf(LVS1, "51", "10.1.1.131 min_ttl 255 max_ttl 255", "BACKUP", "254")
#define GOOD2 conf(LVS2, "51", "10.1.1.130 min_ttl 255 max_ttl 255", "BACKUP", "253")
#define VIP_HERE "addr 2: eth0 inet 10.1.1.140/32 scope global eth0\ncomplete"

static void sound_directors(void **state)
{
    (void)state;
    GOOD1;
    GOOD2;
    live(LVS1, VIP_HERE);
    conclude(&rule_set_vrrp);
    assert_string_equal(causes(), "");
}

static void other_router_id(void **state)
{
    (void)state;
    GOOD1;
    conf(LVS2, "99", "10.1.1.130", "BACKUP", "253");
    live(LVS1, VIP_HERE);
    live(LVS2, VIP_HERE);
    failed("vrrp.single-master", "10.1.1.140");
    conclude(&rule_set_vrrp);
    assert_string_equal(causes(), "vrrp.mismatch@LVS-node01"); /* two-masters is its symptom */
    assert_int_equal(report.unexplained.n, 0);
    assert_true(has(report.findings.v[0]->evidence.v, report.findings.v[0]->evidence.n,
                    "virtual_router_id 99"));
}

static void a_peer_that_is_not_there(void **state)
{
    (void)state;
    conf(LVS1, "51", "10.1.1.139", "BACKUP", "254");
    GOOD2;
    conclude(&rule_set_vrrp);
    assert_string_equal(causes(), "vrrp.mismatch@LVS-master");
}

static void backup_as_master(void **state)
{
    (void)state;
    GOOD1;
    conf(LVS2, "51", "10.1.1.130", "MASTER", "254");
    conclude(&rule_set_vrrp);
    assert_string_equal(causes(), "vrrp.backup-master@LVS-node01"); /* and not same-priority */
}

static void authentication_that_version_3_ignores(void **state)
{
    (void)state;
    GOOD1;
    GOOD2;
    say(LVS2, "keepalived.conf auth_type PASS");
    conclude(&rule_set_vrrp);
    assert_string_equal(causes(), "");
}

static void one_priority(void **state)
{
    (void)state;
    GOOD1;
    conf(LVS2, "51", "10.1.1.130", "BACKUP", "254");
    conclude(&rule_set_vrrp);
    assert_string_equal(causes(), "vrrp.same-priority@LVS-node01");
}

static void two_masters_without_a_reason(void **state)
{
    (void)state;
    GOOD1;
    GOOD2;
    live(LVS1, VIP_HERE);
    live(LVS2, VIP_HERE);
    conclude(&rule_set_vrrp);
    assert_string_equal(causes(), "vrrp.two-masters@");
}

static void stranger(void **state)
{
    (void)state;
    GOOD1;
    GOOD2;
    say(LVS1, "keepalived.journal 1795357581.7 LVS-master Keepalived_vrrp[6]: (VI_1) Entering "
              "MASTER STATE");
    say(LVS1, "keepalived.journal 1795357590.7 LVS-master Keepalived_vrrp[6]: (VI_1) Master "
              "received advert from 10.1.1.150 with higher priority 255, ours 254");
    conclude(&rule_set_vrid);
    assert_string_equal(causes(), "vrrp.vrid-clash@");
    assert_non_null(strstr(report.findings.v[0]->cause, "10.1.1.150"));
}

static void a_stranger_that_nobody_heeds(void **state)
{
    (void)state;
    GOOD1;
    GOOD2;
    say(LVS2, "keepalived.journal 1795357590.7 LVS-node01 Keepalived_vrrp[6]: (VI_1) unicast source "
              "address 10.1.1.150 not a unicast peer");
    conclude(&rule_set_vrid);
    assert_string_equal(causes(), "vrrp.vrid-clash@");
    assert_non_null(strstr(report.findings.v[0]->cause, "10.1.1.150"));
    assert_non_null(strstr(report.findings.v[0]->cause, "do not mind it now"));
}

static void a_stranger_that_has_gone(void **state)
{
    (void)state;
    GOOD1;
    GOOD2;
    say(LVS1, "keepalived.journal 1795357590.7 LVS-master Keepalived_vrrp[6]: (VI_1) Master "
              "received advert from 10.1.1.150 with higher priority 255, ours 254");
    say(LVS1, "keepalived.journal 1795357599.7 LVS-master Keepalived_vrrp[6]: (VI_1) Entering "
              "MASTER STATE");
    live(LVS1, VIP_HERE);
    conclude(&rule_set_vrid);
    assert_string_equal(causes(), "");
}

static void heard(unsigned router_id, const char *source)
{
    struct vrrp_advert *a = &x.adverts[x.n_adverts++];
    *a = (struct vrrp_advert){.version = 3, .router_id = router_id, .priority = 100};
    assert_true(ipaddr_parse(source, &a->source));
}

static void heard_on_the_wire(void **state)
{
    (void)state;
    GOOD1;
    GOOD2;
    live(LVS1, VIP_HERE);
    heard(51, "10.1.1.150");
    conclude(&rule_set_vrid);
    assert_string_equal(causes(), "vrrp.vrid-clash@");
    assert_non_null(strstr(report.findings.v[0]->cause, "do not mind it now"));
}

static void heard_but_no_clash(void **state)
{
    (void)state;
    GOOD1;
    GOOD2;
    heard(52, "10.1.1.150"); /* another router */
    heard(51, "10.1.1.130"); /* our own */
    conclude(&rule_set_vrid);
    assert_string_equal(causes(), "");
}

static void a_dead_daemon(void **state)
{
    (void)state;
    GOOD1;
    say(LVS2, "keepalived.unit ActiveState=failed");
    conclude(&rule_set_vrrp);
    assert_string_equal(causes(), "keepalived.down@LVS-node01");
}

static bool shows(const struct finding *f, const char *text)
{
    return has(f->evidence.v, f->evidence.n, text);
}

/* Our own password and another, however keepalived quotes its file; what else it says stays. */
static void its_password_is_not_shown(void **state)
{
    (void)state;
    GOOD1;
    fake.cluster.vrrp.auth_pass = "0wn.pass";
    fake.results[LVS2].catalog.cluster = &fake.cluster;
    fake.results[LVS2].catalog.host = &fake.hosts[LVS2];
    say(LVS2, "keepalived.unit ActiveState=failed");
    say(LVS2, "keepalived.test (Line 7) Unterminated quote 'auth_pass\t\"K4nary'");
    say(LVS2, "keepalived.test (Line 8) Unterminated quote 'pass \"0wn.pass'");
    say(LVS2, "keepalived.journal 1795357570.1 h Keepalived[6]: error: auth_pass \"K4nary");
    conclude(&rule_set_vrrp);
    assert_string_equal(causes(), "keepalived.down@LVS-node01");
    const struct finding *f = report.findings.v[0];
    assert_true(shows(f, "keepalived -t: (Line 7) Unterminated quote 'auth_pass ********"));
    assert_true(shows(f, "Unterminated quote 'pass \"********'"));
    assert_true(shows(f, "error: auth_pass ********"));
    assert_false(shows(f, "K4nary") || shows(f, "0wn.pass"));
}

static void cut_dropped_and_unread(void **state)
{
    (void)state;
    say(LVS1, "keepalived.conf auth_pass 12 characters");
    say(LVS2, "keepalived.test (/etc/keepalived/keepalived.conf: Line 20) Unknown keyword 'foo'");
    conclude(&rule_set_keepalived);
    assert_string_equal(causes(), "keepalived.auth-pass-truncated@LVS-master "
                                  "keepalived.keyword-dropped@LVS-node01");
}

static void eight_characters_are_allowed(void **state)
{
    (void)state;
    say(LVS1, "keepalived.conf auth_pass 8 characters");
    say(LVS1, "keepalived.mtime 1795357570");
    say(LVS1, "keepalived.journal 1795357570.1 h Keepalived[6]: Configuration file /etc/x");
    conclude(&rule_set_keepalived);
    assert_string_equal(causes(), "");
}

static void changed_after_it_was_read(void **state)
{
    (void)state;
    say(LVS1, "keepalived.mtime 1795357571");
    say(LVS1, "keepalived.journal 1795357570.1 h Keepalived[6]: Configuration file /etc/x");
    conclude(&rule_set_keepalived);
    assert_string_equal(causes(), "keepalived.not-reloaded@LVS-master");
}

#define TABLE(servers) "ipvs -A -t 10.1.1.140:80 -s rr\n" servers "ipvs_end\ncomplete"
#define WEB1_IN "ipvs -a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w 1\n"
#define WEB2_IN "ipvs -a -t 10.1.1.140:80 -r 10.1.1.133:80 -g -w 1\n"

static void web1_missing(void)
{
    live(LVS1, TABLE(WEB2_IN));
    live(LVS2, TABLE(WEB1_IN WEB2_IN));
    say(LVS1, "keepalived.conf virtual_router_id 51");
    failed("ipvs.table", "LVS-master");
}

static void nginx_is_down(void **state)
{
    (void)state;
    web1_missing();
    say(WEB1, "ipvs.nginx ActiveState=failed");
    conclude(&rule_set_ipvs);
    assert_string_equal(causes(), "ipvs.server-down@Web01-RS");
    assert_int_equal(report.unexplained.n, 0);
}

static void nobody_listens(void **state)
{
    (void)state;
    web1_missing();
    say(WEB1, "ipvs.listen LISTEN 0 511 0.0.0.0:8080 0.0.0.0:*");
    conclude(&rule_set_ipvs);
    assert_string_equal(causes(), "ipvs.port-closed@Web01-RS");
}

static void answers_with_an_error(void **state)
{
    (void)state;
    web1_missing();
    say(WEB1, "ipvs.listen LISTEN 0 511 *:80 *:*");
    say(LVS1, "ipvs.ask Web01-RS 80 HTTP/1.1 500 Internal Server Error");
    conclude(&rule_set_ipvs);
    assert_string_equal(causes(), "ipvs.check-fails@Web01-RS");
}

static void asked_for_something_else(void **state)
{
    (void)state;
    web1_missing();
    say(WEB1, "ipvs.listen LISTEN 0 511 *:80 *:*");
    say(LVS1, "ipvs.ask Web01-RS 80 HTTP/1.1 200 OK");
    say(LVS1, "keepalived.conf status_code 404");
    conclude(&rule_set_ipvs);
    assert_string_equal(causes(), "ipvs.check-wrong@Web01-RS");
}

static void taken_out_by_hand(void **state)
{
    (void)state;
    web1_missing();
    say(WEB1, "ipvs.listen LISTEN 0 511 [::]:80 [::]:*");
    say(LVS1, "ipvs.ask Web01-RS 80 HTTP/1.1 200 OK");
    conclude(&rule_set_ipvs);
    assert_string_equal(causes(), "ipvs.entry-gone@Web01-RS");
    assert_non_null(
        strstr(report.findings.v[0]->fix, "ipvsadm -a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w 1"));
}

static void emptied(void **state)
{
    (void)state;
    live(LVS1, "ipvs_end\ncomplete");
    live(LVS2, TABLE(WEB1_IN WEB2_IN));
    say(LVS1, "keepalived.conf virtual_router_id 51");
    failed("ipvs.table", "LVS-master");
    conclude(&rule_set_ipvs);
    assert_string_equal(causes(), "ipvs.emptied@LVS-master");
    assert_int_equal(report.unexplained.n, 0);
}

static void misplaced(void **state)
{
    (void)state;
    say(WEB2, "ipvs.table TCP  0A01018C:0050 rr");
    conclude(&rule_set_ipvs);
    assert_string_equal(causes(), "ipvs.misplaced@Web02-RS");
}

static void a_machine_that_is_off(void **state)
{
    (void)state;
    fake.results[WEB1].reached = false;
    err_set(&fake.results[WEB1].err, ERR_UNREACHABLE, "Web01-RS: no route to host");
    x.hosts[WEB1].asked = false;
    say(LVS1, "reach.ping Web01-RS silent");
    failed("http.real-server", "Web01-RS");
    failed("config.converged", "Web01-RS");
    conclude(&rule_set_reach);
    assert_string_equal(causes(), "host.unreachable@Web01-RS");
    assert_non_null(strstr(report.findings.v[0]->cause, "is off"));
    assert_int_equal(report.unexplained.n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(same_host_only),
        TEST(anywhere_and_whatever_follows),
        TEST(of_two_that_explain_each_other_the_earlier_stays),
        TEST(a_later_rule_swallows_an_earlier_finding),
        TEST(independent_faults_stay_two),
        TEST(failed_checks_are_symptoms_or_unexplained),
        TEST(what_no_rule_knows_is_drift),
        TEST(steps_left_over_are_not_hidden),
        TEST(hostile_text_is_made_safe),
        TEST(a_host_cannot_fill_our_memory),
        TEST(a_silent_host_is_said),
        TEST(sound_directors),
        TEST(other_router_id),
        TEST(a_peer_that_is_not_there),
        TEST(backup_as_master),
        TEST(one_priority),
        TEST(two_masters_without_a_reason),
        TEST(stranger),
        TEST(a_stranger_that_has_gone),
        TEST(a_stranger_that_nobody_heeds),
        TEST(authentication_that_version_3_ignores),
        TEST(heard_on_the_wire),
        TEST(heard_but_no_clash),
        TEST(a_dead_daemon),
        TEST(its_password_is_not_shown),
        TEST(cut_dropped_and_unread),
        TEST(eight_characters_are_allowed),
        TEST(changed_after_it_was_read),
        TEST(nginx_is_down),
        TEST(nobody_listens),
        TEST(answers_with_an_error),
        TEST(asked_for_something_else),
        TEST(taken_out_by_hand),
        TEST(emptied),
        TEST(misplaced),
        TEST(a_machine_that_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
