/* rollback: give the cluster back the state that it had before a run. */
#include <string.h>

#include "cli/outfile.h"
#include "cli/restoring.h"

static int run_rollback(struct invocation *in, struct err *e)
{
    struct restoring r;
    int rc = restoring_find(&r, in, in->operand, e);
    if (rc == 0 && in->args.out)
        rc = outfile_write(in->args.out, r.cluster->text, strlen(r.cluster->text), e);
    if (rc == 0)
        rc = restoring_apply(&r, !in->args.yes, e);
    restoring_free(&r);
    return rc;
}

static const char *const output_choices[] = {"text", "json", NULL};

static const struct option_spec options[] = {
    {"yes", OPTION_SWITCH, offsetof(struct args, yes),
     .help = "Do not ask before anything is changed."},
    {"dry-run", OPTION_SWITCH, offsetof(struct args, dry_run),
     .help = "Show what would change, with diffs; change nothing."},
    {"out", OPTION_STRING, offsetof(struct args, out), "FILE",
     .help = "Also write the restored inventory to FILE, mode 0600: it may hold a password."},
    {"no-verify", OPTION_SWITCH, offsetof(struct args, no_verify),
     .help = "Do not verify the cluster afterwards."},
    {"quiet", OPTION_SWITCH, offsetof(struct args, quiet),
     .help = "No progress; only failures and the summary."},
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, or one JSON object a line."},
    {0},
};

const struct command cmd_rollback = {
    .name = "rollback",
    .usage = "[RUN]",
    .summary = "Give the cluster back the state before a run",
    .about = "Takes the inventory of the last run before RUN that went well, which the directors "
             "keep, shows what it would change, asks, and deploys it: the same plan, steps and "
             "checks. Without RUN, the last run that changed something is undone, which may be a "
             "rollback. The inventory on this machine stays as it is.",
    .flags = CMD_INVENTORY | CMD_INVENTORY_OPTION | CMD_LOADS | CMD_RUNS,
    .options = options,
    .run = run_rollback,
};
