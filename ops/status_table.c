/* Each service as the active director's table has it, with what goes through it. */
#include "ops/status_build.h"

/* A rate that is over this is a broken or hostile number: 10^12 a second. */
#define RATE_MAX UINT64_C(1000000000000)

static uint64_t thousandths(uint64_t rate)
{
    return rate > RATE_MAX ? RATE_MAX * 1000 : rate * 1000;
}

/* An entry that was made anew since then, or zeroed, has counted from 0. */
static uint64_t growth(uint64_t before, uint64_t now, int64_t over_ms)
{
    uint64_t n = now >= before ? now - before : now;
    if (n > RATE_MAX)
        n = RATE_MAX;
    return n * 1000000 / (uint64_t)over_ms; /* at most 10^18 */
}

static struct status_rate rate_of(const struct ipvs_traffic *before, const struct ipvs_traffic *now,
                                  int64_t over_ms)
{
    static const struct ipvs_traffic none;
    if (!over_ms)
        return (struct status_rate){thousandths(now->connections_s), thousandths(now->packets_in_s),
                                    thousandths(now->bytes_in_s)};
    if (!before)
        before = &none;
    return (struct status_rate){growth(before->connections, now->connections, over_ms),
                                growth(before->packets_in, now->packets_in, over_ms),
                                growth(before->bytes_in, now->bytes_in, over_ms)};
}

/* The time between two samples of the same boot, or 0. A day apart they say nothing of now. */
static int64_t between(const struct look_sample *before, const struct look_sample *now)
{
    enum { DAY_MS = 24 * 60 * 60 * 1000 };
    if (!before->live.complete || !before->counted || !before->timed || !now->counted ||
        !now->timed || before->up_ms >= now->up_ms || now->up_ms - before->up_ms > DAY_MS)
        return 0;
    return now->up_ms - before->up_ms;
}

/* The one that holds the VIP; else the first whose table could be read. */
static const struct look *choose(const struct build *b, const struct status_vip *v,
                                 struct status_service *out)
{
    const struct look *found = NULL;
    for (size_t i = 0; v && i < v->n_directors; i++) {
        const struct status_director *d = &v->directors[i];
        const struct look *l = build_look(b, d->host);
        if (!l || !l->now.live.ipvs_read || (found && (out->holder || !d->holds_on)))
            continue;
        found = l;
        out->holder = d->holds_on != NULL;
    }
    return found;
}

static const char *why_none(const struct build *b)
{
    for (const struct host *h = NULL; (h = cluster_next(b->cluster, h, ROLE_DIRECTOR));) {
        const struct look *l = build_look(b, h);
        if (l && l->now.live.ipvs_error)
            return arena_printf(&b->out->arena, "%s: %s", h->name, l->now.live.ipvs_error);
    }
    return "no director's table could be read";
}

static void add_dests(struct build *b, struct status_service *out, const struct ipvs_service *table,
                      const struct ipvs_service *before)
{
    out->dests = arena_array(&b->out->arena, struct status_dest, table->dests.n + 1);
    for (size_t i = 0; i < table->dests.n; i++) {
        const struct ipvs_dest *d = &table->dests.v[i];
        const struct ipvs_dest *old = before ? ipvs_dest_find(before, &d->address, d->port) : NULL;
        out->dests[out->n_dests++] = (struct status_dest){
            .host = cluster_host_at(b->cluster, &d->address, ROLE_REAL_SERVER),
            .address = d->address,
            .port = d->port,
            .weight = d->weight,
            .active = d->traffic.active,
            .inactive = d->traffic.inactive,
            .connections = d->traffic.connections,
            .packets_in = d->traffic.packets_in,
            .bytes_in = d->traffic.bytes_in,
            .rate = rate_of(old ? &old->traffic : NULL, &d->traffic, out->rate_over_ms)};
    }
}

static void add_table(struct build *b, struct status_service *out, const struct look *l)
{
    const struct ipvs_service *table = ipvs_find(&l->now.live.ipvs, out->service);
    const struct ipvs_service *before = NULL;
    out->director = l->host;
    if (!table) {
        out->why = "the table does not have it";
        return;
    }
    out->present = true;
    out->scheduler = arena_strdup(&b->out->arena, table->scheduler); /* quoted by ipvs_line() */
    out->persistence_s = table->persistence_s;
    out->active = table->traffic.active;
    out->inactive = table->traffic.inactive;
    out->connections = table->traffic.connections;
    out->packets_in = table->traffic.packets_in;
    out->bytes_in = table->traffic.bytes_in;
    out->rate_over_ms = between(&l->before, &l->now);
    out->rated = out->rate_over_ms || l->now.estimated;
    if (out->rate_over_ms)
        before = ipvs_find(&l->before.live.ipvs, out->service);
    out->rate = rate_of(before ? &before->traffic : NULL, &table->traffic, out->rate_over_ms);
    add_dests(b, out, table, before);
}

static const struct status_vip *vip_of(const struct build *b, const struct service *s)
{
    for (size_t i = 0; i < b->out->n_vips; i++)
        if (ipaddr_eq(b->out->vips[i].vip, &s->vip))
            return &b->out->vips[i];
    return NULL;
}

void build_services(struct build *b)
{
    struct status_report *r = b->out;
    const struct cluster *c = b->cluster;
    r->services = arena_array(&r->arena, struct status_service, c->n_services + 1);
    for (size_t i = 0; i < c->n_services; i++) {
        char text[IPADDR_STRLEN];
        const struct service *s = &c->services[i];
        struct status_service *out = &r->services[r->n_services++];
        *out = (struct status_service){.service = s, .scheduler = ""};
        out->name = arena_printf(&r->arena, s->vip.family == AF_INET6 ? "[%s]:%u/%s" : "%s:%u/%s",
                                 ipaddr_str(&s->vip, text), s->port,
                                 s->protocol == PROTO_UDP ? "udp" : "tcp");
        const struct look *l = choose(b, vip_of(b, s), out);
        if (l)
            add_table(b, out, l);
        else
            out->why = why_none(b);
    }
}
