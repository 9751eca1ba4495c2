/* clusterctl destroy: put every host back to what it was before the first deploy. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/json_out.h"
#include "cli/outcome.h"
#include "cli/render_plan.h"
#include "cli/session.h"

static void print_plans(const struct session *s, struct plan_totals *t)
{
    for (size_t i = 0; i < run_count(s->run); i++) {
        const struct host_result *hr = run_result(s->run, i);
        plan_total(t, hr);
        if (s->in->args.output != OUTPUT_JSON)
            print_plan(stdout, &s->in->out, hr);
    }
    if (s->in->args.output == OUTPUT_JSON)
        return; /* the events had the plans */
    if (t->changes + t->blocked + t->hosts_unknown == 0)
        puts("\nNothing of the cluster is on these hosts.");
    else {
        putchar('\n');
        print_totals(stdout, t);
    }
    fflush(stdout);
}

static bool is_named(const struct cluster *c, const char *answer)
{
    char vip[IPADDR_STRLEN];
    if (strcmp(answer, c->name) == 0)
        return true;
    for (size_t i = 0; i < c->n_vips; i++)
        if (strcmp(answer, ipaddr_str(&c->vips[i], vip)) == 0)
            return true;
    return false;
}

/* The cluster's name, typed by somebody who has seen the plan, or given by a script. */
static int confirm(const struct session *s, const struct plan_totals *t, struct err *e)
{
    const struct cluster *c = s->in->cluster;
    char answer[256], vip[IPADDR_STRLEN];
    if (s->in->args.yes_destroy) {
        if (is_named(c, s->in->args.yes_destroy))
            return 0;
        err_set(e, ERR_USAGE, "option '--yes-destroy': this cluster has another name; nothing was changed");
        return err_hint(e, "it is called \"%s\"", c->name);
    }
    if (!isatty(STDIN_FILENO)) {
        err_set(e, ERR_USAGE, "nobody is there to confirm it; nothing was changed");
        return err_hint(e, "a script gives the cluster's name with --yes-destroy");
    }
    fprintf(stderr, "\nThis ends the cluster \"%s\" (%s): %zu change%s on %zu host%s, in this order: "
                    "directors, real servers, NFS.\nType its name or VIP to go on: ",
            c->name, c->n_vips ? ipaddr_str(&c->vips[0], vip) : "no VIP", t->changes,
            t->changes == 1 ? "" : "s", t->hosts_changed, t->hosts_changed == 1 ? "" : "s");
    fflush(stderr);
    if (ask_line(answer, sizeof answer, e) < 0)
        return err_set(e, e->code, "interrupted; nothing was changed");
    if (is_named(c, answer))
        return 0;
    return err_set(e, ERR_FAILED, "not confirmed; nothing was changed");
}

static void print_summary(const struct session *s, const struct outcome *o, int status)
{
    autosb struct strbuf sb = {0};
    if (s->in->args.output == OUTPUT_JSON) {
        outcome_print_json(stdout, o);
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "result");
        json_bool(&sb, "ok", status == 0);
        json_number(&sb, "hosts", (long long)o->n);
        json_number(&sb, "changes", (long long)o->changes);
        json_number(&sb, "exit_status", status);
        json_line(&sb, stdout);
        return;
    }
    if (!o->all_ok)
        outcome_print(stdout, &s->in->out, o);
    printf("%zu host%s, %zu change%s. ", o->n, o->n == 1 ? "" : "s", o->changes,
           o->changes == 1 ? "" : "s");
    if (o->all_ok && status == 0)
        puts(s->in->args.purge ? "The hosts are as they were before the first deploy."
                               : "The hosts are as they were before the first deploy; packages stay.");
    else
        puts("Run the same command again to go on where this run stopped.");
}

static int apply(struct session *s, struct err *e)
{
    struct outcome o;
    if (session_claim(s, e) < 0)
        return -1;
    /* The hosts' memory goes last: what stays of a run that is cut off can be seen in it. */
    recording_begin_part(s);
    int rc = session_pass(s, RUN_APPLY, PASS_APPLY, e);
    outcome_take(&o, s->run);
    if (rc < 0 && o.all_ok) { /* not a host's failure */
        outcome_free(&o);
        return -1;
    }
    int status = rc < 0 ? err_exit_status(e->code) : 0;
    recording_end(s, &(struct run_ending){
                         .status = status, .outcome = &o, .error = rc < 0 ? e->msg : NULL});
    print_summary(s, &o, status);
    outcome_free(&o);
    return status;
}

static int run_destroy(struct invocation *in, struct err *e)
{
    struct session s;
    struct plan_totals t = {0};
    int rc = session_open(&s, in, true, e);
    if (rc == 0) {
        rc = session_pass(&s, RUN_OBSERVE, PASS_PLAN, e);
        bool reached = t.hosts_unknown == 0;
        if (rc == 0 || e->code != ERR_INTERRUPTED) {
            print_plans(&s, &t);
            reached = t.hosts_unknown < run_count(s.run);
        }
        /* A host that is out of reach keeps what it has, and the others need not wait for it. */
        bool go_on = reached && t.changes && !in->args.dry_run &&
                     (rc == 0 || e->code == ERR_UNREACHABLE);
        if (go_on) {
            *e = (struct err){0};
            rc = confirm(&s, &t, e);
            if (rc == 0)
                rc = apply(&s, e);
        }
    }
    session_close(&s);
    return rc;
}

static const char *const output_choices[] = {"text", "json", NULL};

static const struct option_spec options[] = {
    {"dry-run", OPTION_SWITCH, offsetof(struct args, dry_run),
     .help = "Show what would be taken back on each host; change nothing."},
    {"purge", OPTION_SWITCH, offsetof(struct args, purge),
     .help = "Remove the packages that were installed, too, with their configuration."},
    {"yes-destroy", OPTION_STRING, offsetof(struct args, yes_destroy), "NAME",
     .help = "Do not ask: NAME is the cluster's name or VIP, as it would be typed."},
    {"quiet", OPTION_SWITCH, offsetof(struct args, quiet),
     .help = "No progress; only the plan, failures and the summary."},
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, or one JSON object a line."},
    {0},
};

const struct command cmd_destroy = {
    .name = "destroy",
    .usage = "[INVENTORY]",
    .summary = "Put the hosts back to what they were",
    .about = "Takes back everything that deploys made on the hosts: originals are restored, services, "
             "sysctls, addresses and the rest are what they were before the first deploy. Packages "
             "stay. Shows the plan first, and asks for the cluster's name. Directors go first, then "
             "real servers, then the NFS host.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_RUNS,
    .options = options,
    .run = run_destroy,
};
