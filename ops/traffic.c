#include "ops/traffic.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Two looks at the tables; each is one short exec on every host. */
enum { LOOK_MS = 500, MOVE_LIMIT_MS = 15 * 1000 };

static void say(const struct traffic *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void say(const struct traffic *t, const char *fmt, ...)
{
    autosb struct strbuf sb = {0};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&sb, fmt, ap);
    va_end(ap);
    if (t->o.say)
        t->o.say(t->o.ud, sb_str(&sb));
}

void traffic_init(struct traffic *t, const struct traffic_options *o)
{
    *t = (struct traffic){.o = *o, .cluster = run_cluster(o->run)};
    live_init(&t->live, t->cluster->n_hosts);
    t->live.extras = LIVE_CONNECTIONS;
    t->wishes = xcalloc(t->cluster->n_hosts, sizeof *t->wishes);
    t->directors = xcalloc(t->cluster->n_hosts, sizeof *t->directors);
}

void traffic_free(struct traffic *t)
{
    live_free(&t->live);
    xfree(t->wishes);
    xfree(t->directors);
    *t = (struct traffic){0};
}

static const struct host *next_told(const struct traffic *t, const struct host *after)
{
    do
        after = cluster_next(t->cluster, after, ROLE_DIRECTOR);
    while (after && !t->directors[after->index_in_cluster]);
    return after;
}

/* A pass over some hosts with the modules that drain; then all is as it was before. */
static int drain_pass(struct traffic *t, const bool *hosts, enum run_mode mode, struct err *e)
{
    const struct run_scope scope = {t->o.drain, hosts, t->wishes}, all = {0};
    run_set_scope(t->o.run, &scope);
    int rc = t->o.pass(t->o.ud, mode, e);
    run_set_scope(t->o.run, &all);
    return rc;
}

/* Tell those that were reached, and look. */
int traffic_adopt(struct traffic *t, struct err *e)
{
    for (const struct host *h = NULL; (h = cluster_next(t->cluster, h, ROLE_DIRECTOR));)
        t->directors[h->index_in_cluster] = run_result_of(t->o.run, h)->reached;
    return traffic_look(t, e);
}

int traffic_begin(struct traffic *t, struct err *e)
{
    bool reached = false;
    for (const struct host *h = NULL; (h = cluster_next(t->cluster, h, ROLE_DIRECTOR));)
        t->directors[h->index_in_cluster] = true;
    t->untold = (struct err){0};
    int rc = drain_pass(t, t->directors, RUN_OBSERVE, e);
    if (rc < 0 && e->code == ERR_INTERRUPTED)
        return -1;
    for (const struct host *h = NULL; (h = cluster_next(t->cluster, h, ROLE_DIRECTOR));)
        reached |= run_result_of(t->o.run, h)->reached;
    if (rc < 0 && !reached)
        return -1;
    if (rc < 0)
        t->untold = *e;
    *e = (struct err){0};
    return traffic_adopt(t, e);
}

int traffic_look(struct traffic *t, struct err *e)
{
    return live_refresh(&t->live, t->o.run, e);
}

static const struct live_host *seen(const struct traffic *t, const struct host *h)
{
    return &t->live.hosts[h->index_in_cluster];
}

const struct host *traffic_active(const struct traffic *t)
{
    const struct host *active = NULL;
    size_t holders = 0;
    for (const struct host *h = NULL; (h = cluster_next(t->cluster, h, ROLE_DIRECTOR));)
        if (seen(t, h)->complete && live_off_lo(seen(t, h), &t->cluster->vips[0])) {
            active = h;
            holders++;
        }
    return holders == 1 ? active : NULL;
}

/* What the director's table has of a real server for a service, or NULL. */
static const struct ipvs_dest *entry(const struct traffic *t, const struct host *director,
                                     const struct service *s, const struct host *rs)
{
    const struct live_host *lh = seen(t, director);
    const struct ipvs_service *table = lh->ipvs_read ? ipvs_find(&lh->ipvs, s) : NULL;
    return table ? ipvs_dest_find(table, &rs->address, s->port) : NULL;
}

static bool sends(const struct traffic *t, const struct host *director, const struct service *s,
                  const struct host *rs)
{
    const struct ipvs_dest *d = entry(t, director, s, rs);
    return d && d->weight;
}

bool traffic_serves(const struct traffic *t, const struct host *rs)
{
    for (const struct host *h = NULL; (h = next_told(t, h));)
        for (size_t i = 0; i < t->cluster->n_services; i++)
            if (sends(t, h, &t->cluster->services[i], rs) || !seen(t, h)->complete)
                return true;
    return false;
}

/* Real servers that the director sends the service to, `without` these (NULL: all). */
static size_t servers(const struct traffic *t, const struct host *director, const struct service *s,
                      const bool *without)
{
    size_t n = 0;
    for (const struct host *rs = NULL; (rs = cluster_next(t->cluster, rs, ROLE_REAL_SERVER));)
        n += sends(t, director, s, rs) && !(without && without[rs->index_in_cluster]);
    return n;
}

static bool has_servers(const struct traffic *t, const struct host *director)
{
    for (size_t i = 0; i < t->cluster->n_services; i++)
        if (servers(t, director, &t->cluster->services[i], NULL))
            return true;
    return false;
}

/*
 * Whoever holds the VIP at this moment, nobody or both: a director that has servers to send to may
 * be sending. So may one that was reached but did not tell.
 */
bool traffic_flows(const struct traffic *t)
{
    for (const struct host *d = NULL; (d = next_told(t, d));)
        if (!seen(t, d)->complete || has_servers(t, d))
            return true;
    return false;
}

static int servers_may_leave(const struct traffic *t, const bool *who, struct err *e)
{
    for (const struct host *d = NULL; (d = next_told(t, d));)
        for (size_t i = 0; i < t->cluster->n_services; i++) {
            const struct service *s = &t->cluster->services[i];
            char vip[IPADDR_STRLEN];
            if (!servers(t, d, s, NULL) || servers(t, d, s, who))
                continue;
            err_set(e, ERR_FAILED, "nothing would be left that %s sends %s port %u to", d->name,
                    ipaddr_str(&s->vip, vip), s->port);
            return err_hint(e, "bring another real server back first (`clusterctl status`), or "
                               "take the outage with --force");
        }
    return 0;
}

/* Why this director could not take the VIPs over, or NULL. */
static const char *unfit(const struct traffic *t, const struct host *d)
{
    const struct host_result *hr = run_result_of(t->o.run, d);
    if (!seen(t, d)->complete)
        return "does not answer";
    if (hr->reached && hr->facts.passive)
        return "is drained itself";
    for (size_t i = 0; i < t->cluster->n_services; i++)
        if (!servers(t, d, &t->cluster->services[i], NULL))
            return "has no real server to send to";
    return NULL;
}

static int directors_may_leave(const struct traffic *t, const bool *who, struct err *e)
{
    const struct host *leaving = NULL, *other = NULL;
    const char *why = "is drained with it";
    for (const struct host *d = NULL; (d = cluster_next(t->cluster, d, ROLE_DIRECTOR));) {
        if (who[d->index_in_cluster]) {
            leaving = d;
            continue;
        }
        other = d;
        why = unfit(t, d);
        if (!why)
            return 0;
    }
    if (!leaving)
        return 0;
    if (!other) {
        err_set(e, ERR_FAILED, "no other director could take over from %s", leaving->name);
        return err_hint(e, "leave one in");
    }
    err_set(e, ERR_FAILED, "%s could not take over from %s: it %s", other->name, leaving->name,
            why);
    return err_hint(e, "mend that first (`clusterctl doctor`), or take the outage with --force");
}

int traffic_may_leave(const struct traffic *t, const bool *who, struct err *e)
{
    return servers_may_leave(t, who, e) < 0 ? -1 : directors_may_leave(t, who, e);
}

static void wish_for(struct traffic *t, const bool *who, enum wish wish)
{
    for (size_t i = 0; i < t->cluster->n_hosts; i++)
        t->wishes[i] = who[i] ? wish : WISH_NONE;
}

int traffic_plan(struct traffic *t, const bool *who, enum wish wish, struct err *e)
{
    wish_for(t, who, wish);
    return drain_pass(t, t->directors, RUN_OBSERVE, e);
}

int traffic_tell(struct traffic *t, const bool *who, enum wish wish, struct err *e)
{
    wish_for(t, who, wish);
    return drain_pass(t, t->directors, RUN_APPLY, e);
}

/* -1 interrupted. */
static int pause_between(const struct traffic *t, struct err *e)
{
    return ssh_cancelled(t->o.cancel, LOOK_MS) ? err_set(e, ERR_INTERRUPTED, "interrupted") : 0;
}

/* What is waited for. */
struct wait {
    const bool *who;         /* real servers */
    const struct host *from; /* a director */
    uint64_t open, told;     /* connections */
};

/* Look until `met` says so. 1: the time is over. */
static int wait_until(struct traffic *t, bool (*met)(struct traffic *t, struct wait *w),
                      struct wait *w, unsigned limit_ms, struct err *e)
{
    for (int64_t deadline = deadline_in(limit_ms);;) {
        if (traffic_look(t, e) < 0)
            return -1;
        if (met(t, w))
            return 0;
        if (!deadline_left(deadline))
            return 1;
        if (pause_between(t, e) < 0)
            return -1;
    }
}

/*
 * A director's count of a server's connections. One whose end it has not seen stays in its table
 * for a quarter of an hour; the server itself, where it answers, has it no more.
 */
static uint64_t open_on(const struct traffic *t, const struct host *director, const struct host *rs)
{
    uint64_t of[2] = {0}; /* TCP, others */
    for (size_t i = 0; i < t->cluster->n_services; i++) {
        const struct service *s = &t->cluster->services[i];
        const struct ipvs_dest *e = entry(t, director, s, rs);
        of[s->protocol != PROTO_TCP] += e ? e->traffic.active : 0;
    }
    const struct live_host *server = seen(t, rs);
    if (server->complete && server->tcp_counted && server->tcp_open < of[0])
        of[0] = server->tcp_open;
    return of[0] + of[1];
}

/* Over all directors: a connection that a hand-over took along is known to both, and counts once.
 */
static bool closed(struct traffic *t, struct wait *c)
{
    c->open = 0;
    for (const struct host *d = NULL; (d = next_told(t, d));) {
        uint64_t n = 0;
        for (const struct host *rs = NULL; (rs = cluster_next(t->cluster, rs, ROLE_REAL_SERVER));)
            n += c->who[rs->index_in_cluster] ? open_on(t, d, rs) : 0;
        if (n > c->open && (d == traffic_active(t) || !traffic_active(t)))
            c->open = n;
    }
    if (c->open && c->open != c->told)
        say(t, "%llu connection%s still open", (unsigned long long)c->open,
            c->open == 1 ? " is" : "s are");
    c->told = c->open;
    return !c->open;
}

int traffic_wait_closed(struct traffic *t, const bool *who, unsigned limit_ms, uint64_t *open,
                        struct err *e)
{
    struct wait c = {.who = who};
    int rc = wait_until(t, closed, &c, limit_ms, e);
    *open = c.open;
    return rc;
}

static bool serves_all(const struct traffic *t, const struct host *director, const struct wait *w)
{
    for (const struct host *rs = NULL; (rs = cluster_next(t->cluster, rs, ROLE_REAL_SERVER));)
        for (size_t i = 0; i < t->cluster->n_services; i++)
            if (w->who[rs->index_in_cluster] && rs->weight &&
                !sends(t, director, &t->cluster->services[i], rs))
                return false;
    return true;
}

/*
 * Those that stand by too, where their keepalived is at work: one that takes over must not find it
 * missing, nor think the next to be the last.
 */
static bool served(struct traffic *t, struct wait *w)
{
    if (!traffic_active(t))
        return false;
    for (const struct host *d = NULL; (d = next_told(t, d));)
        if (((seen(t, d)->complete && has_servers(t, d)) || d == traffic_active(t)) &&
            !serves_all(t, d, w))
            return false;
    return true;
}

int traffic_bring_back(struct traffic *t, const bool *who, struct err *e)
{
    if (traffic_tell(t, who, WISH_UNDRAIN, e) < 0)
        return -1;
    return wait_until(t, served, &(struct wait){.who = who}, TRAFFIC_SERVED_MS, e);
}

/* Every VIP is held, by one, and not by this director. */
static bool moved(struct traffic *t, struct wait *w)
{
    for (size_t i = 0; i < t->cluster->n_vips; i++) {
        size_t holders = 0;
        for (const struct host *h = NULL; (h = cluster_next(t->cluster, h, ROLE_DIRECTOR));)
            if (seen(t, h)->complete && live_off_lo(seen(t, h), &t->cluster->vips[i]))
                holders += h == w->from ? 2 : 1;
        if (holders != 1)
            return false;
    }
    return true;
}

static int tell_director(struct traffic *t, const struct host *director, enum wish wish,
                         struct err *e)
{
    autofree bool *who = xcalloc(t->cluster->n_hosts, sizeof *who);
    who[director->index_in_cluster] = true;
    wish_for(t, who, wish);
    return drain_pass(t, who, RUN_APPLY, e);
}

int traffic_hand_over(struct traffic *t, const struct host *director, struct err *e)
{
    if (tell_director(t, director, WISH_DRAIN, e) < 0)
        return -1;
    int rc = wait_until(t, moved, &(struct wait){.from = director}, MOVE_LIMIT_MS, e);
    if (rc <= 0)
        return rc;
    err_set(e, ERR_FAILED,
            "%s was told to hand the VIP over, and %d s later no other director "
            "holds it alone",
            director->name, MOVE_LIMIT_MS / 1000);
    return err_hint(e,
                    "`clusterctl undrain %s` takes the wish back; `clusterctl doctor` looks for "
                    "the cause",
                    director->name);
}

int traffic_take_part(struct traffic *t, const struct host *director, struct err *e)
{
    return tell_director(t, director, WISH_UNDRAIN, e);
}
