/* In which order hosts are started, stopped and restarted, so that the traffic keeps going. */
#include <stdio.h>
#include <string.h>

#include "cli/outcome.h"
#include "cli/rolling.h"
#include "cli/units.h"
#include "modules/registry.h"

int units_pass(struct units_work *w, const bool *who, const struct module_table *modules,
                enum run_mode mode, struct err *e)
{
    const struct run_scope scope = {.modules = modules, .hosts = who}, all = {0};
    run_set_scope(w->session.run, &scope);
    int rc = session_pass(&w->session, mode, mode == RUN_OBSERVE ? PASS_VERIFY : PASS_APPLY, e);
    run_set_scope(w->session.run, &all);
    return rc;
}

/* Those named that have one of these roles, and none of `but`; how many. */
static size_t pick(const struct units_work *w, unsigned roles, unsigned but, bool *who)
{
    size_t n = 0;
    for (size_t i = 0; i < w->cluster->n_hosts; i++) {
        unsigned r = w->cluster->hosts[i].roles;
        n += who[i] = w->named[i] && r & roles && !(r & but);
    }
    return n;
}

bool units_matter(const struct units_work *w, size_t i)
{
    const struct catalog *c = &run_result(w->session.run, i)->catalog;
    bool any = false;
    for (size_t k = 0; k < c->list.n; k++)
        any |= c->list.v[k]->type == RES_SERVICE && !c->list.v[k]->costless;
    return w->named[i] && any;
}

int units_reload(struct units_work *w, struct err *e)
{
    if (units_pass(w, w->named, &module_table_mark, RUN_APPLY, e) < 0)
        return -1;
    return units_pass(w, w->named, NULL, RUN_APPLY, e);
}

/* Units are marked as having to be told; what then does it is what a deploy would do. */
static int restart_these(struct units_work *w, const bool *who, struct err *e)
{
    struct outcome o;
    bool stopped;
    if (units_pass(w, who, &module_table_mark, RUN_APPLY, e) < 0)
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
int units_restart(struct units_work *w, struct err *e)
{
    autofree bool *who = xcalloc(w->cluster->n_hosts, sizeof *who);
    if (pick(w, ROLE_ANY, ROLE_DIRECTOR, who) && restart_these(w, who, e) < 0)
        return -1;
    return pick(w, ROLE_DIRECTOR, 0, who) ? restart_these(w, who, e) : 0;
}

/* Out of the traffic first, where there is any; they stay drained until they are started again. */
static int drain(struct units_work *w, const bool *who, struct err *e)
{
    uint64_t open = 0;
    bool served = false;
    if (traffic_look(&w->traffic, e) < 0)
        return -1;
    for (const struct host *h = NULL; (h = cluster_next(w->cluster, h, ROLE_REAL_SERVER));)
        served |= who[h->index_in_cluster] && units_matter(w, h->index_in_cluster) &&
                  traffic_serves(&w->traffic, h);
    if (!served || !traffic_active(&w->traffic))
        return 0;
    if (traffic_tell(&w->traffic, who, WISH_DRAIN_FOR_NOW, e) < 0)
        return -1;
    return traffic_wait_closed(&w->traffic, who, TRAFFIC_CLOSE_MS, &open, e) < 0 ? -1 : 0;
}

/* The passive director before the one that has the VIP: it does not move to one that goes next. */
static int stop_directors(struct units_work *w, struct err *e)
{
    autofree bool *who = xcalloc(w->cluster->n_hosts, sizeof *who);
    const struct host *active = traffic_active(&w->traffic);
    size_t n = pick(w, ROLE_DIRECTOR, 0, who);
    bool last = active && who[active->index_in_cluster];
    if (last)
        who[active->index_in_cluster] = false;
    if (n > last && units_pass(w, who, NULL, RUN_APPLY, e) < 0)
        return -1;
    memset(who, 0, w->cluster->n_hosts * sizeof *who);
    if (last)
        who[active->index_in_cluster] = true;
    return last ? units_pass(w, who, NULL, RUN_APPLY, e) : 0;
}

int units_stop(struct units_work *w, struct err *e)
{
    autofree bool *who = xcalloc(w->cluster->n_hosts, sizeof *who);
    if (stop_directors(w, e) < 0)
        return -1;
    if (pick(w, ROLE_REAL_SERVER, ROLE_DIRECTOR, who) &&
        (drain(w, who, e) < 0 || units_pass(w, who, NULL, RUN_APPLY, e) < 0))
        return -1;
    return pick(w, ROLE_NFS, ROLE_DIRECTOR | ROLE_REAL_SERVER, who)
               ? units_pass(w, who, NULL, RUN_APPLY, e)
               : 0;
}

/* Real servers that stop() has left drained, and that were started again. */
static int bring_back(struct units_work *w, struct err *e)
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
    err_set(e, ERR_FAILED, "started, but not every director sends to all that were");
    return err_hint(e, "its check of the server fails: `clusterctl doctor` says why");
}

/* Whoever is waited for comes first. */
int units_start(struct units_work *w, struct err *e)
{
    static const unsigned order[] = {ROLE_NFS, ROLE_REAL_SERVER, ROLE_DIRECTOR};
    autofree bool *who = xcalloc(w->cluster->n_hosts, sizeof *who);
    unsigned done = 0;
    for (size_t i = 0; i < ARRAY_LEN(order); done |= order[i++])
        if (pick(w, order[i], done, who) && units_pass(w, who, NULL, RUN_APPLY, e) < 0)
            return -1;
    return bring_back(w, e);
}
