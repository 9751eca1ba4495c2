#include "ops/rollout_order.h"

#include "verify/drained.h"

void rollout_say(const struct rollout *r, const char *fmt, ...)
{
    autosb struct strbuf sb = {0};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&sb, fmt, ap);
    va_end(ap);
    if (r->o.traffic.say)
        r->o.traffic.say(r->o.traffic.ud, sb_str(&sb));
}

/* What this rollout does to a host: it reboots it, or carries out its plan. */
static bool judge(struct rollout *r, const struct host_result *hr)
{
    size_t i = hr->host->index_in_cluster;
    if (r->o.reboot) {
        bool due = plan_wants_boot(&hr->catalog, &hr->observed) != NULL;
        r->impact[i] = due ? IMPACT_VIP_MOVES : IMPACT_NONE;
        return due;
    }
    r->impact[i] = plan_impact(&hr->plan);
    return hr->plan.steps.n != 0;
}

void rollout_note_served(struct rollout *r)
{
    for (const struct host *h = NULL; (h = cluster_next(r->cluster, h, ROLE_REAL_SERVER));)
        r->served[h->index_in_cluster] = traffic_serves(&r->traffic, h);
}

int rollout_init(struct rollout *r, const struct rollout_options *o, struct err *e)
{
    struct run *run = o->traffic.run;
    *r = (struct rollout){.o = *o, .cluster = run_cluster(run)};
    size_t n = r->cluster->n_hosts;
    traffic_init(&r->traffic, &o->traffic);
    r->impact = xcalloc(n, sizeof *r->impact);
    r->pending = xcalloc(n, sizeof *r->pending);
    r->served = xcalloc(n, sizeof *r->served);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        const struct host_result *hr = run_result(run, i);
        const struct host *h = &r->cluster->hosts[i];
        /* What is left drained is brought back by the deploy before the reboots. */
        bool left = !o->reboot && rollout_left(r, h);
        r->pending[i] = hr->reached && (judge(r, hr) || left);
        any |= left || r->impact[i] > IMPACT_NONE;
    }
    if (!any) /* nobody is asked anything more */
        return 0;
    if (traffic_adopt(&r->traffic, e) < 0)
        return -1;
    rollout_note_served(r);
    return 0;
}

void rollout_free(struct rollout *r)
{
    traffic_free(&r->traffic);
    verify_free(&r->report);
    xfree(r->impact);
    xfree(r->pending);
    xfree(r->served);
    *r = (struct rollout){0};
}

int rollout_pass(struct rollout *r, const bool *who, enum run_mode mode, struct err *e)
{
    struct run *run = r->o.traffic.run;
    const struct run_scope scope = {.hosts = who}, all = {0};
    run_set_scope(run, &scope);
    int rc = r->o.traffic.pass(r->o.traffic.ud, mode, e);
    run_set_scope(run, &all);
    return rc;
}

int rollout_stop(struct rollout *r, const bool *who, struct err *e)
{
    autosb struct strbuf list = {0};
    if (e->code == ERR_INTERRUPTED)
        return -1;
    rollout_names(r, who, &list);
    return err_wrap(e, "stopped at %s", sb_str(&list));
}

int rollout_checks(struct rollout *r, const bool *who, bool services, struct err *e)
{
    const struct verify_options o = {.settle_ms = r->o.settle_ms,
                                     .cancel = r->o.traffic.cancel,
                                     .hosts = who,
                                     .services = services};
    verify_free(&r->report);
    if (verify_cluster(r->o.traffic.run, &o, &r->report, e) < 0)
        return -1;
    if (!r->report.failed)
        return 0;
    r->stopped = true;
    return err_set(e, ERR_FAILED, "%zu of %zu checks failed", r->report.failed,
                   r->report.results.n);
}

int rollout_verify(struct rollout *r, const bool *who, bool services, struct err *e)
{
    autosb struct strbuf list = {0};
    rollout_names(r, who, &list);
    rollout_say(r, "verifying %s", sb_str(&list));
    return rollout_pass(r, who, RUN_OBSERVE, e) < 0 ? -1 : rollout_checks(r, who, services, e);
}

/* What a rollout is for, at hosts that are out of the traffic as far as they can be. */
static int change(struct rollout *r, const bool *who, enum run_mode mode, struct err *e)
{
    return r->o.reboot ? rollout_boot(r, who, e) : rollout_pass(r, who, mode, e);
}

/* The greatest impact among them. */
static enum impact worst(const struct rollout *r, const bool *who)
{
    enum impact w = IMPACT_NONE;
    for (size_t i = 0; i < r->cluster->n_hosts; i++)
        if (who[i] && r->impact[i] > w)
            w = r->impact[i];
    return w;
}

/* Until nobody has a connection open to these; a restart must not cut any. */
static int wait_closed(struct rollout *r, const bool *who, struct err *e)
{
    uint64_t open = 0;
    autosb struct strbuf list = {0};
    int rc = traffic_wait_closed(&r->traffic, who, r->o.close_ms, &open, e);
    if (rc <= 0)
        return rc;
    if (worst(r, who) <= IMPACT_RELOAD) { /* which lets them finish */
        rollout_say(r, "%llu still open; a reload does not cut them", (unsigned long long)open);
        return 0;
    }
    rollout_names(r, who, &list);
    err_set(e, ERR_FAILED, "%llu connection%s still open on %s, and a %s would cut them",
            (unsigned long long)open, open == 1 ? " is" : "s are", sb_str(&list),
            r->o.reboot ? "reboot" : "restart");
    return err_hint(e, "wait longer with --drain-timeout; nothing was changed there, and it is "
                       "drained until the next deploy or `clusterctl undrain`");
}

/* The first of the three: what nobody notices. New real servers are looked at before they count. */
static int change_at_once(struct rollout *r, struct err *e)
{
    autofree bool *who = rollout_at_once(r);
    if (!rollout_any(r, who))
        return 0;
    /* An operator's drain may have left connections open. */
    if (r->o.reboot && wait_closed(r, who, e) < 0)
        return rollout_stop(r, who, e);
    if (change(r, who, RUN_PLANNED, e) < 0)
        return rollout_stop(r, who, e);
    for (size_t i = 0; i < r->cluster->n_hosts; i++)
        who[i] &= (r->cluster->hosts[i].roles & ROLE_REAL_SERVER) != 0;
    return rollout_any(r, who) && rollout_verify(r, who, false, e) < 0 ? rollout_stop(r, who, e)
                                                                       : 0;
}

/* 1: they stay, since nothing else would serve. */
static int drain_batch(struct rollout *r, const bool *who, struct err *e)
{
    struct err why = {0};
    autosb struct strbuf list = {0};
    rollout_names(r, who, &list);
    if (traffic_look(&r->traffic, e) < 0)
        return -1;
    if (traffic_may_leave(&r->traffic, who, &why) < 0) {
        if (r->o.reboot && cluster_count(r->cluster, ROLE_REAL_SERVER) > 1)
            return rollout_not_booted(&why, e);
        rollout_say(r, "%s cannot be drained (%s): %s in place", sb_str(&list), why.msg,
                    rollout_verb(r));
        return 1;
    }
    rollout_say(r, "draining %s", sb_str(&list));
    if (traffic_tell(&r->traffic, who, WISH_DRAIN_FOR_NOW, e) < 0)
        return -1;
    return wait_closed(r, who, e);
}

static int bring_back(struct rollout *r, const bool *who, struct err *e)
{
    autosb struct strbuf list = {0};
    rollout_names(r, who, &list);
    rollout_say(r, "bringing %s back", sb_str(&list));
    int rc = traffic_bring_back(&r->traffic, who, e);
    if (rc <= 0)
        return rc;
    err_set(e, ERR_FAILED, "not every director sends to %s again", sb_str(&list));
    return err_hint(e, "the check of the server fails there: `clusterctl doctor` says why");
}

static int change_batch(struct rollout *r, const bool *who, struct err *e)
{
    int rc = drain_batch(r, who, e);
    bool drained = rc == 0;
    if (rc < 0 || change(r, who, RUN_APPLY, e) < 0 || rollout_verify(r, who, false, e) < 0 ||
        (drained && bring_back(r, who, e) < 0))
        return rollout_stop(r, who, e);
    return 0;
}

static int change_servers(struct rollout *r, struct err *e)
{
    autofree bool *who = xcalloc(r->cluster->n_hosts, sizeof *who);
    /* Which ones is settled before the first changes what was told. */
    size_t batches = 0;
    const struct host *h = NULL;
    while (rollout_next_batch(r, &h, who))
        batches++;
    autofree bool *todo = xcalloc(batches * r->cluster->n_hosts + 1, sizeof *todo);
    h = NULL;
    for (size_t b = 0; b < batches; b++)
        rollout_next_batch(r, &h, &todo[b * r->cluster->n_hosts]);
    for (size_t b = 0; b < batches; b++)
        if (change_batch(r, &todo[b * r->cluster->n_hosts], e) < 0)
            return -1;
    return 0;
}

/* A director, while the other one serves if that can be. */
static int change_director(struct rollout *r, const struct host *d, struct err *e)
{
    autofree bool *who = xcalloc(r->cluster->n_hosts, sizeof *who);
    struct err why = {0};
    who[d->index_in_cluster] = true;
    if (traffic_look(&r->traffic, e) < 0)
        return -1;
    bool holds = d == traffic_active(&r->traffic),
         hand_over = holds && cluster_hands_over(r->cluster);
    if ((hand_over || (holds && r->o.reboot)) && traffic_may_leave(&r->traffic, who, &why) < 0) {
        if (r->o.reboot && cluster_count(r->cluster, ROLE_DIRECTOR) > 1)
            return rollout_not_booted(&why, e) < 0 ? rollout_stop(r, who, e) : 0;
        rollout_say(r, "%s cannot hand over (%s): %s in place", d->name, why.msg, rollout_verb(r));
        hand_over = false;
    }
    if (hand_over) {
        rollout_say(r, "%s hands the VIP over", d->name);
        if (traffic_hand_over(&r->traffic, d, e) < 0)
            return rollout_stop(r, who, e);
    }
    bool passive = run_result_of(r->o.traffic.run, d)->facts.passive && !hand_over;
    if (change(r, who, RUN_APPLY, e) < 0) {
        if (hand_over)
            rollout_say(r, "%s was told to be passive, and may be still: `clusterctl undrain %s`",
                        d->name, d->name);
        return rollout_stop(r, who, e);
    }
    if ((hand_over && traffic_take_part(&r->traffic, d, e) < 0) ||
        (passive && r->o.reboot && rollout_passive_again(r, d, e) < 0) ||
        rollout_verify(r, who, true, e) < 0)
        return rollout_stop(r, who, e);
    return 0;
}

static int change_directors(struct rollout *r, bool exports, struct err *e)
{
    VEC(const struct host *) order = {0};
    if (!rollout_next_director(r, NULL, false, exports) &&
        !rollout_next_director(r, NULL, true, exports))
        return 0;
    int rc = traffic_look(&r->traffic, e);
    for (const struct host *h = NULL; rc == 0 && (h = rollout_next_director(r, h, false, exports));)
        *vec_push(&order) = h;
    for (const struct host *h = NULL; rc == 0 && (h = rollout_next_director(r, h, true, exports));)
        *vec_push(&order) = h;
    for (size_t i = 0; rc == 0 && i < order.n; i++)
        rc = change_director(r, order.v[i], e);
    vec_free(&order);
    return rc;
}

/* Real servers mount what must be exported by then; one that boots, from a host that is not
 * booting. */
int rollout_run(struct rollout *r, struct err *e)
{
    if (r->o.reboot && (rollout_check(r, e) < 0 || rollout_boot_share(r, e) < 0 ||
                        change_directors(r, true, e) < 0))
        return -1;
    if (change_at_once(r, e) < 0 || (!r->o.reboot && change_directors(r, true, e) < 0) ||
        change_servers(r, e) < 0)
        return -1;
    return change_directors(r, false, e);
}
