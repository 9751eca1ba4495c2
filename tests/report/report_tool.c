/*
 * Makes a failover report of made-up trials, so that its renderings can be looked at:
 *
 *     report_tool html FILE [passed|over|failed|hostile|many|interrupted|doubtful|empty]
 *     report_tool text|summary|json|records|junit [...]
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/failover_html.h"
#include "cli/render_failover.h"
#include "synth.h"

#define MS(n) ((int64_t)(n)*1000)

enum { FAULT_AT = 300, UNDO_AT = 900, REQUESTS = 1500 }; /* requests of synth_trial() */

static const char *const web[] = {"Web01-RS", "Web02-RS"};
/* What a host or an inventory might hold to deceive. */
static const char hostile[] =
    "</text><script>alert(1)</script><img src=x onerror=alert(2)> \"'&amp;"
    "\033[2J\xe2\x80\xae \xff"
    "a-name-that-is-much-too-long-for-any-column";
static const char *const hostile_web[] = {hostile, "Web02-RS", "]]>--><svg onload='alert(3)'>"};

/* A latency that looks like one: most near 1 ms, a few far above it. The same in every run. */
static void vary(struct trial *t, unsigned seed)
{
    uint32_t x = seed * 2654435761u + 1;
    for (size_t i = 0; i < t->log.n; i++) {
        x = x * 1664525u + 1013904223u;
        uint32_t k = x >> 24;
        t->log.v[i].done_us = t->log.v[i].due_us + 700 + (x >> 22) + (k > 250 ? k * 40 : 0);
    }
}

static const struct prediction takeover = {MS(201), MS(301),
                                           "2 to 3 adverts of 0.1 s + skew 0.001 s"};

static struct trial *begin(struct failover_report *r, const char *scenario, unsigned round)
{
    struct trial *t = synth_trial(r, scenario, round, REQUESTS);
    vary(t, round + (unsigned)strlen(scenario));
    t->began = "2026-11-22T14:03:11Z";
    t->host = "LVS-master";
    t->log.late_median_us = 60;
    t->log.late_max_us = 1900;
    return t;
}

static void end(struct failover_report *r, struct trial *t)
{
    trial_measure(r, t);
    if (t->verdict == TRIAL_PASS && trial_over_budget(r, t))
        t->verdict = TRIAL_OVER;
}

/* The VIP is gone for `lost` requests; the new director answers after that. */
static void director(struct failover_report *r, const char *scenario, unsigned round, size_t lost)
{
    struct trial *t = begin(r, scenario, round);
    int64_t fault = MS(FAULT_AT * 10) - 3100, moved = fault + (int64_t)lost * SYNTH_INTERVAL;
    t->predicted = takeover;
    synth_lose(t, FAULT_AT, FAULT_AT + lost, LOAD_TIMEOUT);
    synth_lose(t, FAULT_AT, FAULT_AT + lost / 10, LOAD_RESET);
    synth_mark(t, MARK_FAULT, fault, 900, "keepalived killed on LVS-master");
    synth_mark(t, MARK_DETECTED, moved - MS(8), 900, "LVS-node01 entered MASTER");
    synth_mark(t, MARK_MOVED, moved, 0, "VIP at 52:54:00:0a:01:83 (LVS-node01)");
    synth_mark(t, MARK_UNDO, MS(UNDO_AT * 10), 900, "keepalived started on LVS-master");
    synth_mark(t, MARK_RECOVERED, MS(12400), 0, "every check passes");
    end(r, t);
}

/* Half of the requests fail until the checks take the real server out of the table. */
static void real_server(struct failover_report *r, const char *scenario, unsigned round,
                        size_t lost)
{
    struct trial *t = begin(r, scenario, round);
    t->host = "Web01-RS";
    t->predicted = (struct prediction){MS(500), MS(1500), "1 check of 0.5 s, 1 retry of 0.5 s"};
    synth_mark(t, MARK_FAULT, MS(FAULT_AT * 10), 1100, "nginx killed on Web01-RS");
    for (size_t i = FAULT_AT; i < UNDO_AT; i++)
        if (i < FAULT_AT + lost && i % r->n_backends == 0)
            synth_lose(t, i, i + 1, LOAD_REFUSED);
        else
            t->log.v[i].backend = 1;
    synth_mark(t, MARK_DETECTED, MS(FAULT_AT * 10 + lost * 10), 900,
               "LVS-master removed Web01-RS from the table");
    synth_mark(t, MARK_UNDO, MS(UNDO_AT * 10), 900, "nginx started on Web01-RS");
    synth_mark(t, MARK_RECOVERED, MS(9900), 0, "every check passes");
    end(r, t);
}

static void planned(struct failover_report *r, const char *scenario, unsigned round, size_t lost)
{
    struct trial *t = begin(r, scenario, round);
    t->predicted = (struct prediction){0, 0, "nothing: planned"};
    synth_mark(t, MARK_FAULT, MS(3000), 800, "LVS-master asked to hand over");
    synth_mark(t, MARK_MOVED, MS(3120), 0, "VIP at 52:54:00:0a:01:83 (LVS-node01)");
    synth_mark(t, MARK_RECOVERED, MS(5000), 0, "every check passes");
    synth_lose(t, 312, 312 + lost, LOAD_RESET);
    end(r, t);
}

static void not_passed(struct failover_report *r, const char *scenario, unsigned round,
                       enum trial_verdict verdict, const char *reason)
{
    struct trial *t = begin(r, scenario, round);
    t->verdict = verdict;
    t->reason = reason;
    if (verdict == TRIAL_SKIPPED) {
        t->log.n = 0;
        t->host = NULL;
    } else {
        synth_lose(t, FAULT_AT, REQUESTS, LOAD_WRONG);
        synth_mark(t, MARK_FAULT, MS(3000), MS(25), hostile);
        t->log.late = 40;
        t->log.late_max_us = MS(310);
    }
    end(r, t);
}

static void passed(struct failover_report *r)
{
    for (unsigned k = 1; k <= r->repeat; k++) {
        planned(r, "director-handover", k, 0);
        director(r, "director-stop", k, 9 + k % 3);
        director(r, "director-kill", k, 24 + k * 7 % 11);
        director(r, "director-isolate", k, 26 + k * 5 % 9);
        planned(r, "rs-drain", k, 0);
        real_server(r, "rs-kill", k, 60 + k * 13 % 50);
    }
    not_passed(r, "nfs-stop", 1, TRIAL_SKIPPED, "the inventory has no NFS host");
}

static void over(struct failover_report *r)
{
    passed(r);
    director(r, "director-isolate", r->repeat + 1, 350);
    planned(r, "rs-drain", r->repeat + 1, 2);
}

static void failed(struct failover_report *r)
{
    r->repeat = 1;
    director(r, "director-kill", 1, 30);
    not_passed(r, "rs-isolate", 1, TRIAL_FAILED, "the cluster did not recover within 60 s");
}

static void nasty(struct failover_report *r)
{
    r->cluster = r->url = r->timers = hostile;
    r->backends = hostile_web;
    r->n_backends = ARRAY_LEN(hostile_web);
    failed(r);
    not_passed(r, "nfs-stop", 1, TRIAL_SKIPPED, hostile);
    for (size_t i = 0; i < r->trials.n; i++)
        r->trials.v[i]->host = hostile;
}

static void many(struct failover_report *r)
{
    static const char *names[20];
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        names[i] = arena_printf(&r->arena, "web%02zu", i);
    r->backends = names;
    r->n_backends = ARRAY_LEN(names);
    r->repeat = 1;
    director(r, "director-kill", 1, 30);
}

static void interrupted(struct failover_report *r)
{
    r->interrupted = true;
    r->repeat = 1;
    planned(r, "director-handover", 1, 0);
}

static void doubtful(struct failover_report *r)
{
    r->repeat = 1;
    r->drifted = "LVS-node01";
    director(r, "director-kill", 1, 30);
    r->trials.v[0]->unwatched = "it is on none of this machine's own links";
    r->trials.v[0]->stood = "LVS-master";
    r->trials.v[0]->stood_us = 4900000;
}

static void empty(struct failover_report *r)
{
    (void)r;
}

static const struct {
    const char *name;
    void (*make)(struct failover_report *r);
} kinds[] = {{"passed", passed}, {"over", over}, {"failed", failed},
             {"hostile", nasty}, {"many", many}, {"interrupted", interrupted},
             {"doubtful", doubtful}, {"empty", empty}};

static int print(const char *what, const char *file, struct failover_report *r)
{
    struct style plain = {.color = false};
    struct err e = {0};
    if (strcmp(what, "html") == 0 && failover_write_html(file, r, &e) < 0)
        return fprintf(stderr, "%s\n", e.msg), 1;
    for (size_t i = 0; strcmp(what, "text") == 0 && i < r->trials.n; i++)
        failover_print_trial(stdout, &plain, r, r->trials.v[i]);
    if (strcmp(what, "summary") == 0)
        failover_print_summary(stdout, &plain, r);
    if (strcmp(what, "json") == 0 || strcmp(what, "records") == 0)
        failover_print_json(stdout, r, what[0] == 'r');
    if (strcmp(what, "junit") == 0)
        failover_print_junit(stdout, r);
    return 0;
}

int main(int argc, char **argv)
{
    bool html = argc > 1 && strcmp(argv[1], "html") == 0;
    if (argc != (html ? 4 : 3))
        return fprintf(stderr, "usage: report_tool html FILE KIND | text|json|... KIND\n"), 64;
    setlocale(LC_ALL, "");
    struct failover_report r = {
        .cluster = "web",
        .vip = "10.1.1.140",
        .url = "http://10.1.1.140/",
        .began = "2026-11-22T14:02:00Z",
        .rate = SYNTH_RATE,
        .timeout_ms = 1000,
        .repeat = 10,
        .budget_us = MS(2000),
        .backends = web,
        .n_backends = ARRAY_LEN(web),
        .timers = "VRRPv3, advert 0.1 s, priorities 254/253, checks every 0.5 s",
    };
    int rc = 64;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, argv[argc - 1]) != 0)
            continue;
        kinds[i].make(&r);
        failover_summarise(&r);
        rc = print(argv[1], html ? argv[2] : NULL, &r);
    }
    failover_free(&r);
    return rc;
}
