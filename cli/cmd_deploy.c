/* deploy: make the cluster what the inventory says, or show what that would change. */
#include <stdio.h>

#include "base/clock.h"
#include "base/quote.h"
#include "cli/departing.h"
#include "cli/directors.h"
#include "cli/deploying.h"
#include "cli/facts_file.h"
#include "cli/json_out.h"
#include "cli/offline.h"
#include "cli/outcome.h"
#include "cli/render_plan.h"
#include "cli/render_verify.h"
#include "cli/restoring.h"
#include "cli/rolling.h"
#include "cli/signals.h"
#include "cli/verifying.h"

/* The command that goes on where this run stopped: this one, its inventory spelled out. */
static void print_continue(const struct invocation *in, bool interrupted)
{
    autosb struct strbuf cmd = {0}, shown = {0};
    sb_add(&cmd, "clusterctl");
    for (int i = 1; i < in->argc; i++) {
        sb_addc(&cmd, ' ');
        quote_sh(&cmd, in->argv[i]);
    }
    if (!in->operand && !(in->command->flags & CMD_INVENTORY_OPTION)) {
        sb_addc(&cmd, ' ');
        quote_sh(&cmd, in->inventory);
    }
    sb_foreign(&shown, sb_str(&cmd), false);
    printf("\nTo continue%s:\n  %s\n", interrupted ? "" : ", once this is put right",
           sb_str(&shown));
}

static const char *needs_reboot(const struct host_result *hr)
{
    return hr->reached ? plan_wants_boot(&hr->catalog, &hr->observed) : NULL;
}

/* What this run has done, and is right only after a boot: a line a host. */
static void print_reboots(const struct session *s, bool json)
{
    for (size_t i = 0; i < run_count(s->run); i++) {
        const struct host_result *hr = run_result(s->run, i);
        const char *why = needs_reboot(hr);
        if (why && !json)
            printf("%s needs a reboot: %s.\n", hr->host->name, why);
        if (!why || !json)
            continue;
        autosb struct strbuf sb = {0};
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "reboot");
        json_text(&sb, "host", hr->host->name);
        json_text(&sb, "reason", why);
        json_line(&sb, stdout);
    }
}

static void print_summary(const struct session *s, const struct outcome *o,
                          const struct verified *v, int64_t elapsed_ms, int status)
{
    const struct invocation *in = s->in;
    if (!o->all_ok)
        outcome_print(stdout, &in->out, o);
    verified_print_failures(v, &in->out, stdout);
    printf("%zu host%s, %zu change%s, %lld.%lld s.", o->n, o->n == 1 ? "" : "s", o->changes,
           o->changes == 1 ? "" : "s", (long long)elapsed_ms / 1000,
           (long long)elapsed_ms % 1000 / 100);
    verified_print_claim(v, in->cluster, stdout);
    putchar('\n');
    print_reboots(s, false);
    bool interrupted = status == err_exit_status(ERR_INTERRUPTED);
    if (interrupted)
        puts("Interrupted.");
    if (status != 0)
        print_continue(in, interrupted);
}

static void print_summary_json(const struct outcome *o, const struct verified *v,
                               int64_t elapsed_ms, int status)
{
    autosb struct strbuf sb = {0};
    outcome_print_json(stdout, o);
    if (v->done)
        print_checks_json(stdout, &v->report);
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "result");
    json_bool(&sb, "ok", status == 0);
    json_number(&sb, "hosts", (long long)o->n);
    json_number(&sb, "changes", (long long)o->changes);
    json_bool(&sb, "verified", v->done && v->ok);
    json_number(&sb, "elapsed_ms", elapsed_ms);
    json_number(&sb, "exit_status", status);
    json_line(&sb, stdout);
}

/* Is there anything to verify: something was reached, and nobody wants to stop. */
static bool worth_verifying(const struct session *s, const struct outcome *o)
{
    bool reached = false;
    for (size_t i = 0; i < o->n; i++)
        reached |= o->hosts[i].reached;
    return reached && !s->in->args.no_verify && !signals_seen();
}

/* Why it failed, for the record. */
static const char *reason(const struct outcome *o, const struct verified *v, struct strbuf *out)
{
    for (size_t i = 0; i < o->n && !out->len; i++)
        if (!o->hosts[i].ok)
            sb_addf(out, "%s: %s", o->hosts[i].host->name, o->hosts[i].err.msg);
    if (!out->len && v->done && !v->ok)
        sb_addf(out, "%zu of %zu checks failed", v->report.failed, v->report.results.n);
    return out->len ? sb_str(out) : NULL;
}

/* `stopped`: what a rolling deploy stopped at, or NULL. */
static void end_record(struct session *s, const struct outcome *o, const struct verified *v,
                       int status, const char *stopped)
{
    autosb struct strbuf why = {0};
    if (stopped)
        sb_add(&why, stopped);
    recording_end(s, &(struct run_ending){.status = status,
                                          .verified = v->done && v->ok,
                                          .outcome = o,
                                          .error = status ? reason(o, v, &why) : NULL});
}

int deploy_apply(struct session *s, struct err *e)
{
    int64_t begin = clock_ms();
    struct outcome o;
    struct verified v = {0};
    bool stopped;
    int rc = rolling_apply(s, &o, &stopped, e);
    if (rc < 0 && stopped && e->code != ERR_INTERRUPTED)
        report_error(&s->in->err, e);
    if (rc < 0 && o.all_ok && !stopped) { /* not a host's failure */
        outcome_free(&o);
        return -1;
    }
    int status = rc < 0 ? err_exit_status(e->code) : 0;
    if (!stopped && worth_verifying(s, &o)) {
        struct err ve = {0};
        /*
         * After no change the observation is still the newest there is, and all has settled; but passes of a
         * rollout were about parts.
         */
        struct verify_now now = {.observe = o.changes > 0 || !o.all_ok || s->lines,
                                 .monitoring = MONITORING_TARGETS,
                                 .monitoring_settle_ms = monitoring_settle_ms(s->in->cluster)};
        if (now.observe)
            now.settle_ms = !o.all_ok                ? SETTLE_PARTIAL_MS
                            : s->in->args.reboot ? settle_boot_ms(s->in->cluster)
                                                 : SETTLE_MS;
        int vrc = verifying_run(s, &v, &now, &ve);
        if (vrc < 0 && ve.msg[0] && o.all_ok)
            report_error(&s->in->err, &ve);
        if (vrc < 0 && (status == 0 || ve.code == ERR_INTERRUPTED))
            status = err_exit_status(ve.code);
    }
    end_record(s, &o, &v, status, stopped ? e->msg : NULL);
    if (s->in->args.output == OUTPUT_JSON) {
        print_reboots(s, true);
        print_summary_json(&o, &v, clock_ms() - begin, status);
    } else {
        print_summary(s, &o, &v, clock_ms() - begin, status);
    }
    verified_free(&v);
    outcome_free(&o);
    return status;
}

static void print_plans(struct session *s, struct plan_totals *t)
{
    bool json = s->in->args.output == OUTPUT_JSON;
    for (size_t i = 0; i < run_count(s->run); i++) {
        const struct host_result *hr = run_result(s->run, i);
        plan_total(t, hr);
        if (!json)
            print_plan(stdout, &s->in->out, hr);
    }
    if (!json) {
        putchar('\n');
        print_totals(stdout, t);
        rolling_describe(s, stdout);
        return;
    }
    autosb struct strbuf sb = {0};
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "plan");
    json_number(&sb, "changes", (long long)t->changes);
    json_number(&sb, "blocked", (long long)t->blocked);
    json_number(&sb, "hosts_changed", (long long)t->hosts_changed);
    json_number(&sb, "hosts_unknown", (long long)t->hosts_unknown);
    json_text(&sb, "impact", impact_name(t->impact));
    json_line(&sb, stdout);
}

int deploy_look(struct session *s, struct plan_totals *t, struct err *e)
{
    int rc = session_pass(s, RUN_OBSERVE, PASS_PLAN, e);
    if (rc < 0 && e->code == ERR_INTERRUPTED)
        return -1;
    print_plans(s, t);
    if (directors_agree(s, e) < 0)
        return -1;
    struct departing d;
    if (departing_find(&d, s)) {
        struct err left = {0};
        int n = departing_plan(&d, stdout, &left);
        t->changes += n > 0 ? (size_t)n : 0;
        if (n < 0 && rc == 0) {
            *e = left;
            rc = -1;
        }
        departing_free(&d);
    }
    return rc;
}

static int dry_run(struct session *s, struct err *e)
{
    struct plan_totals t = {0};
    size_t reboots = 0;
    if (deploy_look(s, &t, e) < 0)
        return -1;
    for (size_t i = 0; i < run_count(s->run); i++)
        reboots += s->in->args.reboot && needs_reboot(run_result(s->run, i));
    enum { CHANGES_PENDING = 2 };
    return s->in->args.detailed_exitcode && t.changes + t.blocked + reboots ? CHANGES_PENDING : 0;
}

/* Options that only make sense together. */
static int check_args(const struct args *a, struct err *e)
{
    enum { LEAST_CONFIRM_US = 10 * 1000 * 1000 };
    static const char needs_dry[] = "add --dry-run: without it, deploy changes the hosts";
    if (a->offline && !a->dry_run) {
        err_set(e, ERR_USAGE, "option '--offline' goes with --dry-run only");
        return err_hint(e, "%s", needs_dry);
    }
    if (a->detailed_exitcode && (!a->dry_run || a->offline)) {
        err_set(e, ERR_USAGE,
                "option '--detailed-exitcode' goes with --dry-run on live hosts only");
        return a->offline ? err_hint(e, "offline, what is pending cannot be known")
                          : err_hint(e, "%s", needs_dry);
    }
    if ((a->auto_rollback || a->confirm_us) && a->dry_run)
        return err_set(e, ERR_USAGE, "option '--%s' does not go with --dry-run",
                       a->auto_rollback ? "auto-rollback" : "confirm-within");
    if (a->confirm_us && a->confirm_us < LEAST_CONFIRM_US) {
        err_set(e, ERR_USAGE, "option '--confirm-within': less than 10s");
        return err_hint(e, "a step and a new connection must fit, also on a slow host");
    }
    if (a->reboot && (a->at_once || a->offline)) {
        err_set(e, ERR_USAGE, "option '--reboot' does not go with --%s", a->at_once ? "at-once" : "offline");
        return err_hint(e, a->at_once ? "hosts are rebooted one after the other, out of the traffic"
                                      : "offline, what is due cannot be known");
    }
    if (a->reboot_timeout_us && !a->reboot)
        return err_set(e, ERR_USAGE, "option '--reboot-timeout' goes with --reboot only");
    if ((a->out || a->show_secrets || a->facts) && !a->offline) {
        err_set(e, ERR_USAGE, "option '--%s' goes with --offline only",
                a->out ? "out" : a->facts ? "facts" : "show-secrets");
        return err_hint(e, "add --dry-run --offline");
    }
    return 0;
}

static int deploy(struct session *s, struct err *e)
{
    recording_begin(s, "deploy", NULL, NULL);
    return deploy_apply(s, e);
}

static int run_deploy(struct invocation *in, struct err *e)
{
    struct session s;
    if (check_args(&in->args, e) < 0)
        return -1;
    int rc = session_open(&s, in, !in->args.offline, e);
    if (rc == 0 && in->args.facts) {
        s.options.given = facts_file_load(in->args.facts, in->cluster, &s.arena, e);
        rc = s.options.given ? 0 : -1;
    }
    if (rc == 0 && in->args.offline)
        rc = directors_agree(&s, e);
    if (rc == 0 && in->args.offline)
        rc = in->args.out ? offline_write(&s, e) : offline_print(&s, e);
    else if (rc == 0)
        rc = in->args.dry_run ? dry_run(&s, e) : deploy(&s, e);
    struct recording ended = s.recording;
    session_close(&s);
    if (rc > 0 && in->args.auto_rollback && ended.changes)
        return restoring_after(in, ended.id, rc, e);
    return rc;
}

static const char *const output_choices[] = {"text", "json", NULL};

static const struct option_spec options[] = {
    {"dry-run", OPTION_SWITCH, offsetof(struct args, dry_run),
     .help = "Look at the hosts and show what would change, with diffs; change nothing."},
    {"detailed-exitcode", OPTION_SWITCH, offsetof(struct args, detailed_exitcode),
     .help = "With --dry-run: exit with 2 when changes are pending."},
    {"offline", OPTION_SWITCH, offsetof(struct args, offline),
     .help = "With --dry-run: touch no network; print every file and every other resource of every "
             "host, as for hosts with nothing but Debian 12. Secrets are starred out."},
    {"facts", OPTION_STRING, offsetof(struct args, facts), "FILE",
     .help = "With --offline: the hosts are what FILE says: their system, interface, and version of "
             "keepalived."},
    {"out", OPTION_STRING, offsetof(struct args, out), "DIR",
     .help =
         "With --offline: write the files to DIR/HOST/PATH instead, secrets and all, mode 0600."},
    {"show-secrets", OPTION_SWITCH, offsetof(struct args, show_secrets),
     .help = "With --offline: print secrets as they are."},
    {"batch", OPTION_NUMBER, offsetof(struct args, batch), "N", .min = 1, .max = 65535,
     .help = "While traffic is served: change this many real servers at a time (1)."},
    {"drain-timeout", OPTION_TIME, offsetof(struct args, drain_timeout_us), "TIME",
     .help = "Wait this long for the connections of a real server that is drained (60s)."},
    {"at-once", OPTION_SWITCH, offsetof(struct args, at_once),
     .help = "Change all hosts at the same time, though traffic is served."},
    {"reboot", OPTION_SWITCH, offsetof(struct args, reboot),
     .help = "Afterwards reboot the hosts that need it, as hosts are changed while traffic is served: drained "
             "or passive, verified, one after the other."},
    {"reboot-timeout", OPTION_TIME, offsetof(struct args, reboot_timeout_us), "TIME",
     .help = "With --reboot: a host must be up again within TIME (900s)."},
    {"forget", OPTION_LIST, offsetof(struct args, forget), "HOST",
     .help = "This host has left the inventory and is gone for good: do not look for it any more."},
    {"auto-rollback", OPTION_SWITCH, offsetof(struct args, auto_rollback),
     .help = "When a step or the verification fails after something was changed, restore the state "
             "of the last run that went well; see rollback. The exit status stays 1."},
    {"confirm-within", OPTION_TIME, offsetof(struct args, confirm_us), "TIME",
     .help = "A host takes back what this run changes of its files, services, firewall, sysctls, "
             "addresses and network unless a new connection confirms it within TIME (at least 10s)."},
    {"no-verify", OPTION_SWITCH, offsetof(struct args, no_verify),
     .help = "Do not verify the cluster afterwards."},
    {"quiet", OPTION_SWITCH, offsetof(struct args, quiet),
     .help = "No progress; only failures and the summary."},
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, or one JSON object a line."},
    {0},
};

const struct command cmd_deploy = {
    .name = "deploy",
    .usage = "[INVENTORY]",
    .summary = "Make the cluster what the inventory says",
    .about = "Connects to every host, looks at what is there, carries out what is missing, and "
             "verifies the result. Running it again changes nothing. A host that fails stops, with "
             "what depends on it; the others are finished.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_RUNS,
    .options = options,
    .run = run_deploy,
};
