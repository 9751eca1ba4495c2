/* http.*: what a client gets, through the VIP and from each real server. */
#include <string.h>

#include "verify/check.h"
#include "verify/spread.h"

static bool is_http(struct ctx *x, const struct service *s, struct check_result *out)
{
    if (s->protocol == PROTO_TCP)
        return true;
    check_skip(x, out, "a UDP service has no HTTP to ask");
    return false;
}

static void list_hits(struct ctx *x, const struct samples *sm, struct strbuf *list)
{
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));)
        list_add(list, "%s %u", h->name, sm->hits[h->index_in_cluster]);
}

void check_http_vip(struct ctx *x, const struct subject *s, struct check_result *out)
{
    autosb struct strbuf hits = {0};
    const struct samples *sm;
    if (!is_http(x, s->service, out))
        return;
    if (!(sm = samples_of(x, s->service))) {
        check_skip(x, out, "interrupted");
        return;
    }
    list_hits(x, sm, &hits);
    check_evidence(x, out, "%u requests: %s%s", sm->requests, sb_str(&hits),
                   sm->by_whoami ? " (told by name, as pages do not tell)" : "");
    if (!sm->bad) {
        out->status = CHECK_PASS;
        return;
    }
    check_fail(x, out, "%u of %u requests failed; the first: %s", sm->bad, sm->requests + sm->pages,
               sm->first_bad);
    check_hint(x, out,
               "http.real-server tells whether the servers serve, vrrp.single-master and "
               "ipvs.table whether requests reach them");
}

/* The real servers that the active director sends this service's connections to. */
struct serving {
    const struct host **hosts;
    struct spread *spread;
    size_t n;
    unsigned strays; /* answers of others */
    const char *stray;
};

static void add_serving(struct ctx *x, struct serving *v, const struct ipvs_service *table,
                        const struct samples *sm)
{
    v->hosts = arena_array(x->arena, const struct host *, x->cluster->n_hosts);
    v->spread = arena_array(x->arena, struct spread, x->cluster->n_hosts);
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));) {
        const struct ipvs_dest *d = ipvs_dest_find(table, &h->address, sm->service->port);
        unsigned hits = sm->hits[h->index_in_cluster];
        if (d && d->weight) {
            v->spread[v->n] = (struct spread){.weight = (unsigned)d->weight, .hits = hits};
            v->hosts[v->n++] = h;
        } else if (hits) {
            v->strays += hits;
            v->stray = h->name;
        }
    }
}

/* "Web01-RS 3 (2 to 4), Web02-RS 3 (2 to 4)" */
static void list_spread(const struct serving *v, bool bounds, struct strbuf *list)
{
    for (size_t i = 0; i < v->n; i++) {
        const struct spread *s = &v->spread[i];
        list_add(list, "%s %u", v->hosts[i]->name, s->hits);
        if (bounds)
            sb_addf(list, " (%.1f expected, %u to %u accepted)", s->expected, s->low, s->high);
    }
}

static bool all_to_one(const struct serving *v, unsigned total)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->spread[i].hits == total)
            return true;
    return false;
}

/* Fill in what is acceptable, and say what was seen. */
static bool acceptable(struct ctx *x, enum spread_kind kind, const struct samples *sm,
                       struct serving *v, struct check_result *out)
{
    const struct service *s = sm->service;
    const char *scheduler = s->persistence_s ? "persistence" : s->scheduler;
    autosb struct strbuf list = {0};
    bool bounds = kind == SPREAD_TURNS || kind == SPREAD_AMONG || kind == SPREAD_LOAD;
    spread_bounds(kind, spread_weighted(s->scheduler), v->spread, v->n, sm->requests);
    list_spread(v, bounds, &list);
    check_evidence(x, out, "%u requests%s, %s: %s", sm->requests,
                   kind == SPREAD_AMONG ? " among those of other clients" : "", scheduler,
                   sb_str(&list));
    return kind == SPREAD_ONE ? all_to_one(v, sm->requests) : spread_within(v->spread, v->n);
}

/*
 * Turns are anybody's: among the requests of others, ours come to a server by chance. More of them
 * tell chance from a director that does not spread.
 */
static bool among_others(struct ctx *x, const struct samples *sm, const struct ipvs_service *table,
                         struct serving *v, struct check_result *out)
{
    enum { REQUESTS = 60 };
    if (!(sm = samples_more(x, sm->service, REQUESTS)) || sm->bad)
        return false;
    *v = (struct serving){0};
    add_serving(x, v, table, sm);
    return !v->strays && acceptable(x, SPREAD_AMONG, sm, v, out);
}

static void judge_spread(struct ctx *x, const struct samples *sm, const struct ipvs_service *table,
                         struct serving *v, struct check_result *out)
{
    const struct service *s = sm->service;
    enum spread_kind kind = spread_kind(s->scheduler, s->persistence_s > 0);
    bool within = acceptable(x, kind, sm, v, out);
    if (kind == SPREAD_TURNS && !within)
        within = among_others(x, sm, table, v, out);
    if (kind == SPREAD_UNKNOWN) {
        check_skip(x, out, "scheduler %s promises no shares", s->scheduler);
    } else if (within) {
        out->status = CHECK_PASS;
    } else if (kind == SPREAD_LOAD) {
        check_skip(x, out,
                   "the shares are not the weights', but %s evens out open connections, "
                   "those of other clients and of the past among them",
                   s->scheduler);
    } else {
        check_fail(x, out, kind == SPREAD_ONE
                               ? "one client was sent to more than one real server"
                               : "the requests were not spread in turn, nor by chance");
        check_hint(x, out, kind == SPREAD_ONE
                               ? "did the table change in between? run it again"
                               : "`clusterctl status` shows what the director sends where");
    }
}

void check_http_distribution(struct ctx *x, const struct subject *s, struct check_result *out)
{
    const struct live_iface *iface;
    const struct samples *sm;
    struct serving v = {0};
    if (!is_http(x, s->service, out))
        return;
    const struct host *active = active_director(x, &s->service->vip, &iface);
    const struct live_host *lh = active ? &x->live.hosts[active->index_in_cluster] : NULL;
    const struct ipvs_service *table =
        lh && lh->ipvs_read ? ipvs_find(&lh->ipvs, s->service) : NULL;
    if (!table) {
        check_skip(x, out, "the active director's table does not tell who serves (see ipvs.table)");
        return;
    }
    if (!(sm = samples_of(x, s->service)) || sm->bad) {
        check_skip(x, out, "requests failed (see http.vip)");
        return;
    }
    add_serving(x, &v, table, sm);
    if (v.strays) {
        check_fail(x, out, "%u of %u requests were answered by %s, to whom the director sends none",
                   v.strays, sm->requests, v.stray);
        check_hint(x, out, "see arp.vip-owner: this client may talk to it without the director");
    } else if (v.n < 2) {
        check_skip(x, out, "fewer than two real servers are in the table");
    } else {
        judge_spread(x, sm, table, &v, out);
    }
}

/* NULL: as it should be, and *seen says what was seen. */
static const char *fault_of(struct ctx *x, const struct direct *d, const char **seen)
{
    const struct host *other = page_of_another(x, d);
    bool own_page = direct_is_own_page(d);
    *seen = own_page ? "its page" : "its own page, not the inventory's any more";
    if (!d->status)
        return arena_printf(x->arena, "no answer: %s", d->error);
    if (d->status != 200)
        return arena_printf(x->arena, "HTTP status %ld", d->status);
    if (other)
        return arena_printf(x->arena, "it serves the page of %s", other->name);
    if (d->whoami && !d->own)
        return arena_printf(x->arena, "it calls itself %s", d->whoami);
    if (!own_page && !d->own)
        return arena_printf(x->arena, "it serves something else than its page: \"%s\"", d->shown);
    if (!d->host->page)
        *seen = "a page";
    return NULL;
}

void check_http_real_server(struct ctx *x, const struct subject *s, struct check_result *out)
{
    autosb struct strbuf good = {0}, bad = {0};
    const struct cluster *c = x->cluster;
    for (size_t i = 0; i < c->n_services; i++) {
        bool first = c->services[i].protocol == PROTO_TCP;
        for (size_t k = 0; k < i; k++)
            first &=
                c->services[k].protocol != PROTO_TCP || c->services[k].port != c->services[i].port;
        const struct direct *d = first ? direct_of(x, s->host, c->services[i].port) : NULL;
        if (!d)
            continue;
        const char *seen, *fault = fault_of(x, d, &seen);
        if (fault)
            list_add(&bad, "port %u: %s", d->port, fault);
        else
            list_add(&good, "port %u: status 200, %s", d->port, seen);
    }
    if (good.len)
        check_evidence(x, out, "%s", sb_str(&good));
    if (bad.len) {
        check_fail(x, out, "%s", sb_str(&bad));
        check_hint(x, out, "systemctl status nginx and /var/log/nginx/error.log on %s",
                   s->host->name);
    } else if (!good.len) {
        check_skip(x, out, interrupted(x) ? "interrupted" : "there is no TCP service");
    } else {
        out->status = CHECK_PASS;
    }
}
