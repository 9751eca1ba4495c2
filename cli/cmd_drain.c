/* drain and undrain: take hosts out of the traffic, and bring them back. */
#include <stdio.h>

#include "base/quote.h"
#include "cli/json_out.h"
#include "cli/render_plan.h"
#include "cli/traffic_cli.h"

/* The command at work. */
struct work {
    struct session session;
    struct traffic traffic;
    struct invocation *in;
    bool *servers, *directors; /* those named, by index_in_cluster */
    size_t n_servers, n_directors;
};

static int sort_hosts(struct work *w, struct err *e)
{
    const struct cluster *c = w->in->cluster;
    w->servers = xcalloc(c->n_hosts, sizeof *w->servers);
    w->directors = xcalloc(c->n_hosts, sizeof *w->directors);
    for (size_t i = 0; i < w->in->n_hosts; i++) {
        const struct host *h = w->in->hosts[i];
        if (!(h->roles & (ROLE_DIRECTOR | ROLE_REAL_SERVER))) {
            err_set(e, ERR_USAGE, "%s cannot be drained: it is no director and no real server",
                    h->name);
            return err_hint(e, "no traffic is sent to it that another host could take");
        }
        if (h->roles & ROLE_REAL_SERVER)
            w->n_servers += w->servers[h->index_in_cluster] = true;
        if (h->roles & ROLE_DIRECTOR)
            w->n_directors += w->directors[h->index_in_cluster] = true;
    }
    return 0;
}

static bool *everybody(const struct work *w)
{
    bool *all = xcalloc(w->in->cluster->n_hosts, sizeof *all);
    for (size_t i = 0; i < w->in->cluster->n_hosts; i++)
        all[i] = w->servers[i] || w->directors[i];
    return all;
}

static int show_plan(struct work *w, enum wish wish, struct err *e)
{
    autofree bool *all = everybody(w);
    struct plan_totals totals = {0};
    if (traffic_plan(&w->traffic, all, wish, e) < 0)
        return -1;
    for (const struct host *h = NULL; (h = cluster_next(w->in->cluster, h, ROLE_DIRECTOR));) {
        if (!w->traffic.directors[h->index_in_cluster])
            continue;
        const struct host_result *hr = run_result_of(w->session.run, h);
        plan_total(&totals, hr);
        if (w->in->args.output != OUTPUT_JSON)
            print_plan(stdout, &w->in->out, hr);
    }
    if (w->in->args.output != OUTPUT_JSON)
        print_totals(stdout, &totals);
    return 0;
}

/* Text is for people: one line a host. JSON: one object at the end. */
static void tell(const struct work *w, const bool *who, const char *what, uint64_t open)
{
    for (size_t i = 0; i < w->in->cluster->n_hosts; i++) {
        if (!who[i])
            continue;
        if (w->in->args.output == OUTPUT_JSON) {
            autosb struct strbuf sb = {0};
            json_open(&sb, NULL, '{');
            json_text(&sb, "type", "traffic");
            json_text(&sb, "host", w->in->cluster->hosts[i].name);
            json_text(&sb, "state", what);
            json_number(&sb, "open_connections", (long long)open);
            json_line(&sb, stdout);
            continue;
        }
        printf("%s is %s", w->in->cluster->hosts[i].name, what);
        if (open)
            printf("; %llu connection%s still open", (unsigned long long)open,
                   open == 1 ? " is" : "s are");
        putchar('\n');
    }
}

static int drain_servers(struct work *w, struct err *e)
{
    uint64_t open = 0;
    int64_t given_us = w->in->args.timeout_us;
    unsigned limit_ms = given_us ? (unsigned)(given_us / 1000) : TRAFFIC_CLOSE_MS;
    if (traffic_tell(&w->traffic, w->servers, WISH_DRAIN, e) < 0)
        return -1;
    int rc = traffic_wait_closed(&w->traffic, w->servers, limit_ms, &open, e);
    if (rc < 0)
        return -1;
    tell(w, w->servers, "drained", open);
    if (rc == 0)
        return 0;
    err_set(e, ERR_FAILED, "the time is over, and %llu connection%s still open",
            (unsigned long long)open, open == 1 ? " is" : "s are");
    return err_hint(e, "no new ones are made: wait longer with --timeout, or end them by what you "
                       "came for");
}

static int drain_directors(struct work *w, struct err *e)
{
    for (const struct host *h = NULL; (h = cluster_next(w->in->cluster, h, ROLE_DIRECTOR));)
        if (w->directors[h->index_in_cluster] && traffic_hand_over(&w->traffic, h, e) < 0)
            return -1;
    tell(w, w->directors, "drained: it holds no VIP, and takes none before it is undrained or boots",
         0);
    return 0;
}

static int drain(struct work *w, struct err *e)
{
    autofree bool *all = everybody(w);
    if (!w->in->args.force && traffic_may_leave(&w->traffic, all, e) < 0)
        return -1;
    if (w->in->args.dry_run)
        return show_plan(w, WISH_DRAIN, e);
    if (w->n_servers && drain_servers(w, e) < 0)
        return -1;
    return w->n_directors ? drain_directors(w, e) : 0;
}

static int undrain(struct work *w, struct err *e)
{
    if (w->in->args.dry_run)
        return show_plan(w, WISH_UNDRAIN, e);
    for (const struct host *h = NULL; (h = cluster_next(w->in->cluster, h, ROLE_DIRECTOR));)
        if (w->directors[h->index_in_cluster] && traffic_take_part(&w->traffic, h, e) < 0)
            return -1;
    if (w->n_directors)
        tell(w, w->directors, "back: it may hold a VIP again", 0);
    if (!w->n_servers)
        return 0;
    int rc = traffic_bring_back(&w->traffic, w->servers, e);
    if (rc < 0)
        return -1;
    if (rc > 0) {
        err_set(e, ERR_FAILED, "told, but %d s later not every director sends to all",
                TRAFFIC_SERVED_MS / 1000);
        return err_hint(e, "its check of the server fails: `clusterctl doctor` says why");
    }
    tell(w, w->servers, "back: it gets its share again", 0);
    return 0;
}

static int run(struct invocation *in, int (*what)(struct work *w, struct err *e), struct err *e)
{
    struct work w = {.in = in};
    struct traffic_options o;
    int rc = sort_hosts(&w, e);
    if (rc == 0)
        rc = session_open(&w.session, in, true, e);
    if (rc == 0) {
        w.session.lines = true;
        o = traffic_options_of(&w.session);
        traffic_init(&w.traffic, &o);
        do
            rc = traffic_begin(&w.traffic, e);
        while (rc == 0 && !in->args.dry_run && (rc = session_claim(&w.session, e)) > 0);
        if (rc == 0 && !in->args.dry_run)
            recording_begin_part(&w.session);
        if (rc == 0)
            rc = what(&w, e);
        if (rc == 0 && w.traffic.untold.code != ERR_NONE) {
            *e = w.traffic.untold;
            err_wrap(e, "done elsewhere, but not told");
            err_hint(e, "run the same command again when it is back");
            rc = -1;
        }
        recording_end(&w.session, &(struct run_ending){.status = rc < 0 ? err_exit_status(e->code) : 0,
                                                       .error = rc < 0 ? e->msg : NULL});
        traffic_free(&w.traffic);
    }
    session_close(&w.session);
    xfree(w.servers);
    xfree(w.directors);
    return rc;
}

static int run_drain(struct invocation *in, struct err *e)
{
    return run(in, drain, e);
}

static int run_undrain(struct invocation *in, struct err *e)
{
    return run(in, undrain, e);
}

static const char *const output_choices[] = {"text", "json", NULL};

#define DRY_RUN                                                                                    \
    {"dry-run", OPTION_SWITCH, offsetof(struct args, dry_run),                                     \
     .help = "Show what would change on the directors; change nothing."}
#define OUTPUT                                                                                     \
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,            \
     .help = "Print text, or one JSON object a line."}

static const struct option_spec drain_options[] = {
    {"timeout", OPTION_TIME, offsetof(struct args, timeout_us), "TIME",
     .help = "How long to wait for the open connections to end (60s)."},
    {"force", OPTION_SWITCH, offsetof(struct args, force),
     .help = "Also where nothing would be left to serve, or nobody to take over."},
    DRY_RUN,
    OUTPUT,
    {0},
};

static const struct option_spec undrain_options[] = {DRY_RUN, OUTPUT, {0}};

const struct command cmd_drain = {
    .name = "drain",
    .usage = "HOST|ROLE...",
    .summary = "Take hosts out of the traffic, without losing a request",
    .about = "A real server gets weight 0 on both directors, which deploys keep until `clusterctl "
             "undrain`, and is waited for until its open connections have ended. A director hands "
             "its VIPs over, and takes none before it is undrained or boots. Refuses to take the "
             "last real server of a service, or a director that no other could replace.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_RUNS | CMD_HOSTS | CMD_NAMES_HOSTS,
    .options = drain_options,
    .run = run_drain,
};

const struct command cmd_undrain = {
    .name = "undrain",
    .usage = "HOST|ROLE...",
    .summary = "Bring drained hosts back into the traffic",
    .about = "A real server gets its weight of the inventory back, and is waited for until the "
             "directors send to it. A director may hold VIPs again; it does not take them.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_RUNS | CMD_HOSTS | CMD_NAMES_HOSTS,
    .options = undrain_options,
    .run = run_undrain,
};
