/* verify: is the cluster what the inventory says, and does it work? Changes nothing that lasts. */
#include <stdio.h>

#include "cli/json_out.h"
#include "cli/render_verify.h"
#include "cli/verifying.h"

static void print_report(const struct session *s, const struct verify_report *r, int status)
{
    const struct invocation *in = s->in;
    autosb struct strbuf sb = {0};
    switch (in->args.output) {
    case OUTPUT_JUNIT: print_checks_junit(stdout, in->cluster, r); return;
    case OUTPUT_JSON:
        print_checks_json(stdout, r);
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "result");
        json_bool(&sb, "ok", status == 0);
        json_number(&sb, "passed", (long long)r->passed);
        json_number(&sb, "failed", (long long)r->failed);
        json_number(&sb, "skipped", (long long)r->skipped);
        json_number(&sb, "exit_status", status);
        json_line(&sb, stdout);
        return;
    default: break;
    }
    print_checks(stdout, &in->out, r, false);
    print_checks_total(stdout, r);
}

static int verify(struct session *s, struct err *e)
{
    struct verified v = {0};
    struct verify_now now = {.observe = true, .monitoring = MONITORING_ALERTS};
    int status = verifying_run(s, &v, &now, e) < 0 ? err_exit_status(e->code) : 0;
    if (v.done)
        print_report(s, &v.report, status);
    else
        status = -1;
    if (v.done && e->msg[0])
        report_error(&s->in->err, e);
    verified_free(&v);
    return status;
}

static int run_verify(struct invocation *in, struct err *e)
{
    struct session s;
    int rc = session_open(&s, in, true, e);
    if (rc == 0)
        rc = verify(&s, e);
    session_close(&s);
    return rc;
}

static const char *const output_choices[] = {"text", "json", "junit", NULL};

static const struct option_spec options[] = {
    {"requests", OPTION_NUMBER, offsetof(struct args, requests), "N", .min = 1, .max = 10000,
     .help = "Make N requests to each service to see how they are spread (three turns of the "
             "scheduler, at least 6)."},
    {"quiet", OPTION_SWITCH, offsetof(struct args, quiet),
     .help = "No progress; only the results."},
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, one JSON object a line, or JUnit XML."},
    {0},
};

const struct command cmd_verify = {
    .name = "verify",
    .usage = "[INVENTORY]",
    .summary = "Check that the cluster works, changing nothing",
    .about = "Looks at every host and at what a client of the cluster sees, and prints every check "
             "with its evidence. Safe on a cluster in use: all it writes is a file of random text "
             "in the share, read through every real server and removed again.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_RUNS,
    .options = options,
    .run = run_verify,
};
