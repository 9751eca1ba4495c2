#include "verify/health.h"

#include <stdio.h>
#include <string.h>

#include "verify/drained.h"

/* What keeps a director from being whole, or NULL. */
static const char *lacks(struct run *r, const struct live_host *h,
                         const struct service *s, const struct host **whom)
{
    if (!h->complete)
        return "does not answer";
    const struct ipvs_service *table = ipvs_find(&h->ipvs, s);
    if (!table)
        return "has an empty IPVS table";
    for (const struct host *rs = NULL;
         (rs = cluster_next(run_cluster(r), rs, ROLE_REAL_SERVER));) {
        const struct ipvs_dest *d = ipvs_dest_find(table, &rs->address, s->port);
        *whom = rs;
        if (!d || (weight_wanted(r, rs) && !d->weight))
            return "does not send to";
    }
    *whom = NULL;
    return NULL;
}

static void judge(struct run *r, const struct live *live, const struct service *s,
                  struct health *out)
{
    const struct cluster *c = run_cluster(r);
    char vip[IPADDR_STRLEN];
    unsigned holders = 0;
    *out = (struct health){.whole = true};
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR));) {
        const struct live_host *lh = &live->hosts[h->index_in_cluster];
        const struct host *whom = NULL;
        const char *why = lacks(r, lh, s, &whom);
        if (why && out->whole) {
            out->whole = false;
            snprintf(out->why, sizeof out->why, "%s %s%s%s", h->name, why, whom ? " " : "",
                     whom ? whom->name : "");
        }
        if (lh->complete && live_off_lo(lh, &s->vip)) {
            holders++;
            out->active = h;
        }
    }
    if (holders == 1)
        return;
    out->active = NULL;
    out->whole = false;
    snprintf(out->why, sizeof out->why, "%s holds %s",
             holders ? "more than one director" : "no director", ipaddr_str(&s->vip, vip));
}

int health_look(struct run *r, const struct service *s, struct live *live, struct health *out,
                struct err *e)
{
    if (live_refresh(live, r, e) < 0)
        return -1;
    judge(r, live, s, out);
    return 0;
}

static bool serves(const struct cluster *c, const struct live *live, const struct service *s,
                   const struct host *rs)
{
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR));) {
        const struct live_host *lh = &live->hosts[h->index_in_cluster];
        const struct ipvs_service *table = lh->complete ? ipvs_find(&lh->ipvs, s) : NULL;
        const struct ipvs_dest *d = table ? ipvs_dest_find(table, &rs->address, s->port) : NULL;
        if (!d || !d->weight)
            return false;
    }
    return true;
}

const struct host *health_serving(const struct cluster *c, const struct live *live,
                                  const struct service *s, const struct host *after)
{
    const struct host *rs = after;
    for (unsigned tried = 0; tried <= cluster_count(c, ROLE_REAL_SERVER); tried++) {
        rs = cluster_next(c, rs, ROLE_REAL_SERVER);
        if (rs && serves(c, live, s, rs))
            return rs;
    }
    return NULL;
}

const struct host *health_owner(const struct run *r, const struct live *live, const struct mac *m)
{
    const struct cluster *c = run_cluster(r);
    struct mac k;
    for (size_t i = 0; i < c->n_hosts; i++)
        for (size_t n = 0; n < live->hosts[i].ifaces.n; n++)
            if (mac_parse(live->hosts[i].ifaces.v[n]->mac, &k) && mac_eq(&k, m))
                return &c->hosts[i];
    return NULL;
}
