/* doctor: what is wrong with the cluster, and why; with --fix, put right what deploy can. */
#include <stdio.h>
#include <string.h>

#include "cli/json_out.h"
#include "cli/outcome.h"
#include "cli/render_doctor.h"
#include "cli/session.h"
#include "cli/signals.h"
#include "cli/verifying.h"

static bool is_json(const struct session *s)
{
    return s->in->args.output == OUTPUT_JSON;
}

static int examine(struct session *s, struct doctor_report *out, struct err *e)
{
    if (!s->in->args.quiet && !is_json(s))
        report_note(&s->in->err, "examining the cluster");
    struct doctor_options o = {.cancel = &s->cancel};
    return doctor_examine(s->run, &o, out, e);
}

/* 0: nothing; 69: hosts that cannot be reached and nothing else; 1: something is wrong. */
static int verdict(const struct doctor_report *r)
{
    size_t away = 0;
    for (size_t i = 0; i < r->findings.n; i++)
        away += !strcmp(r->findings.v[i]->id, "host.unreachable");
    if (!r->findings.n && !r->unexplained.n)
        return 0;
    return err_exit_status(away && away == r->findings.n && !r->unexplained.n ? ERR_UNREACHABLE
                                                                              : ERR_FAILED);
}

static void print_report(const struct session *s, const struct doctor_report *r, bool after_fix)
{
    if (is_json(s))
        print_findings_json(stdout, r, after_fix);
    else
        print_findings(stdout, &s->in->out, r);
}

static void print_result(const struct session *s, const struct doctor_report *r, int status)
{
    autosb struct strbuf sb = {0};
    if (!is_json(s)) {
        print_findings_total(stdout, r);
        return;
    }
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "result");
    json_bool(&sb, "ok", status == 0);
    json_number(&sb, "findings", (long long)r->findings.n);
    json_number(&sb, "unexplained", (long long)r->unexplained.n);
    json_number(&sb, "hosts", (long long)r->hosts);
    json_number(&sb, "hosts_asked", (long long)r->hosts_asked);
    json_number(&sb, "rules", (long long)r->rules);
    json_number(&sb, "checks", (long long)r->checks);
    json_number(&sb, "exit_status", status);
    json_line(&sb, stdout);
}

static size_t count_remedy(const struct doctor_report *r, enum remedy remedy)
{
    size_t n = 0;
    for (size_t i = 0; i < r->findings.n; i++)
        n += r->findings.v[i]->remedy == remedy;
    return n;
}

/* The plan of deploy, applied as deploy does; then time for the cluster to take it in. */
static int apply(struct session *s, bool all_fixable, struct err *e)
{
    struct outcome o;
    if (session_claim(s, e) < 0)
        return -1;
    recording_begin(s, "doctor --fix", NULL, NULL);
    int rc = session_pass(s, RUN_APPLY, PASS_APPLY, e);
    outcome_take(&o, s->run);
    if (is_json(s))
        outcome_print_json(stdout, &o);
    else
        outcome_print(stdout, &s->in->out, &o);
    if (rc < 0 && (o.all_ok || e->code == ERR_INTERRUPTED)) {
        recording_end(s, &(struct run_ending){.status = err_exit_status(e->code), .outcome = &o});
        outcome_free(&o);
        return -1;
    }
    int status = rc < 0 ? err_exit_status(e->code) : 0;
    struct verify_now now = {.observe = true,
                             .settle_ms = o.all_ok && all_fixable ? SETTLE_MS : SETTLE_PARTIAL_MS};
    struct verified v = {0};
    *e = (struct err){0};
    rc = verifying_run(s, &v, &now, e) < 0 && e->code == ERR_INTERRUPTED ? -1 : 0;
    if (!v.ok && !status)
        status = err_exit_status(e->code);
    recording_end(s, &(struct run_ending){.status = status, .verified = v.ok, .outcome = &o});
    verified_free(&v);
    outcome_free(&o);
    return rc;
}

/* Fix and look again: what is in `r` afterwards is what is left. */
static int fix(struct session *s, struct doctor_report *r, struct err *e)
{
    bool all = count_remedy(r, REMEDY_MANUAL) == 0;
    print_report(s, r, false);
    if (apply(s, all, e) < 0)
        return -1;
    doctor_free(r);
    if (examine(s, r, e) < 0)
        return -1;
    if (!is_json(s))
        puts(r->findings.n || r->unexplained.n ? "\nLeft after the fix:\n" : "");
    return 0;
}

static int doctor(struct session *s, struct err *e)
{
    struct doctor_report r = {0};
    struct err look = {0};
    bool fixed = false;
    int rc = session_pass(s, RUN_OBSERVE, PASS_VERIFY, &look);
    if (rc < 0 && look.code == ERR_INTERRUPTED) {
        *e = look;
        return -1;
    }
    rc = examine(s, &r, e);
    if (rc == 0 && s->in->args.fix && count_remedy(&r, REMEDY_DEPLOY)) {
        fixed = true;
        rc = fix(s, &r, e);
    }
    int status = rc < 0 ? -1 : verdict(&r);
    if (rc == 0) {
        print_report(s, &r, fixed);
        print_result(s, &r, status);
    }
    doctor_free(&r);
    return status;
}

static int run_doctor(struct invocation *in, struct err *e)
{
    struct session s;
    int rc = session_open(&s, in, true, e);
    if (rc == 0)
        rc = doctor(&s, e);
    session_close(&s);
    return rc;
}

static const char *const output_choices[] = {"text", "json", NULL};

static const struct option_spec options[] = {
    {"fix", OPTION_SWITCH, offsetof(struct args, fix),
     .help = "Put right what a deploy can, through the same plan; then examine again and print "
             "what is left."},
    {"quiet", OPTION_SWITCH, offsetof(struct args, quiet),
     .help = "No progress; only the findings."},
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, or one JSON object a line."},
    {0},
};

const struct command cmd_doctor = {
    .name = "doctor",
    .usage = "[INVENTORY]",
    .summary = "Find out what is wrong with the cluster, and why",
    .about = "Looks at every host, asks each for evidence, and names causes: what is wrong, where, "
             "the lines that show it, and what to do. What merely follows from a cause is listed "
             "as its symptom. Changes nothing without --fix.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_RUNS,
    .options = options,
    .run = run_doctor,
};
