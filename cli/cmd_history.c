/* history: what was done to the cluster, by whom, and how it ended, as its hosts remember it. */
#include <stdio.h>

#include "cli/render_history.h"
#include "cli/session.h"

static void show(const struct invocation *in, const struct history *h,
                 const struct history_run *one)
{
    bool json = in->args.output == OUTPUT_JSON;
    for (size_t i = 0; json && !one && i < h->n; i++)
        print_run_json(stdout, h->runs[i], false);
    if (json && one)
        print_run_json(stdout, one, true);
    if (!json && one)
        print_run(stdout, &in->out, one);
    if (!json && !one)
        print_history(stdout, &in->out, h);
}

static int history(struct session *s, struct err *e)
{
    const struct invocation *in = s->in;
    const struct history_run *one = NULL;
    struct history h = {0};
    struct err reach = {0}, answer = {0};
    if (in->args.output == OUTPUT_TEXT && term_is_live(stderr))
        report_note(&in->err, "asking %zu hosts", in->cluster->n_hosts);
    int rc = run_execute(s->run, RUN_REACH, NULL, &reach);
    if (rc < 0 && reach.code == ERR_INTERRUPTED) {
        *e = reach;
        return -1;
    }
    if (history_read(s->run, &h, &answer) < 0 && reach.code == ERR_NONE)
        reach = answer;
    rc = in->operand && !(one = history_find(&h, in->operand, e)) ? -1 : 0;
    if (rc == 0)
        show(in, &h, one);
    history_free(&h);
    if (rc < 0)
        return -1;
    /* What the others remember is worth showing; that it may not be all must be said. */
    if (reach.code == ERR_NONE)
        return 0;
    *e = reach;
    return err_wrap(e, "this may not be all");
}

static int run_history(struct invocation *in, struct err *e)
{
    struct session s;
    int rc = session_open(&s, in, true, e);
    if (rc == 0)
        rc = history(&s, e);
    session_close(&s);
    return rc;
}

static const char *const output_choices[] = {"text", "json", NULL};

static const struct option_spec options[] = {
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, or one JSON object a run."},
    {0},
};

const struct command cmd_history = {
    .name = "history",
    .usage = "[RUN]",
    .summary = "List what was done to the cluster, by whom, and how it ended",
    .about = "Asks every host for the runs that it remembers, and lists them, newest first; with "
             "RUN (an id, or the beginning or end of one), tells all about that one, with the "
             "steps of each host. Changes nothing.",
    .flags = CMD_INVENTORY | CMD_INVENTORY_OPTION | CMD_LOADS | CMD_RUNS,
    .options = options,
    .run = run_history,
};
