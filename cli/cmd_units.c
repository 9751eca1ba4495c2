/* start, stop, restart and reload: the services of hosts, in an order that keeps the traffic going. */
#include <stdio.h>
#include <string.h>

#include "cli/render_plan.h"
#include "cli/units.h"
#include "modules/registry.h"

static const char *verb_done(enum unit_verb v)
{
    static const char *const words[] = {"running", "stopped", "restarted", "reloaded"};
    return words[v];
}

static size_t count_units(const struct units_work *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->cluster->n_hosts; i++)
        n += w->named[i] ? run_result(w->session.run, i)->catalog.list.n : 0;
    return n;
}

/* Look at everybody: who sends what to whom is the directors' to say. */
static int look(struct units_work *w, struct err *e)
{
    int rc = units_pass(w, NULL, NULL, RUN_OBSERVE, e);
    if (rc < 0 && e->code == ERR_INTERRUPTED)
        return -1;
    for (size_t i = 0; rc < 0 && i < w->cluster->n_hosts; i++) {
        const struct host_result *hr = run_result(w->session.run, i);
        if (!w->named[i] || hr->reached)
            continue;
        *e = hr->err;
        return run_name_host(e, hr->host);
    }
    *e = (struct err){0};
    if (!count_units(w)) {
        err_set(e, ERR_USAGE, "there is no such service on these hosts%s%s",
                w->wish.service ? ": " : "", w->wish.service ? w->wish.service : "");
        return err_hint(e, "name it as its unit is called: keepalived, nginx, nfs-server, ...");
    }
    return traffic_adopt(&w->traffic, e);
}

static int refuse(const char *what, struct err *e)
{
    return err_wrap(e, "%s would end the service", what);
}

static int refuse_nfs(const struct host *h, const char *what, struct err *e)
{
    err_set(e, ERR_FAILED, "what the real servers serve is on %s", h->name);
    err_hint(e, "take the outage with --force");
    return refuse(what, e);
}

/*
 * The share has no second server, and its clients wait for the first one's grace period. Where all
 * is to be restarted it is left alone.
 */
static int spare_nfs(struct units_work *w, struct err *e)
{
    for (size_t i = 0; i < w->cluster->n_hosts; i++) {
        const struct host *h = &w->cluster->hosts[i];
        if (!(h->roles & ROLE_NFS) || !units_matter(w, i))
            continue;
        if (w->in->n_operands || h->roles != ROLE_NFS)
            return refuse_nfs(h, "restarting it", e);
        w->named[i] = false;
        report_note(&w->in->err, "%s is left out: clients would wait for its restart (with --force "
                                 "it is restarted, too)", h->name);
    }
    return 0;
}

/* May they leave one after the other? */
static int may_restart(struct units_work *w, struct err *e)
{
    if (spare_nfs(w, e) < 0)
        return -1;
    autofree bool *one = xcalloc(w->cluster->n_hosts, sizeof *one);
    for (size_t i = 0; i < w->cluster->n_hosts; i++) {
        one[i] = units_matter(w, i);
        if (one[i] && traffic_may_leave(&w->traffic, one, e) < 0)
            return refuse("restarting it", e);
        one[i] = false;
    }
    return 0;
}

/* May they leave all at once? The share has no second server. */
static int may_stop(const struct units_work *w, struct err *e)
{
    autofree bool *all = xcalloc(w->cluster->n_hosts, sizeof *all);
    for (size_t i = 0; i < w->cluster->n_hosts; i++) {
        all[i] = units_matter(w, i);
        if (all[i] && w->cluster->hosts[i].roles & ROLE_NFS)
            return refuse_nfs(&w->cluster->hosts[i], "stopping it", e);
    }
    return traffic_may_leave(&w->traffic, all, e) < 0 ? refuse("stopping this", e) : 0;
}

static int show_plan(struct units_work *w, struct err *e)
{
    struct plan_totals totals = {0};
    if (w->wish.verb >= UNITS_RESTART && units_pass(w, w->named, &module_table_mark, RUN_OBSERVE, e) < 0)
        return -1;
    for (size_t i = 0; i < w->cluster->n_hosts; i++) {
        if (!w->named[i])
            continue;
        const struct host_result *hr = run_result(w->session.run, i);
        plan_total(&totals, hr);
        print_plan(stdout, &w->in->out, hr);
    }
    print_totals(stdout, &totals);
    return 0;
}

static int carry_out(struct units_work *w, struct err *e)
{
    enum unit_verb v = w->wish.verb;
    bool flows = traffic_flows(&w->traffic);
    if (flows && !w->in->args.force && v == UNITS_RESTART && may_restart(w, e) < 0)
        return -1;
    if (flows && !w->in->args.force && v == UNITS_STOP && may_stop(w, e) < 0)
        return -1;
    if (w->in->args.dry_run)
        return show_plan(w, e);
    static int (*const how[])(struct units_work *, struct err *) = {
        [UNITS_START] = units_start,
        [UNITS_STOP] = units_stop,
        [UNITS_RESTART] = units_restart,
        [UNITS_RELOAD] = units_reload,
    };
    int rc = how[v](w, e);
    for (size_t i = 0; rc == 0 && i < w->cluster->n_hosts; i++)
        if (w->named[i])
            printf("%s is %s\n", w->cluster->hosts[i].name, verb_done(v));
    return rc;
}

static int run(struct invocation *in, enum unit_verb verb, struct err *e)
{
    struct units_work w = {.in = in, .cluster = in->cluster};
    w.named = xcalloc(w.cluster->n_hosts, sizeof *w.named);
    w.wish = (struct unit_wish){verb, w.named, in->args.service};
    for (size_t i = 0; i < in->n_hosts; i++)
        w.named[in->hosts[i]->index_in_cluster] = true;
    in->units = &w.wish;
    int rc = session_open(&w.session, in, true, e);
    if (rc == 0) {
        w.session.lines = true;
        struct traffic_options o = traffic_options_of(&w.session);
        traffic_init(&w.traffic, &o);
        do
            rc = look(&w, e);
        while (rc == 0 && !in->args.dry_run && (rc = session_claim(&w.session, e)) > 0);
        if (rc == 0 && !in->args.dry_run)
            recording_begin_part(&w.session);
        if (rc == 0)
            rc = carry_out(&w, e);
        recording_end(&w.session, &(struct run_ending){.status = rc < 0 ? err_exit_status(e->code) : 0,
                                                       .error = rc < 0 ? e->msg : NULL});
        traffic_free(&w.traffic);
    }
    session_close(&w.session);
    xfree(w.named);
    return rc;
}

static int run_start(struct invocation *in, struct err *e)
{
    return run(in, UNITS_START, e);
}

static int run_stop(struct invocation *in, struct err *e)
{
    return run(in, UNITS_STOP, e);
}

static int run_restart(struct invocation *in, struct err *e)
{
    return run(in, UNITS_RESTART, e);
}

static int run_reload(struct invocation *in, struct err *e)
{
    return run(in, UNITS_RELOAD, e);
}

#define SERVICE                                                                                    \
    {"service", OPTION_STRING, offsetof(struct args, service), "NAME",                             \
     .help = "Only the unit of this name: keepalived, nginx, nfs-server, ..."}
#define FORCE                                                                                      \
    {"force", OPTION_SWITCH, offsetof(struct args, force),                                         \
     .help = "Also where nothing would be left to serve."}
#define DRY_RUN                                                                                    \
    {"dry-run", OPTION_SWITCH, offsetof(struct args, dry_run),                                     \
     .help = "Show what would be done; change nothing."}

static const struct option_spec harmless_options[] = {SERVICE, DRY_RUN, {0}};
static const struct option_spec stop_options[] = {SERVICE, FORCE, DRY_RUN, {0}};
static const struct option_spec restart_options[] = {
    SERVICE,
    {"batch", OPTION_NUMBER, offsetof(struct args, batch), "N", .min = 1, .max = 65535,
     .help = "While traffic is served: this many real servers at a time (1)."},
    {"drain-timeout", OPTION_TIME, offsetof(struct args, drain_timeout_us), "TIME",
     .help = "Wait this long for the connections of a real server that is drained (60s)."},
    {"at-once", OPTION_SWITCH, offsetof(struct args, at_once),
     .help = "All hosts at the same time, whatever is served."},
    FORCE,
    DRY_RUN,
    {0},
};

#define HOSTS_FLAGS CMD_INVENTORY | CMD_LOADS | CMD_RUNS | CMD_HOSTS

const struct command cmd_start = {
    .name = "start",
    .usage = "[HOST|ROLE...]",
    .summary = "Start the services of hosts",
    .about = "Starts every service that a deploy wants there: the NFS server first, then the real "
             "servers, then the directors. Real servers that `clusterctl stop` had drained get their "
             "share of the traffic back.",
    .flags = HOSTS_FLAGS,
    .options = harmless_options,
    .run = run_start,
};

const struct command cmd_stop = {
    .name = "stop",
    .usage = "[HOST|ROLE...]",
    .summary = "Stop the services of hosts",
    .about = "Stops the services: the directors' first, then the real servers', which are drained "
             "while traffic is served, then the NFS server. They are still started at boot. Refuses "
             "to stop what is served without a substitute, unless forced.",
    .flags = HOSTS_FLAGS,
    .options = stop_options,
    .run = run_stop,
};

const struct command cmd_restart = {
    .name = "restart",
    .usage = "[HOST|ROLE...]",
    .summary = "Restart services, one host after the other while they serve",
    .about = "Where traffic is served: real servers one after the other, drained, restarted, "
             "verified and brought back; then the passive director, a hand-over, and the other one. "
             "Refuses to restart the last one that serves, unless forced, and leaves the NFS server "
             "out, for which there is no substitute.",
    .flags = HOSTS_FLAGS,
    .options = restart_options,
    .run = run_restart,
};

const struct command cmd_reload = {
    .name = "reload",
    .usage = "[HOST|ROLE...]",
    .summary = "Make services read their configuration again",
    .about = "Reloads keepalived, nginx, the NFS server and Prometheus where they run, on all "
             "hosts at once: no connection ends by it.",
    .flags = HOSTS_FLAGS,
    .options = harmless_options,
    .run = run_reload,
};
