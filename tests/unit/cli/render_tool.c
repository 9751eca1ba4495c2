/*
 * Feeds a made-up deployment to a renderer, so that what it prints can be compared byte for byte:
 *
 *     render_tool plain|live|json [plan|apply|verify] [--hosts N] [--quiet] [--color] [--interrupt]
 *     render_tool plan|outcome|outcome-json|checks|checks-json|junit|metrics [--color]
 *     render_tool status|status-broken|status-json|status-broken-json|status-screen [--color]
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/outcome.h"
#include "cli/render.h"
#include "cli/render_plan.h"
#include "cli/render_status.h"
#include "cli/render_metrics.h"
#include "cli/render_verify.h"
#include "cli/signals.h"
#include "status_sample.h"

enum { MAX_HOSTS = 64, MAX_STEPS = 4 };

static struct host hosts[MAX_HOSTS];
static struct cluster cluster = {.name = "web", .file = "inventory.json", .hosts = hosts};
static struct host_result results[MAX_HOSTS];
static struct step steps[MAX_HOSTS][MAX_STEPS];
static enum step_state states[MAX_HOSTS][MAX_STEPS];

static const struct resource r_packages = {RES_PACKAGES, "packages", "packages"};
static const struct resource r_file = {RES_FILE, "/etc/nginx/conf.d/clusterctl.conf", "nginx"};
static const struct resource r_service = {RES_SERVICE, "nginx.service", "nginx"};
static const struct resource r_port = {RES_PORT, "tcp/80", "nginx"};

/* What a host might send to deceive: an escape sequence, a C1 control, invalid UTF-8. */
static const char hostile[] = "nginx: \033[2Jemerg\xc2\x9b bad \xff byte\nsecond line\n";

static const struct step plan_steps[MAX_STEPS] = {
    {.want = &r_packages, .summary = "install packages nginx nfs-common"},
    {.want = &r_file,
     .summary = "write /etc/nginx/conf.d/clusterctl.conf",
     .impact = IMPACT_RELOAD,
     .diff = "--- a/etc/nginx/conf.d/clusterctl.conf\n+++ b/etc/nginx/conf.d/clusterctl.conf\n"
             "@@ -1,3 +1,3 @@\n server {\n-\tlisten 8080;\n+\tlisten 80;\n }\n"},
    {.want = &r_service, .summary = "reload nginx.service", .impact = IMPACT_RELOAD},
    {.want = &r_port,
     .summary = "port tcp/80",
     .blocked = "apache2 holds it: \033[31mLISTEN",
     .hint = "stop apache2, or give the service another port"},
};

static void make_cluster(size_t n)
{
    static const char *const names[] = {"LVS-master", "LVS-node01", "Web01-RS", "Web02-RS", "NFS"};
    static char more[MAX_HOSTS][16];
    cluster.n_hosts = n;
    for (size_t i = 0; i < n; i++) {
        snprintf(more[i], sizeof more[i], "web%02zu", i);
        hosts[i].name = i < ARRAY_LEN(names) ? names[i] : more[i];
        hosts[i].index_in_cluster = i;
        hosts[i].address.family = AF_INET;
        memcpy(hosts[i].address.b, (unsigned char[]){10, 1, 1, (unsigned char)(130 + i)}, 4);
        results[i] = (struct host_result){.host = &hosts[i], .reached = true, .ok = true};
        memcpy(steps[i], plan_steps, sizeof plan_steps);
    }
}

static void give_plan(size_t i, size_t n)
{
    results[i].plan.steps.v = steps[i];
    results[i].plan.steps.n = n;
    results[i].states = states[i];
}

static void fail(size_t i, bool reached, enum err_code code, const char *msg, const char *hint)
{
    results[i].ok = false;
    results[i].reached = reached;
    err_set(&results[i].err, code, "%s", msg);
    err_hint(&results[i].err, "%s", hint);
}

/* The run: the directors are as wanted, Web01 succeeds, Web02's reload fails, NFS is off. */
static void make_results(void)
{
    give_plan(0, 0);
    give_plan(1, 0);
    give_plan(2, 3);
    give_plan(3, 4);
    for (size_t k = 0; k < 3; k++)
        states[2][k] = STEP_DONE;
    results[2].done = 3;
    states[3][0] = states[3][1] = STEP_DONE;
    states[3][2] = STEP_FAILED;
    results[3].done = 2;
    fail(3, true, ERR_FAILED, "reload nginx.service: exit status 1", "see journalctl -u nginx");
    fail(4, false, ERR_UNREACHABLE, "10.1.1.134:22: connection timed out", "is the machine on?");
}

static const struct renderer *target;

static void emit(enum event_type type, int64_t at_ms, size_t host, struct event ev)
{
    ev.type = type;
    ev.at_ms = at_ms;
    ev.host = &hosts[host];
    target->sink.event(target->sink.ud, &ev);
}

static void tick(int64_t at_ms)
{
    if (target->sink.tick)
        target->sink.tick(target->sink.ud, at_ms);
}

static struct event of_step(size_t host, size_t k)
{
    return (struct event){.step = &steps[host][k],
                          .plan = &results[host].plan,
                          .step_no = k + 1,
                          .n_steps = results[host].plan.steps.n};
}

static void begin_hosts(void)
{
    for (size_t i = 0; i < cluster.n_hosts; i++)
        emit(EV_CONNECTING, 1 + (int64_t)i, i, (struct event){0});
    for (size_t i = 0; i < cluster.n_hosts; i++)
        if (i != 4)
            emit(EV_OBSERVING, 300 + (int64_t)i, i, (struct event){0});
    for (size_t i = 0; i < cluster.n_hosts; i++)
        if (i != 4)
            emit(EV_PLANNED, 700 + (int64_t)i, i, (struct event){.plan = &results[i].plan});
    emit(EV_HOST_OK, 750, 0, (struct event){.plan = &results[0].plan});
    emit(EV_LOCK_WAIT, 760, 1,
         (struct event){.text = "clusterctl of alice@ops since 12:01\033[0m"});
    tick(1000);
}

static void feed_steps(bool interrupt)
{
    struct event ev;
    emit(EV_STEP_START, 1100, 2, of_step(2, 0));
    for (size_t k = 0; k < 2; k++) {
        emit(EV_STEP_START, 2000 + (int64_t)k * 100, 3, of_step(3, k));
        ev = of_step(3, k);
        ev.elapsed_ms = 50;
        if (k == 1) {
            struct event wait = of_step(3, 2);
            wait.text = "exported on NFS";
            emit(EV_WAITING, 2120, 3, wait); /* known while step 2 is still at work */
        }
        emit(EV_STEP_DONE, 2050 + (int64_t)k * 100, 3, ev);
    }
    tick(5000);
    if (interrupt)
        raise(SIGINT);
    tick(11200);
    tick(11300);
    emit(EV_HOST_FAILED, 12000, 4, (struct event){.err = &results[4].err});
    ev = of_step(2, 0);
    ev.elapsed_ms = 81250;
    emit(EV_STEP_DONE, 82350, 2, ev);
    for (size_t k = 1; k < 3; k++) {
        emit(EV_STEP_START, 82400 + (int64_t)k, 2, of_step(2, k));
        ev = of_step(2, k);
        ev.elapsed_ms = 400;
        emit(EV_STEP_DONE, 82800 + (int64_t)k, 2, ev);
    }
    emit(EV_HOST_OK, 83000, 2, (struct event){.plan = &results[2].plan});
    emit(EV_STEP_START, 83100, 3, of_step(3, 2));
    ev = of_step(3, 2);
    ev.elapsed_ms = 120;
    ev.err = &results[3].err;
    ev.text = hostile;
    emit(EV_STEP_FAILED, 83220, 3, ev);
    emit(EV_HOST_FAILED, 83230, 3,
         (struct event){.err = &results[3].err, .plan = &results[3].plan});
    emit(EV_HOST_OK, 83300, 1, (struct event){.plan = &results[1].plan});
    for (size_t i = 5; i < cluster.n_hosts; i++)
        emit(EV_HOST_OK, 83400 + (int64_t)i, i, (struct event){.plan = &results[i].plan});
    struct event end = {.type = EV_RUN_END, .at_ms = 83500};
    target->sink.event(target->sink.ud, &end);
}

static int render(const char *name, struct render_options *o, bool interrupt)
{
    struct err e = {0};
    o->out = stdout;
    o->cluster = &cluster;
    if (interrupt && signals_init(&e) < 0)
        return 1;
    struct renderer *r = strcmp(name, "plain") == 0  ? render_plain_new(o)
                         : strcmp(name, "live") == 0 ? render_live_new(o)
                                                     : render_json_new(o);
    target = r;
    begin_hosts();
    feed_steps(interrupt);
    r->free(r);
    return 0;
}

static int print_dry_run(const struct style *st)
{
    struct plan_totals t = {0};
    for (size_t i = 0; i < cluster.n_hosts; i++) {
        plan_total(&t, &results[i]);
        print_plan(stdout, st, &results[i]);
    }
    print_totals(stdout, &t);
    print_totals(stdout, &(struct plan_totals){0});
    return 0;
}

static int print_outcome(const struct style *st, bool json)
{
    struct outcome o = {.n = cluster.n_hosts};
    o.hosts = arena_array(&o.arena, struct host_outcome, o.n);
    for (size_t i = 0; i < o.n; i++)
        outcome_take_host(&o, &o.hosts[i], &results[i]);
    if (json)
        outcome_print_json(stdout, &o);
    else
        outcome_print(stdout, st, &o);
    outcome_free(&o);
    return 0;
}

static int print_report(const char *name, const struct style *st)
{
    struct check_result list[] = {
        {"vip.single-owner", "VIP on one director", "10.1.1.140", CHECK_PASS,
         "LVS-master only (eth0)", NULL, NULL, 12},
        {"arp.silent", "Real servers stay silent", "Web01-RS", CHECK_FAIL,
         "52:54:00:00:00:02 answered <&\"\033[2J", "all.arp_ignore is 0", "run clusterctl deploy",
         1500},
        {"nfs.shared", "The share is one", "Web02-RS", CHECK_SKIP, NULL, "Web02-RS is unreachable",
         NULL, 0},
    };
    struct verify_report r = {.passed = 1, .failed = 1, .skipped = 1};
    r.results.v = list;
    r.results.n = ARRAY_LEN(list);
    if (strcmp(name, "junit") == 0) {
        print_checks_junit(stdout, &cluster, &r);
    } else if (strcmp(name, "metrics") == 0) {
        autosb struct strbuf text = {0};
        list[2].subject = "a \"b\" \\\nc";
        list[2].status = CHECK_PASS;
        metrics_of_checks(&text, "web", &r, 1795678306, 12345);
        fputs(sb_str(&text), stdout);
    } else if (strcmp(name, "checks-json") == 0) {
        print_checks_json(stdout, &r);
    } else {
        print_checks(stdout, st, &r, false);
        print_checks_total(stdout, &r);
    }
    return 0;
}

/* status-screen: a frame of each report; the second takes the first one's place. */
static int print_status(const char *name, const struct style *st)
{
    struct status_report reports[2];
    struct status_screen screen = {0};
    bool on_screen = strstr(name, "screen"), broken = strstr(name, "broken");
    sample_healthy(&reports[0]);
    sample_broken(&reports[1]);
    if (on_screen)
        screen_open(&screen, stdout);
    for (size_t i = on_screen || !broken ? 0 : 1; i < (on_screen || broken ? 2 : 1); i++) {
        autosb struct strbuf sb = {0};
        status_text(&sb, st, &reports[i]);
        if (on_screen)
            screen_show(&screen, sb_str(&sb));
        else if (strstr(name, "json"))
            print_status_json(stdout, &reports[i]);
        else
            fputs(sb_str(&sb), stdout);
    }
    screen_close(&screen);
    status_report_free(&reports[0]);
    status_report_free(&reports[1]);
    return 0;
}

int main(int argc, char **argv)
{
    struct render_options o = {.pass = PASS_APPLY};
    bool interrupt = false;
    size_t n = 5;
    const char *name = argc > 1 ? argv[1] : "";
    setlocale(LC_CTYPE, "");
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--quiet") == 0)
            o.quiet = true;
        else if (strcmp(argv[i], "--color") == 0)
            o.style.color = true;
        else if (strcmp(argv[i], "--interrupt") == 0)
            interrupt = true;
        else if (strcmp(argv[i], "--hosts") == 0 && i + 1 < argc)
            n = (size_t)atoi(argv[++i]);
        else
            o.pass = strcmp(argv[i], "plan") == 0     ? PASS_PLAN
                     : strcmp(argv[i], "verify") == 0 ? PASS_VERIFY
                                                      : PASS_APPLY;
    }
    if (n < 5 || n > MAX_HOSTS)
        return 64;
    make_cluster(n);
    make_results();
    if (strcmp(name, "plan") == 0)
        return print_dry_run(&o.style);
    if (strncmp(name, "status", 6) == 0)
        return print_status(name, &o.style);
    if (strncmp(name, "outcome", 7) == 0)
        return print_outcome(&o.style, name[7] == '-');
    if (strncmp(name, "checks", 6) == 0 || strcmp(name, "junit") == 0 || strcmp(name, "metrics") == 0)
        return print_report(name, &o.style);
    return render(name, &o, interrupt);
}
