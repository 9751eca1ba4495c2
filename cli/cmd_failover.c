/* failover-test: break the cluster on purpose, one fault at a time, and measure what a client sees.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/vec.h"
#include "cli/failover_html.h"
#include "cli/outfile.h"
#include "cli/render_failover.h"
#include "cli/session.h"
#include "cli/verifying.h"
#include "failover/failover.h"

/*
 * A SYN that is lost is sent again after 1 s (RFC 6298, 2.1): with this time limit a request whose
 * first packet was lost counts as lost, instead of hiding in the latency.
 */
enum { TIMEOUT_US = 1000 * 1000, BUDGET_US = 2000 * 1000, RATE = 100 };

static void list_scenarios(struct strbuf *sb)
{
    for (size_t i = 0; i < SCENARIO_N; i++)
        sb_addf(sb, "%s%s", i ? ", " : "", scenarios[i].name);
}

static int no_such_scenario(const char *word, struct err *e)
{
    const char *names[SCENARIO_N + 1] = {NULL};
    for (size_t i = 0; i < SCENARIO_N; i++)
        names[i] = scenarios[i].name;
    const char *near = nearest_word(word, names);
    err_set(e, ERR_USAGE, "there is no scenario '%s'", word);
    return near ? err_hint(e, "did you mean '%s'?", near)
                : err_hint(e, "`clusterctl failover-test` without options lists them");
}

typedef VEC(const struct scenario *) scenario_list;

/* One option's "NAME,...". */
static int add_named(scenario_list *list, const char *value, struct err *e)
{
    autofree char *words = xstrdup(value);
    for (char *save = NULL, *w = strtok_r(words, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
        const struct scenario *s = scenario_find(w);
        if (!s)
            return no_such_scenario(w, e);
        *vec_push(list) = s;
    }
    return 0;
}

/* The named scenarios, or all. */
static int choose(const struct args *a, scenario_list *list, struct err *e)
{
    const struct option_list *named = &a->scenarios;
    if (a->all && named->n)
        return err_set(e, ERR_USAGE, "options '--scenario' and '--all' exclude each other");
    for (size_t i = 0; i < named->n; i++)
        if (add_named(list, named->v[i], e) < 0)
            return -1;
    for (size_t i = 0; a->all && i < SCENARIO_N; i++)
        *vec_push(list) = &scenarios[i];
    if (!list->n) {
        autosb struct strbuf sb = {0};
        list_scenarios(&sb);
        err_set(e, ERR_USAGE, "which faults? Name them with --scenario NAME,..., or --all");
        return err_hint(e, "the scenarios: %s", sb_str(&sb));
    }
    return 0;
}

/* Half an hour of faults is not for nothing. */
static int can_report(const struct args *a, struct err *e)
{
    if (a->report && a->report_json && !strcmp(a->report, a->report_json))
        return err_set(e, ERR_USAGE, "options '--report' and '--report-json' name the same file");
    if (a->report && outfile_check(a->report, e) < 0)
        return -1;
    return a->report_json ? outfile_check(a->report_json, e) : 0;
}

static void on_progress(void *ud, const struct trial *t, const char *text)
{
    const struct invocation *in = ((const struct session *)ud)->in;
    if (!in->args.quiet && in->args.output == OUTPUT_TEXT)
        report_note(&in->err, "%s%s%s: %s", t->scenario->name, t->host ? " on " : "",
                    t->host ? t->host : "", text);
}

static void on_trial(void *ud, const struct failover_report *r, const struct trial *t)
{
    const struct invocation *in = ((const struct session *)ud)->in;
    if (in->args.output == OUTPUT_TEXT)
        failover_print_trial(stdout, &in->out, r, t);
    else if (in->args.output == OUTPUT_JSON)
        failover_print_trial_json(stdout, r, t, false);
    fflush(stdout);
}

/* Only a cluster that is right can show what a fault does to it. */
static int must_be_right(struct session *s, struct err *e)
{
    const struct invocation *in = s->in;
    struct verified v = {0};
    struct verify_now now = {.observe = true};
    int rc = verifying_run(s, &v, &now, e);
    if (rc < 0 && v.done && in->args.output == OUTPUT_TEXT)
        verified_print_failures(&v, &in->err, stderr);
    size_t failed = v.report.failed;
    bool force = in->args.force && v.done && e->code != ERR_INTERRUPTED;
    verified_free(&v);
    if (rc == 0)
        return 0;
    if (force) {
        report_note(&in->err, "going on, as --force asks: what fails now may stay broken, and what "
                              "is measured is not what the cluster can do");
        *e = (struct err){0};
        return 0;
    }
    if (e->msg[0])
        return -1;
    err_set(e, ERR_FAILED, "the cluster is not right (%zu check%s failed): no fault was made",
            failed, failed == 1 ? "" : "s");
    return err_hint(e,
                    "`clusterctl doctor` says why. --force breaks it all the same: a part that is "
                    "already missing may be the one that would have carried the traffic, and the "
                    "service stops");
}

static int write_reports(const struct invocation *in, const struct failover_report *r,
                         struct err *e)
{
    const struct args *a = &in->args;
    if (a->report && failover_write_html(a->report, r, e) < 0)
        return -1;
    if (a->report && !a->quiet)
        report_note(&in->err, "the report is in %s", a->report);
    if (!a->report_json)
        return 0;
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return err_errno(e, "cannot write '%s'", a->report_json);
    failover_print_json(f, r, true);
    bool whole = !ferror(f);
    int rc = fclose(f) == 0 && whole ? outfile_write(a->report_json, text, len, e)
                                     : err_errno(e, "cannot write '%s'", a->report_json);
    xfree(text);
    return rc;
}

static void print_end(const struct invocation *in, const struct failover_report *r)
{
    switch (in->args.output) {
    case OUTPUT_JUNIT: failover_print_junit(stdout, r); break;
    case OUTPUT_JSON: failover_print_result_json(stdout, r); break;
    default: failover_print_summary(stdout, &in->out, r); break;
    }
}

static int test(struct session *s, const scenario_list *list, struct err *e)
{
    const struct args *a = &s->in->args;
    struct failover_sink sink = {.progress = on_progress, .trial = on_trial, .ud = s};
    struct failover_options o = {
        .scenarios = list->v,
        .n_scenarios = list->n,
        .repeat = a->repeat ? a->repeat : 1,
        .rate = a->rate ? a->rate : RATE,
        .timeout_ms = (unsigned)((a->timeout_us ? a->timeout_us : TIMEOUT_US) / 1000),
        .budget_us = a->budget_us ? a->budget_us : BUDGET_US,
        .sink = &sink,
        .cancel = &s->cancel,
    };
    struct failover_report r;
    int rc = failover_test(s->run, &o, &r, e);
    int status = rc < 0 ? err_exit_status(e->code) : failover_passed(&r) ? 0 : 1;
    if (r.trials.n) {
        struct err we = {0};
        print_end(s->in, &r);
        if (write_reports(s->in, &r, &we) < 0) {
            report_error(&s->in->err, &we);
            status = status ? status : err_exit_status(we.code);
        }
    }
    if (rc < 0)
        report_error(&s->in->err, e);
    failover_free(&r);
    return status;
}

static int run_failover(struct invocation *in, struct err *e)
{
    struct session s = {0};
    scenario_list list = {0};
    int rc = choose(&in->args, &list, e);
    if (rc == 0)
        rc = can_report(&in->args, e);
    if (rc == 0)
        rc = session_open(&s, in, true, e);
    if (rc == 0)
        do
            rc = must_be_right(&s, e);
        while (rc == 0 && (rc = session_claim(&s, e)) > 0);
    if (rc == 0)
        rc = test(&s, &list, e);
    session_close(&s);
    vec_free(&list);
    return rc;
}

static const char *const output_choices[] = {"text", "json", "junit", NULL};

static const struct option_spec options[] = {
    {"scenario", OPTION_LIST, offsetof(struct args, scenarios), "NAME,...",
     .help = "The faults to make, in this order. May be given again for more."},
    {"all", OPTION_SWITCH, offsetof(struct args, all), .help = "Make every fault."},
    {"budget", OPTION_TIME, offsetof(struct args, budget_us), "TIME",
     .help = "The outage that passes (2s). A planned change passes only without any loss."},
    {"rate", OPTION_NUMBER, offsetof(struct args, rate), "N", .min = 1, .max = 10000,
     .help = "Requests a second (100)."},
    {"timeout", OPTION_TIME, offsetof(struct args, timeout_us), "TIME",
     .help = "A request without its answer by then is lost (1s)."},
    {"repeat", OPTION_NUMBER, offsetof(struct args, repeat), "N", .min = 1, .max = 1000,
     .help = "Do it all N times, and give medians (1)."},
    {"report", OPTION_STRING, offsetof(struct args, report), "FILE",
     .help = "Write a report with a timeline of every scenario: one HTML file."},
    {"report-json", OPTION_STRING, offsetof(struct args, report_json), "FILE",
     .help = "Write every number, each request's too: one JSON object a line."},
    {"force", OPTION_SWITCH, offsetof(struct args, force),
     .help = "Also break a cluster that is not right to begin with."},
    {"quiet", OPTION_SWITCH, offsetof(struct args, quiet),
     .help = "No progress; only the results."},
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, one JSON object a line, or JUnit XML."},
    {0},
};

const struct command cmd_failover = {
    .name = "failover-test",
    .usage = "[INVENTORY]",
    .summary = "Break the cluster on purpose and measure what a client sees",
    .about =
        "Makes real faults on the hosts, one at a time, while requests go to the VIP at a steady "
        "rate, and holds the outage against what the timers promise and against a budget. Every "
        "fault is undone at its end, or by a timer on the host if this program does not live to "
        "see it. Do not run it where two minutes of outage would hurt more than not knowing.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_RUNS,
    .options = options,
    .run = run_failover,
};
