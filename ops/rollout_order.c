/* Which hosts a rollout is about, in which order; and that order in words. */
#include "ops/rollout_order.h"

#include <string.h>

#include "verify/drained.h"

void rollout_names(const struct rollout *r, const bool *who, struct strbuf *out)
{
    for (size_t i = 0; i < r->cluster->n_hosts; i++)
        if (who[i])
            sb_addf(out, "%s%s", out->len ? ", " : "", r->cluster->hosts[i].name);
}

bool rollout_any(const struct rollout *r, const bool *who)
{
    for (size_t i = 0; i < r->cluster->n_hosts; i++)
        if (who[i])
            return true;
    return false;
}

bool rollout_left(const struct rollout *r, const struct host *h)
{
    return h->roles & ROLE_REAL_SERVER && drain_wish(r->o.traffic.run, h) == WISH_DRAIN_FOR_NOW;
}

/* A real server that must leave the traffic to be changed, or that a deploy had left out of it. */
static bool in_batches(const struct rollout *r, const struct host *h)
{
    size_t i = h->index_in_cluster;
    if (!(h->roles & ROLE_REAL_SERVER) || !r->pending[i])
        return false;
    return rollout_left(r, h) || (r->served[i] && r->impact[i] > IMPACT_NONE);
}

static bool in_turns(const struct rollout *r, const struct host *h)
{
    return h->roles & ROLE_DIRECTOR && r->impact[h->index_in_cluster] > IMPACT_NONE;
}

/*
 * What somebody has set up by hand cannot be drained by editing our file, and may well be what
 * keeps clients from being served; it is taken over everywhere at once. A deploy leaves the
 * members' list.
 */
static bool made_by_us(const struct rollout *r)
{
    for (const struct host *d = NULL; (d = cluster_next(r->cluster, d, ROLE_DIRECTOR));) {
        const struct host_result *hr = run_result_of(r->o.traffic.run, d);
        if (hr->reached && !hr->facts.members.n)
            return false;
    }
    return true;
}

bool rollout_needed(const struct rollout *r)
{
    bool any = false;
    for (size_t i = 0; i < r->cluster->n_hosts; i++)
        any |=
            rollout_left(r, &r->cluster->hosts[i]); /* though it may be the last that could serve */
    if (!made_by_us(r) || (!any && !traffic_flows(&r->traffic)))
        return false;
    for (size_t i = 0; i < r->cluster->n_hosts; i++)
        any |= in_batches(r, &r->cluster->hosts[i]) || in_turns(r, &r->cluster->hosts[i]);
    return any;
}

bool rollout_pending(const struct rollout *r)
{
    return rollout_any(r, r->pending);
}

size_t rollout_next_batch(const struct rollout *r, const struct host **from, bool *who)
{
    size_t n = 0;
    const struct host *h = *from;
    memset(who, 0, r->cluster->n_hosts * sizeof *who);
    while (n < r->o.batch && (h = cluster_next(r->cluster, h, ROLE_REAL_SERVER))) {
        *from = h;
        if (in_batches(r, h))
            n += who[h->index_in_cluster] = true;
    }
    return n;
}

const struct host *rollout_next_director(const struct rollout *r, const struct host *after,
                                         bool active, bool exports)
{
    const struct host *holder = traffic_active(&r->traffic), *h = after;
    while ((h = cluster_next(r->cluster, h, ROLE_DIRECTOR)))
        if (in_turns(r, h) && (h == holder) == active && !(h->roles & ROLE_NFS) == !exports)
            return h;
    return NULL;
}

bool *rollout_at_once(const struct rollout *r)
{
    bool *who = xcalloc(r->cluster->n_hosts, sizeof *who);
    for (size_t i = 0; i < r->cluster->n_hosts; i++) {
        const struct host *h = &r->cluster->hosts[i];
        who[i] = r->pending[i] && !in_batches(r, h) && !in_turns(r, h);
    }
    return who;
}

const char *rollout_verb(const struct rollout *r)
{
    return r->o.reboot ? "rebooted" : "changed";
}

static void describe_directors(const struct rollout *r, bool exports, struct strbuf *out)
{
    const struct host *h = NULL;
    while ((h = rollout_next_director(r, h, false, exports)))
        sb_addf(out, "%s while passive, verified: %s\n", rollout_verb(r), h->name);
    if ((h = rollout_next_director(r, NULL, true, exports)))
        sb_addf(out, "%s %s, verified: %s\n", rollout_verb(r),
                cluster_hands_over(r->cluster) ? "after a hand-over of the VIP" : "in place",
                h->name);
}

void rollout_describe(const struct rollout *r, struct strbuf *out)
{
    autofree bool *first = rollout_at_once(r), *batch = xcalloc(r->cluster->n_hosts, sizeof *batch);
    autosb struct strbuf list = {0};
    const struct host *h = NULL;
    const struct host *share = r->o.reboot ? cluster_next(r->cluster, NULL, ROLE_NFS) : NULL;
    if (share && first[share->index_in_cluster]) {
        sb_addf(out, "rebooted, its share away meanwhile: %s\n", share->name);
        first[share->index_in_cluster] = false;
    }
    if (r->o.reboot)
        describe_directors(r, true, out);
    rollout_names(r, first, &list);
    if (list.len)
        sb_addf(out, "%s: %s\n", r->o.reboot ? "rebooted, nothing is sent to them" : "at once",
                sb_str(&list));
    if (!r->o.reboot)
        describe_directors(r, true, out);
    while (rollout_next_batch(r, &h, batch)) {
        sb_reset(&list);
        rollout_names(r, batch, &list);
        sb_addf(out, "drained, %s, verified, brought back: %s\n", rollout_verb(r), sb_str(&list));
    }
    describe_directors(r, false, out);
}
