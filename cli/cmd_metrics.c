/* metrics: the result of verify, for Prometheus. Changes nothing that lasts. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "cli/outfile.h"
#include "cli/render_metrics.h"
#include "cli/verifying.h"

static int publish(const struct invocation *in, const struct verified *v, int64_t began,
                   struct err *e)
{
    autosb struct strbuf text = {0};
    metrics_of_checks(&text, in->cluster->name, &v->report, (int64_t)time(NULL),
                      clock_ms() - began);
    if (in->args.file)
        return outfile_write(in->args.file, sb_str(&text), text.len, e);
    fputs(sb_str(&text), stdout);
    return 0;
}

/*
 * What was found is in the numbers, and not in the exit status: `metrics >x && mv x y` must not
 * keep back just those that matter. The alerts are left out: one that came of these numbers would
 * keep itself alive.
 */
static int measure(struct session *s, struct err *e)
{
    struct verified v = {0};
    struct verify_now now = {.observe = true, .monitoring = MONITORING_TARGETS};
    struct err found = {0};
    int64_t began = clock_ms();
    verifying_run(s, &v, &now, &found);
    int rc = -1;
    if (v.done)
        rc = publish(s->in, &v, began, e);
    else
        *e = found;
    verified_free(&v);
    return rc;
}

static int run_metrics(struct invocation *in, struct err *e)
{
    struct session s;
    in->args.quiet = true; /* cron sends what is printed by mail */
    int rc = session_open(&s, in, true, e);
    if (rc == 0)
        rc = measure(&s, e);
    session_close(&s);
    return rc;
}

static const struct option_spec options[] = {
    {"file", OPTION_STRING, offsetof(struct args, file), "FILE",
     .help = "Write FILE instead, all of it or nothing: for node_exporter's textfile collector."},
    {"requests", OPTION_NUMBER, offsetof(struct args, requests), "N", .min = 1, .max = 10000,
     .help = "Make N requests to each service, as for verify."},
    {0},
};

const struct command cmd_metrics = {
    .name = "metrics",
    .usage = "[INVENTORY]",
    .summary = "Print what verify finds as metrics for Prometheus",
    .about = "Makes the checks of verify and prints them in the text format of Prometheus: whether "
             "each passed and how long it took, how many did, and when. Meant for cron. The exit "
             "status is 0 when the checks could be made, whatever they found.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_RUNS,
    .options = options,
    .run = run_metrics,
};
