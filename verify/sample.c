#include "verify/sample.h"

#include <string.h>

#include "base/quote.h"
#include "verify/check.h"
#include "verify/drained.h"
#include "verify/spread.h"

enum {
    GIVE_UP_AFTER = 2, /* requests without an answer, before the rest is not tried */
    ROUNDS = 3,        /* turns of the scheduler that show it turning, not a coincidence */
    MIN_REQUESTS = 6,
    MAX_REQUESTS = 120, /* weights of 997 and 1 would take thousands */
    SHOWN_BYTES = 60,   /* of a page that should not be there: enough to recognise it */
};

bool interrupted(const struct ctx *x)
{
    return ssh_cancelled(x->options->cancel, 0);
}

unsigned samples_wanted(struct run *r, const struct service *s, unsigned asked)
{
    const struct cluster *c = run_cluster(r);
    struct spread *v = xcalloc(c->n_hosts, sizeof *v);
    size_t n = 0;
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));)
        v[n++].weight = weight_wanted(r, h);
    unsigned cycle = spread_cycle(spread_weighted(s->scheduler), v, n);
    xfree(v);
    if (asked)
        return asked;
    unsigned wanted = cycle > MAX_REQUESTS / ROUNDS ? MAX_REQUESTS : cycle * ROUNDS;
    return wanted < MIN_REQUESTS ? MIN_REQUESTS : wanted;
}

const char *page_shown(struct arena *a, const struct strbuf *body)
{
    autosb struct strbuf sb = {0};
    const char *s = sb_str(body), *title = strcasestr(s, "<title>");
    if (title)
        s = title + strlen("<title>");
    size_t n = strcspn(s, title ? "<\r\n" : "\r\n");
    quote_terminal(&sb, s, n > SHOWN_BYTES ? SHOWN_BYTES : n, false);
    if (n > SHOWN_BYTES)
        sb_add(&sb, "...");
    return arena_strdup(a, sb_str(&sb));
}

const char *text_shown(struct arena *a, const char *s)
{
    autosb struct strbuf sb = {0};
    quote_terminal(&sb, s, strlen(s), false);
    return arena_strdup(a, sb_str(&sb));
}

/* The page as content seeds it: the inventory's text and a newline. */
static bool is_page_of(const char *body, const struct host *h)
{
    size_t n = h->page ? strlen(h->page) : 0;
    return h->page && !strncmp(body, h->page, n) && !strcmp(body + n, "\n");
}

const struct host *whoami_of(const struct cluster *c, const struct http_result *r)
{
    const char *s = sb_str(&r->body);
    size_t n = strcspn(s, "\n");
    if (r->status != 200 || strlen(s) != n + 1 || r->body.len != n + 1)
        return NULL;
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));)
        if (strlen(h->name) == n && !strncmp(h->name, s, n))
            return h;
    return NULL;
}

static void ask_direct(struct ctx *x, struct direct *d)
{
    struct http_result r;
    http_get(&d->host->address, d->port, "/", NULL, REQUEST_TIMEOUT_MS, &r);
    d->status = r.status;
    d->error = text_shown(x->arena, r.error);
    d->body = arena_strdup(x->arena, sb_str(&r.body));
    d->shown = page_shown(x->arena, &r.body);
    http_result_free(&r);
    if (!d->status)
        return;
    http_get(&d->host->address, d->port, WHOAMI_PATH, NULL, REQUEST_TIMEOUT_MS, &r);
    const struct host *self = whoami_of(x->cluster, &r);
    d->whoami = self ? self->name : NULL;
    d->own = self == d->host;
    http_result_free(&r);
}

const struct direct *direct_of(struct ctx *x, const struct host *h, unsigned port)
{
    for (size_t i = 0; i < x->samples.direct.n; i++)
        if (x->samples.direct.v[i]->host == h && x->samples.direct.v[i]->port == port)
            return x->samples.direct.v[i];
    if (interrupted(x))
        return NULL;
    struct direct *d = arena_new(x->arena, struct direct);
    d->host = h;
    d->port = port;
    ask_direct(x, d);
    *vec_push(&x->samples.direct) = d;
    return d;
}

bool direct_serves(struct ctx *x, const struct host *h, const struct service *s)
{
    if (!run_result_of(x->run, h)->reached)
        return false;
    if (s->protocol != PROTO_TCP)
        return true;
    const struct direct *d = direct_of(x, h, s->port);
    return d && d->status == 200;
}

bool direct_is_own_page(const struct direct *d)
{
    return is_page_of(d->body, d->host);
}

const struct host *page_of_another(struct ctx *x, const struct direct *d)
{
    if (is_page_of(d->body, d->host))
        return NULL;
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));)
        if (h != d->host && is_page_of(d->body, h))
            return h;
    return NULL;
}

/*
 * Can a real server be told by its page? When every one has a page of its own, and none that our
 * vhost answers for serves another by now: pages are seeds, and belong to their authors afterwards.
 * Else their names do, by WHOAMI_PATH.
 */
static bool pages_tell(struct ctx *x, const struct service *s)
{
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));) {
        if (!h->page)
            return false;
        for (const struct host *k = h; (k = cluster_next(x->cluster, k, ROLE_REAL_SERVER));)
            if (k->page && !strcmp(h->page, k->page))
                return false;
        if (!run_result_of(x->run, h)->reached)
            continue;
        const struct direct *d = direct_of(x, h, s->port);
        if (d && d->own && !is_page_of(d->body, h) && !page_of_another(x, d))
            return false;
    }
    return true;
}

static void note_bad(struct ctx *x, struct samples *sm, const struct http_result *r)
{
    if (sm->bad++)
        return;
    sm->first_bad =
        !r->status         ? arena_printf(x->arena, "no answer: %s", text_shown(x->arena, r->error))
        : r->status != 200 ? arena_printf(x->arena, "HTTP status %ld", r->status)
                           : arena_printf(x->arena, "a page of none of the real servers: \"%s\"",
                                          page_shown(x->arena, &r->body));
}

/* Whose answer is it? NULL: nobody's that should give it. */
static const struct host *answered_by(const struct ctx *x, bool whoami, const struct http_result *r)
{
    if (r->status != 200)
        return NULL;
    if (whoami)
        return whoami_of(x->cluster, r);
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));)
        if (is_page_of(sb_str(&r->body), h))
            return h;
    return NULL;
}

enum series { PAGES_COUNTED, PAGES_ONLY, NAMES_COUNTED };

/* -1: interrupted. Counted requests follow one another, so that turns can be told. */
static int make_requests(struct ctx *x, struct samples *sm, enum series what, unsigned n)
{
    const struct service *s = sm->service;
    char vip[IPADDR_STRLEN];
    const char *name = s->check.host ? s->check.host : ipaddr_str(&s->vip, vip);
    const char *path = what == NAMES_COUNTED ? WHOAMI_PATH : "/";
    unsigned *made = what == PAGES_ONLY ? &sm->pages : &sm->requests;
    for (unsigned lost = 0; *made < n && lost < GIVE_UP_AFTER;) {
        if (interrupted(x))
            return -1;
        struct http_result r;
        http_get(&s->vip, s->port, path, name, REQUEST_TIMEOUT_MS, &r);
        ++*made;
        lost += r.status == 0;
        const struct host *h = answered_by(x, what == NAMES_COUNTED, &r);
        if (what == PAGES_ONLY ? r.status != 200 : !h)
            note_bad(x, sm, &r);
        else if (what != PAGES_ONLY)
            sm->hits[h->index_in_cluster]++;
        http_result_free(&r);
    }
    return 0;
}

const struct samples *samples_of(struct ctx *x, const struct service *s)
{
    for (size_t i = 0; i < x->samples.through.n; i++)
        if (x->samples.through.v[i]->service == s)
            return x->samples.through.v[i];
    struct samples *sm = arena_new(x->arena, struct samples);
    unsigned n = samples_wanted(x->run, s, x->options->requests);
    sm->service = s;
    sm->hits = arena_array(x->arena, unsigned, x->cluster->n_hosts);
    sm->by_whoami = !pages_tell(x, s);
    int rc = sm->by_whoami ? make_requests(x, sm, PAGES_ONLY, n) : 0;
    if (rc == 0 && !sm->bad)
        rc = make_requests(x, sm, sm->by_whoami ? NAMES_COUNTED : PAGES_COUNTED, n);
    if (rc < 0)
        return NULL;
    *vec_push(&x->samples.through) = sm;
    return sm;
}

const struct samples *samples_more(struct ctx *x, const struct service *s, unsigned requests)
{
    for (size_t i = 0; i < x->samples.through.n; i++) {
        struct samples *sm = x->samples.through.v[i];
        if (sm->service == s)
            return make_requests(x, sm, sm->by_whoami ? NAMES_COUNTED : PAGES_COUNTED,
                                 requests) == 0
                       ? sm
                       : NULL;
    }
    return NULL;
}

void samples_reset(struct samples_cache *c)
{
    vec_free(&c->through);
    vec_free(&c->direct);
}
