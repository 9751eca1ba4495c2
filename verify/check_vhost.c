/*
 * nginx.vhost: each real server asked at its own address, in the VIP's name and in those of the
 * health checks. A server_name that matches elsewhere, or a default site, takes such requests away
 * from our vhost while the page at the server's own name looks right.
 */
#include <stdio.h>
#include <string.h>

#include "verify/check.h"
#include "verify/fan.h"

enum { NAME_MAX_BYTES = 256 };

struct vhost_try {
    const struct host *host;
    const struct service *service;
    char name[NAME_MAX_BYTES]; /* of the Host header; "": nothing to ask */
    bool asked;
    struct http_result whoami, page; /* the page of one that is not ours */
    bool ours;
    const struct cluster *cluster;
};

/* Two tries a service: by the VIP, and by the health check's name. */
static struct vhost_try *try_at(struct ctx *x, const struct host *h, size_t service, size_t which)
{
    return &x->vhost[(h->index_in_cluster * x->cluster->n_services + service) * 2 + which];
}

static void ask(void *ud, size_t i)
{
    struct vhost_try *t = &((struct vhost_try *)ud)[i];
    if (!t->name[0])
        return;
    http_get(&t->host->address, t->service->port, WHOAMI_PATH, t->name, REQUEST_TIMEOUT_MS,
             &t->whoami);
    t->ours = whoami_of(t->cluster, &t->whoami) == t->host;
    if (!t->ours)
        http_get(&t->host->address, t->service->port, "/", t->name, REQUEST_TIMEOUT_MS, &t->page);
    t->asked = true;
}

/* A service asks what an earlier one on the same port has asked already: leave that out. */
static bool is_repeated(struct ctx *x, const struct host *h, size_t service, const char *name)
{
    for (size_t i = 0; i < service; i++)
        for (size_t k = 0; k < 2; k++) {
            const struct vhost_try *t = try_at(x, h, i, k);
            if (t->name[0] && t->service->port == x->cluster->services[service].port &&
                !strcmp(t->name, name))
                return true;
        }
    return false;
}

static void prepare(struct ctx *x, const struct host *h, size_t i)
{
    const struct service *s = &x->cluster->services[i];
    char ip[IPADDR_STRLEN], vip[IPADDR_STRLEN + 2];
    snprintf(vip, sizeof vip, s->vip.family == AF_INET6 ? "[%s]" : "%s", ipaddr_str(&s->vip, ip));
    const char *names[] = {vip, s->check.host};
    const struct direct *d = s->protocol == PROTO_TCP ? direct_of(x, h, s->port) : NULL;
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        struct vhost_try *t = try_at(x, h, i, k);
        t->host = h;
        t->service = s;
        t->cluster = x->cluster;
        if (d && d->status && names[k] && !is_repeated(x, h, i, names[k]))
            snprintf(t->name, sizeof t->name, "%s", names[k]);
    }
}

static void ask_all(struct ctx *x)
{
    size_t n = x->cluster->n_hosts * x->cluster->n_services * 2;
    x->vhost = xcalloc(n + 1, sizeof *x->vhost);
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));)
        for (size_t i = 0; i < x->cluster->n_services; i++)
            prepare(x, h, i);
    if (!interrupted(x))
        fan_out(n, ask, x->vhost);
}

void vhost_reset(struct ctx *x)
{
    size_t n = x->cluster->n_hosts * x->cluster->n_services * 2;
    for (size_t i = 0; x->vhost && i < n; i++) {
        http_result_free(&x->vhost[i].whoami);
        http_result_free(&x->vhost[i].page);
    }
    xfree(x->vhost);
    x->vhost = NULL;
}

static const char *describe(struct ctx *x, const struct vhost_try *t)
{
    if (!t->page.status)
        return arena_printf(x->arena, "no answer: %s", text_shown(x->arena, t->page.error));
    return arena_printf(x->arena, "another site, \"%s\" (status %ld)",
                        page_shown(x->arena, &t->page.body), t->page.status);
}

void check_vhost(struct ctx *x, const struct subject *s, struct check_result *out)
{
    autosb struct strbuf good = {0}, bad = {0};
    if (!x->vhost)
        ask_all(x);
    for (size_t i = 0; i < x->cluster->n_services * 2; i++) {
        const struct vhost_try *t = try_at(x, s->host, i / 2, i % 2);
        if (!t->asked)
            continue;
        if (t->ours)
            list_add(&good, "Host: %s on port %u", t->name, t->service->port);
        else
            list_add(&bad, "requests for %s on port %u get %s", t->name, t->service->port,
                     describe(x, t));
    }
    if (good.len)
        check_evidence(x, out, "our vhost answers %s", sb_str(&good));
    if (bad.len) {
        check_fail(x, out, "%s", sb_str(&bad));
        check_hint(x, out,
                   "nginx -T on %s lists every server: one with this server_name, or the default "
                   "site, takes the request",
                   s->host->name);
    } else if (!good.len) {
        check_skip(x, out,
                   interrupted(x) ? "interrupted"
                   : first_http_service(x->cluster)
                       ? "it does not answer at its own address (see http.real-server)"
                       : "there is no TCP service");
    } else {
        out->status = CHECK_PASS;
    }
}
