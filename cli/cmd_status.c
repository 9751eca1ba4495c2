/* status: what the cluster does now, on one screen; with --watch, again and again. */
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/render_status.h"
#include "cli/session.h"
#include "cli/signals.h"

/* Two of the three scripts of a first look are for the plan, and a drift is no emergency. */
enum { PLAN_EVERY_MS = 30 * 1000 };

struct watch {
    const struct invocation *in;
    struct status *status;
    struct status_screen screen; /* open on a terminal only */
    int64_t every_ms;
    unsigned shown;
};

static void show(struct watch *w, const struct status_report *r)
{
    autosb struct strbuf sb = {0};
    if (w->in->args.output == OUTPUT_JSON) {
        print_status_json(stdout, r);
        return;
    }
    if (w->every_ms && !w->screen.open)
        sb_addf(&sb, "%s==> %s <==\n", w->shown ? "\n" : "", r->at);
    status_text(&sb, &w->in->out, r);
    if (w->screen.open) {
        screen_show(&w->screen, sb_str(&sb));
        return;
    }
    fputs(sb_str(&sb), stdout);
    fflush(stdout);
}

/* -1 when interrupted, else the exit status of this look. */
static int look(struct watch *w, struct err *e)
{
    struct status_report r;
    int rc = status_look(w->status, &r, e);
    if (rc == 0) {
        show(w, &r);
        w->shown++;
        rc = err_exit_status(status_verdict(&r));
    }
    status_report_free(&r);
    return rc;
}

/* False: interrupted. */
static bool wait_until(struct watch *w, int64_t deadline)
{
    enum { RESIZE_MS = 250 };
    struct pollfd p = {.fd = signals_fd(), .events = POLLIN};
    for (int left; (left = deadline_left(deadline)) > 0;) {
        poll(&p, 1, left < RESIZE_MS ? left : RESIZE_MS);
        if (signals_seen())
            return false;
        if (w->screen.open)
            screen_follow(&w->screen);
    }
    return true;
}

/*
 * Ends at an interruption, with 0 once anything was shown: there is no other way to end it. A
 * result that cannot be written ends it too; app.c says so.
 */
static int keep_looking(struct watch *w, struct err *e)
{
    signals_screen(true);
    signals_screen_end("");
    if (w->in->args.output == OUTPUT_TEXT && term_is_live(stdout)) {
        autosb struct strbuf sb = {0};
        screen_open(&w->screen, stdout);
        sb_addf(&sb, "%s: looking at %zu hosts\n", w->in->cluster->name, w->in->cluster->n_hosts);
        screen_show(&w->screen, sb_str(&sb));
    }
    int64_t next;
    int rc;
    do {
        next = deadline_in(w->every_ms);
        rc = look(w, e);
    } while (rc >= 0 && !ferror(stdout) && wait_until(w, next));
    screen_close(&w->screen);
    if (rc >= 0)
        return 0;
    return w->shown && e->code == ERR_INTERRUPTED ? 0 : -1;
}

static int run_status(struct invocation *in, struct err *e)
{
    enum { LEAST_US = 1000 * 1000 };
    struct session s;
    struct watch w = {.in = in, .every_ms = in->args.watch_us / 1000};
    if (in->args.watch_us && in->args.watch_us < LEAST_US) {
        err_set(e, ERR_USAGE, "option '--watch': less than 1s between two looks");
        return err_hint(e, "each look costs the hosts some processes");
    }
    int rc = session_open(&s, in, true, e);
    if (rc == 0 && !w.every_ms && in->args.output == OUTPUT_TEXT && term_is_live(stderr))
        report_note(&in->err, "looking at %zu hosts", in->cluster->n_hosts);
    struct status_options o = {.run = &s.options, .plan_every_ms = PLAN_EVERY_MS};
    if (rc == 0 && (w.status = status_new(in->cluster, &o, e)))
        rc = w.every_ms ? keep_looking(&w, e) : look(&w, e);
    else
        rc = -1;
    status_free(w.status);
    session_close(&s);
    return rc;
}

static const char *const output_choices[] = {"text", "json", NULL};

static const struct option_spec options[] = {
    {"watch", OPTION_TIME, offsetof(struct args, watch_us), "SECONDS", .otherwise = "2s",
     .help = "Look again every 2 seconds, or as often as told, until interrupted."},
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, or one JSON object for each look."},
    {0},
};

const struct command cmd_status = {
    .name = "status",
    .usage = "[INVENTORY]",
    .summary = "Show what the cluster does now, on one screen",
    .about = "Shows who holds each VIP, where connections go and how many, the health of each real "
             "server, exports, mounts, services and versions, and how many steps a deploy would "
             "make on each host. Changes nothing. Exits with 0 when everything is at work, 1 when "
             "something is not, and 69 when a host cannot be reached; with --watch, with 0.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_RUNS,
    .options = options,
    .run = run_status,
};
