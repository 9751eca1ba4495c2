/* start, stop, restart and reload: the services of hosts, in an order that keeps the traffic going. */
#include <stdio.h>
#include <string.h>

#include "cli/outcome.h"
#include "cli/render_plan.h"
#include "cli/rolling.h"
#include "cli/traffic_cli.h"
#include "modules/registry.h"

/* The command at work. */
struct work {
    struct session session;
    struct traffic traffic;
    struct invocation *in;
    const struct cluster *cluster;
    bool *named; /* by index_in_cluster */
    struct unit_wish wish;
};

static const char *verb_done(enum unit_verb v)
{
    static const char *const words[] = {"running", "stopped", "restarted", "reloaded"};
    return words[v];
}

static int pass(struct work *w, const bool *who, const struct module_table *modules,
                enum run_mode mode, struct err *e)
{
    const struct run_scope scope = {.modules = modules, .hosts = who}, all = {0};
    run_set_scope(w->session.run, &scope);
    int rc = session_pass(&w->session, mode, mode == RUN_OBSERVE ? PASS_VERIFY : PASS_APPLY, e);
    run_set_scope(w->session.run, &all);
    return rc;
}

/* Those named that have one of these roles, and none of `but`; how many. */
static size_t pick(const struct work *w, unsigned roles, unsigned but, bool *who)
{
    size_t n = 0;
    for (size_t i = 0; i < w->cluster->n_hosts; i++) {
        unsigned r = w->cluster->hosts[i].roles;
        n += who[i] = w->named[i] && r & roles && !(r & but);
    }
    return n;
}

static size_t count_units(const struct work *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->cluster->n_hosts; i++)
        n += w->named[i] ? run_result(w->session.run, i)->catalog.list.n : 0;
    return n;
}

/* Look at everybody: who sends what to whom is the directors' to say. */
static int look(struct work *w, struct err *e)
{
    int rc = pass(w, NULL, NULL, RUN_OBSERVE, e);
    if (rc < 0 && e->code == ERR_INTERRUPTED)
        return -1;
    for (size_t i = 0; rc < 0 && i < w->cluster->n_hosts; i++) {
        const struct host_result *hr = run_result(w->session.run, i);
        if (!w->named[i] || hr->reached)
            continue;
        *e = hr->err;
        return strncmp(e->msg, hr->host->name, strlen(hr->host->name)) ? err_wrap(e, "%s", hr->host->name)
                                                                      : -1;
    }
    *e = (struct err){0};
    if (!count_units(w)) {
        err_set(e, ERR_USAGE, "there is no such service on these hosts%s%s",
                w->wish.service ? ": " : "", w->wish.service ? w->wish.service : "");
        return err_hint(e, "name it as its unit is called: keepalived, nginx, nfs-server, ...");
    }
    return traffic_adopt(&w->traffic, e);
}

/* Whether a unit that clients would miss is among those chosen on the host. */
static bool matters(const struct work *w, size_t i)
{
    const struct catalog *c = &run_result(w->session.run, i)->catalog;
    bool any = false;
    for (size_t k = 0; k < c->list.n; k++)
        any |= c->list.v[k]->type == RES_SERVICE && !c->list.v[k]->costless;
    return w->named[i] && any;
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
static int spare_nfs(struct work *w, struct err *e)
{
    for (size_t i = 0; i < w->cluster->n_hosts; i++) {
        const struct host *h = &w->cluster->hosts[i];
        if (!(h->roles & ROLE_NFS) || !matters(w, i))
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
static int may_restart(struct work *w, struct err *e)
{
    if (spare_nfs(w, e) < 0)
        return -1;
    autofree bool *one = xcalloc(w->cluster->n_hosts, sizeof *one);
    for (size_t i = 0; i < w->cluster->n_hosts; i++) {
        one[i] = matters(w, i);
        if (one[i] && traffic_may_leave(&w->traffic, one, e) < 0)
            return refuse("restarting it", e);
        one[i] = false;
    }
    return 0;
}

/* May they leave all at once? The share has no second server. */
static int may_stop(const struct work *w, struct err *e)
{
    autofree bool *all = xcalloc(w->cluster->n_hosts, sizeof *all);
    for (size_t i = 0; i < w->cluster->n_hosts; i++) {
        all[i] = matters(w, i);
        if (all[i] && w->cluster->hosts[i].roles & ROLE_NFS)
            return refuse_nfs(&w->cluster->hosts[i], "stopping it", e);
    }
    return traffic_may_leave(&w->traffic, all, e) < 0 ? refuse("stopping this", e) : 0;
}

static int show_plan(struct work *w, struct err *e)
{
    struct plan_totals totals = {0};
    if (w->wish.verb >= UNITS_RESTART && pass(w, w->named, &module_table_mark, RUN_OBSERVE, e) < 0)
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

static int reload(struct work *w, struct err *e)
{
    if (pass(w, w->named, &module_table_mark, RUN_APPLY, e) < 0)
        return -1;
    return pass(w, w->named, NULL, RUN_APPLY, e);
}

/* Units are marked as having to be told; what then does it is what a deploy would do. */
static int restart_these(struct work *w, const bool *who, struct err *e)
{
    struct outcome o;
    bool stopped;
    if (pass(w, who, &module_table_mark, RUN_APPLY, e) < 0)
        return -1;
    int rc = rolling_apply(&w->session, &o, &stopped, e);
    if (rc < 0 && !o.all_ok)
        outcome_print(stdout, &w->in->out, &o);
    outcome_free(&o);
    if (rc < 0)
        err_hint(e, "what was not restarted is by the next `clusterctl deploy`, or this again");
    return rc;
}

/*
 * The directors' units are marked when their turn has come: until then real servers are drained by
 * reloads of keepalived, and a reload of a unit so marked is its restart.
 */
static int restart(struct work *w, struct err *e)
{
    autofree bool *who = xcalloc(w->cluster->n_hosts, sizeof *who);
    if (pick(w, ROLE_ANY, ROLE_DIRECTOR, who) && restart_these(w, who, e) < 0)
        return -1;
    return pick(w, ROLE_DIRECTOR, 0, who) ? restart_these(w, who, e) : 0;
}

/* Out of the traffic first, where there is any; they stay drained until they are started again. */
static int drain(struct work *w, const bool *who, struct err *e)
{
    uint64_t open = 0;
    bool served = false;
    if (traffic_look(&w->traffic, e) < 0)
        return -1;
    for (const struct host *h = NULL; (h = cluster_next(w->cluster, h, ROLE_REAL_SERVER));)
        served |= who[h->index_in_cluster] && matters(w, h->index_in_cluster) &&
                  traffic_serves(&w->traffic, h);
    if (!served || !traffic_active(&w->traffic))
        return 0;
    if (traffic_tell(&w->traffic, who, WISH_DRAIN_FOR_NOW, e) < 0)
        return -1;
    return traffic_wait_closed(&w->traffic, who, TRAFFIC_CLOSE_MS, &open, e) < 0 ? -1 : 0;
}

/* The passive director before the one that has the VIP: it does not move to one that goes next. */
static int stop_directors(struct work *w, struct err *e)
{
    autofree bool *who = xcalloc(w->cluster->n_hosts, sizeof *who);
    const struct host *active = traffic_active(&w->traffic);
    size_t n = pick(w, ROLE_DIRECTOR, 0, who);
    bool last = active && who[active->index_in_cluster];
    if (last)
        who[active->index_in_cluster] = false;
    if (n > last && pass(w, who, NULL, RUN_APPLY, e) < 0)
        return -1;
    memset(who, 0, w->cluster->n_hosts * sizeof *who);
    if (last)
        who[active->index_in_cluster] = true;
    return last ? pass(w, who, NULL, RUN_APPLY, e) : 0;
}

static int stop(struct work *w, struct err *e)
{
    autofree bool *who = xcalloc(w->cluster->n_hosts, sizeof *who);
    if (stop_directors(w, e) < 0)
        return -1;
    if (pick(w, ROLE_REAL_SERVER, ROLE_DIRECTOR, who) &&
        (drain(w, who, e) < 0 || pass(w, who, NULL, RUN_APPLY, e) < 0))
        return -1;
    return pick(w, ROLE_NFS, ROLE_DIRECTOR | ROLE_REAL_SERVER, who)
               ? pass(w, who, NULL, RUN_APPLY, e)
               : 0;
}

/* Real servers that stop() has left drained, and that were started again. */
static int bring_back(struct work *w, struct err *e)
{
    autofree bool *who = xcalloc(w->cluster->n_hosts, sizeof *who);
    size_t n = 0;
    if (traffic_begin(&w->traffic, e) < 0)
        return -1;
    for (const struct host *h = NULL; (h = cluster_next(w->cluster, h, ROLE_REAL_SERVER));)
        for (const struct host *d = NULL; (d = cluster_next(w->cluster, d, ROLE_DIRECTOR));) {
            const struct host_result *hr = run_result_of(w->session.run, d);
            if (w->named[h->index_in_cluster] && hr->reached &&
                facts_wish(&hr->facts, h) == WISH_DRAIN_FOR_NOW)
                n += who[h->index_in_cluster] = true;
        }
    if (!n)
        return 0;
    int rc = traffic_active(&w->traffic) ? traffic_bring_back(&w->traffic, who, e)
                                         : traffic_tell(&w->traffic, who, WISH_UNDRAIN, e);
    if (rc <= 0)
        return rc;
    err_set(e, ERR_FAILED, "started, but the active director does not send to all that were");
    return err_hint(e, "its check of the server fails: `clusterctl doctor` says why");
}

/* Whoever is waited for comes first. */
static int start(struct work *w, struct err *e)
{
    static const unsigned order[] = {ROLE_NFS, ROLE_REAL_SERVER, ROLE_DIRECTOR};
    autofree bool *who = xcalloc(w->cluster->n_hosts, sizeof *who);
    unsigned done = 0;
    for (size_t i = 0; i < ARRAY_LEN(order); done |= order[i++])
        if (pick(w, order[i], done, who) && pass(w, who, NULL, RUN_APPLY, e) < 0)
            return -1;
    return bring_back(w, e);
}

static int carry_out(struct work *w, struct err *e)
{
    enum unit_verb v = w->wish.verb;
    bool flows = traffic_flows(&w->traffic);
    if (flows && !w->in->args.force && v == UNITS_RESTART && may_restart(w, e) < 0)
        return -1;
    if (flows && !w->in->args.force && v == UNITS_STOP && may_stop(w, e) < 0)
        return -1;
    if (w->in->args.dry_run)
        return show_plan(w, e);
    static int (*const how[])(struct work *, struct err *) = {start, stop, restart, reload};
    int rc = how[v](w, e);
    for (size_t i = 0; rc == 0 && i < w->cluster->n_hosts; i++)
        if (w->named[i])
            printf("%s is %s\n", w->cluster->hosts[i].name, verb_done(v));
    return rc;
}

static int run(struct invocation *in, enum unit_verb verb, struct err *e)
{
    struct work w = {.in = in, .cluster = in->cluster};
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
        rc = look(&w, e);
        if (rc == 0 && !in->args.dry_run)
            recording_begin_part(&w.session);
        if (rc == 0)
            rc = carry_out(&w, e);
        recording_end(&w.session, &(struct run_ending){.status = rc < 0 ? err_exit_status(e->code) : 0,
                                                       .error = rc < 0 ? e->msg : NULL});
        traffic_free(&w.traffic);
    }
    session_close(&w.session);
    free(w.named);
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
