/*
 * dsr.path: the VIP through each real server by name. The scheduler hides a real server that does
 * not take the VIP's packets, as clients just see some requests fail; keepalived's checks go to its
 * own address and do not see it at all.
 */
#include <string.h>

#include "probe/via.h"
#include "verify/check.h"
#include "verify/fan.h"

enum { TIMES = 3 }; /* requests: one could be luck where packets are passed on */

/* A service's VIP asked through a real server. */
struct dsr_try {
    const struct host *host;
    const struct service *service;
    const char *unasked; /* why not; safe to print */
    const char *hint;
    struct via way;
    bool open;
    unsigned made;
    struct http_result answers[TIMES];
};

static struct dsr_try *try_at(struct ctx *x, const struct host *h, size_t service)
{
    return &x->dsr[h->index_in_cluster * x->cluster->n_services + service];
}

/* Requests of other threads; what they say is read when all are done. */
static void ask(void *ud, size_t i)
{
    struct dsr_try *t = ((struct dsr_try **)ud)[i];
    char vip[IPADDR_STRLEN];
    const char *host = t->service->check.host;
    while (t->made < TIMES) {
        struct http_result *r = &t->answers[t->made++];
        http_get_via(&t->way, t->service->port, WHOAMI_PATH,
                     host ? host : ipaddr_str(&t->service->vip, vip), REQUEST_TIMEOUT_MS, r);
        if (!r->status)
            return;
    }
}

/* Open a way, or say why there is none to open. */
static void open_way(struct ctx *x, struct dsr_try *t)
{
    struct err e = {0};
    struct route to_vip, link;
    const struct ipaddr *vip = &t->service->vip;
    const struct direct *d = direct_of(x, t->host, t->service->port);
    if (!d)
        t->unasked = "interrupted";
    else if (!d->status)
        t->unasked = "it does not answer at its own address either (see http.real-server)";
    else if (route_get(vip, &to_vip, &e) == 0 && to_vip.local)
        t->unasked = "the VIP is this machine's own address";
    else if (route_get(&t->host->address, &link, &e) < 0)
        t->unasked = text_shown(x->arena, e.msg);
    else if (!link.on_link)
        t->unasked = "the real server is behind a router from here, and the VIP's packets can be "
                     "handed only to a neighbour";
    else if (via_open(vip, &t->host->address, &link, &t->way, &e) < 0) {
        t->unasked = text_shown(x->arena, e.msg);
        t->hint = e.hint[0] ? arena_strdup(x->arena, e.hint) : NULL;
    } else {
        t->open = true;
    }
}

/* Ask through all ways at once; there are more real servers than slots in large clusters only. */
static void flush(struct dsr_try **batch, size_t *n)
{
    fan_out(*n, ask, batch);
    for (size_t i = 0; i < *n; i++)
        via_close(&batch[i]->way);
    *n = 0;
}

static void ask_all(struct ctx *x)
{
    enum { AT_ONCE = VIA_SLOTS / 2 }; /* leave some to another run */
    struct dsr_try *batch[AT_ONCE];
    size_t n = 0;
    x->dsr = xcalloc(x->cluster->n_hosts * x->cluster->n_services + 1, sizeof *x->dsr);
    via_sweep();
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));)
        for (size_t i = 0; i < x->cluster->n_services && !interrupted(x); i++) {
            struct dsr_try *t = try_at(x, h, i);
            *t = (struct dsr_try){.host = h, .service = &x->cluster->services[i]};
            if (t->service->protocol == PROTO_TCP)
                open_way(x, t);
            if (t->open)
                batch[n++] = t;
            if (n == AT_ONCE)
                flush(batch, &n);
        }
    flush(batch, &n);
}

void dsr_reset(struct ctx *x)
{
    for (size_t i = 0; x->dsr && i < x->cluster->n_hosts * x->cluster->n_services; i++)
        for (unsigned k = 0; k < x->dsr[i].made; k++)
            http_result_free(&x->dsr[i].answers[k]);
    xfree(x->dsr);
    x->dsr = NULL;
}

/* What the real server itself says of the VIP, as far as that explains a missing answer. */
static const char *cause(struct ctx *x, const struct dsr_try *t, const struct http_result *r)
{
    const struct live_host *lh = &x->live.hosts[t->host->index_in_cluster];
    if (lh->complete && !holds_on_lo(lh, &t->service->vip))
        return "it does not have the VIP on lo, so these packets are not for it";
    if (strstr(r->error, "refused"))
        return "it takes the VIP's packets, but nothing listens there on this port, or its "
               "firewall rejects them";
    if (!lh->complete)
        return "it could not be asked whether it has the VIP on lo";
    return "it has the VIP on lo: a firewall or reverse path filter there or on the way drops "
           "packets that go to the VIP or come from it";
}

/* NULL: the answer is the real server's own. */
static const char *fault_of(struct ctx *x, const struct dsr_try *t, const struct http_result *r)
{
    const struct host *self = whoami_of(x->cluster, r);
    const struct live_host *lh = &x->live.hosts[t->host->index_in_cluster];
    if (self == t->host)
        return NULL;
    if (!r->status)
        return arena_printf(x->arena, "no answer (%s): %s", text_shown(x->arena, r->error),
                            cause(x, t, r));
    if (self)
        return arena_printf(x->arena, "answered by %s: it passes the VIP's packets on%s",
                            self->name,
                            lh->complete && !holds_on_lo(lh, &t->service->vip)
                                ? ", as it does not have the VIP on lo"
                                : "");
    return arena_printf(x->arena,
                        "our vhost does not answer there, but another site (status %ld, \"%s\")",
                        r->status, page_shown(x->arena, &r->body));
}

static const char *first_fault(struct ctx *x, const struct dsr_try *t)
{
    for (unsigned i = 0; i < t->made; i++) {
        const char *fault = fault_of(x, t, &t->answers[i]);
        if (fault)
            return fault;
    }
    return NULL;
}

void check_dsr_path(struct ctx *x, const struct subject *s, struct check_result *out)
{
    autosb struct strbuf good = {0}, bad = {0};
    const char *unasked = "there is no TCP service", *hint = NULL;
    if (!x->dsr)
        ask_all(x);
    for (size_t i = 0; i < x->cluster->n_services; i++) {
        struct dsr_try *t = try_at(x, s->host, i);
        char vip[IPADDR_STRLEN];
        const char *fault = t->made ? first_fault(x, t) : NULL;
        if (t->unasked) {
            unasked = t->unasked;
            hint = t->hint;
        }
        if (!t->made)
            continue;
        ipaddr_str(&t->service->vip, vip);
        if (fault)
            list_add(&bad, "%s port %u through %s: %s", vip, t->service->port, s->host->name,
                     fault);
        else
            list_add(&good, "%s port %u: %u of %u requests through it answered by it", vip,
                     t->service->port, t->made, t->made);
    }
    if (good.len)
        check_evidence(x, out, "%s", sb_str(&good));
    if (bad.len) {
        check_fail(x, out, "%s", sb_str(&bad));
        check_hint(x, out,
                   "clients that the director sends there get this: ip addr show lo, ip route "
                   "get, the firewall's rules and nginx's listen directives on %s tell more",
                   s->host->name);
    } else if (!good.len) {
        check_skip(x, out, "%s", interrupted(x) ? "interrupted" : unasked);
        if (hint)
            check_hint(x, out, "%s", hint);
    } else {
        out->status = CHECK_PASS;
    }
}
