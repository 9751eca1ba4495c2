/* The hosts and the VIPs of a report; the order in which its parts are made. */
#include <string.h>

#include "base/quote.h"
#include "ops/status_build.h"

enum { STATE_MAX = 24, WHY_MAX = 400, PATH_MAX_SHOWN = 200 };

const struct look *build_look(const struct build *b, const struct host *h)
{
    const struct look *l = b->looks[h->index_in_cluster];
    return l && l->answer == STATUS_ANSWERED ? l : NULL;
}

const char *build_shown(const struct build *b, const char *s, size_t max)
{
    autosb struct strbuf sb = {0};
    size_t n = strnlen(s, max + 1);
    quote_terminal(&sb, s, n > max ? max : n, false);
    if (n > max)
        sb_add(&sb, "...");
    return arena_strdup(&b->out->arena, sb_str(&sb));
}

void build_list(struct strbuf *sb, const char *s)
{
    sb_addf(sb, "%s%s", sb->len ? ", " : "", s);
}

static void add_units(struct build *b, struct status_host *h, const struct look *l)
{
    const struct resource *want, *have = NULL;
    while ((have = look_seen(l, RES_SERVICE, have, &want)))
        h->n_units++;
    h->units = arena_array(&b->out->arena, struct status_unit, h->n_units + 1);
    h->n_units = 0;
    while ((have = look_seen(l, RES_SERVICE, have, &want))) {
        const struct res_service *s = &have->service;
        h->units[h->n_units++] =
            (struct status_unit){.name = build_shown(b, want->key, PATH_MAX_SHOWN),
                                 .state = !s->state    ? "unknown"
                                          : !s->exists ? "not installed"
                                                       : build_shown(b, s->state, STATE_MAX),
                                 .active = s->exists && s->active,
                                 .enabled = s->exists && s->enabled};
    }
}

static void add_versions(struct build *b, struct status_host *h, const struct look *l)
{
    const struct facts *f = &l->result->facts;
    if (f->kernel)
        h->kernel = build_shown(b, f->kernel, LOOK_VERSION_MAX);
    if (h->host->roles & ROLE_DIRECTOR && f->keepalived_installed)
        h->keepalived = arena_printf(&b->out->arena, "%u.%u.%u", f->keepalived.major,
                                     f->keepalived.minor, f->keepalived.patch);
    if (h->host->roles & ROLE_REAL_SERVER)
        h->nginx = build_shown(b, l->nginx, LOOK_VERSION_MAX);
    if (h->host->roles & (ROLE_REAL_SERVER | ROLE_NFS))
        h->nfs_utils = build_shown(b, l->nfs_utils, LOOK_VERSION_MAX);
}

static void add_plan(struct status_host *h, const struct look *l, int64_t now_ms)
{
    const struct plan *p = &l->result->plan;
    h->planned = l->planned;
    h->planned_ago_ms = now_ms - l->planned_at_ms;
    h->changes = p->steps.n;
    for (size_t i = 0; i < p->steps.n; i++)
        h->blocked += p->steps.v[i].blocked != NULL;
}

/* run.h's errors begin with the host, which is told already. */
static const char *without_name(const char *msg, const struct host *h)
{
    size_t n = strlen(h->name);
    return !strncmp(msg, h->name, n) && !strncmp(msg + n, ": ", 2) ? msg + n + 2 : msg;
}

static void add_host(struct build *b, struct status_host *h, int64_t waited_ms)
{
    const struct look *l = b->looks[h->host->index_in_cluster];
    h->kernel = h->keepalived = h->nginx = h->nfs_utils = "";
    h->answer = l ? l->answer : STATUS_LATE;
    h->elapsed_ms = l ? l->elapsed_ms : waited_ms;
    b->out->late += h->answer == STATUS_LATE;
    b->out->unreachable += h->answer == STATUS_UNREACHABLE;
    b->out->failed += h->answer == STATUS_FAILED;
    if (h->answer == STATUS_LATE) {
        h->why = arena_printf(&b->out->arena, "no answer for %lld s", (long long)waited_ms / 1000);
    } else if (h->answer != STATUS_ANSWERED) {
        h->why = build_shown(b, without_name(l->err.msg, h->host), WHY_MAX);
    } else {
        add_units(b, h, l);
        add_versions(b, h, l);
        add_plan(h, l, b->now_ms);
    }
}

const struct status_unit *build_unit(const struct build *b, const struct host *h, const char *name)
{
    const struct status_host *s = &b->out->hosts[h->index_in_cluster];
    for (size_t i = 0; i < s->n_units; i++)
        if (!strcmp(s->units[i].name, name))
            return &s->units[i];
    return NULL;
}

/* keepalived's own word, and why there is none. */
static void add_state(struct build *b, struct status_director *d, const struct look *l,
                      const struct ipaddr *vip)
{
    const struct vrrp_running *v = &l->now.live.vrrp;
    const struct vrrp_instance *in = vrrp_running_of(v, vip);
    if (!v->read) {
        d->why = v->error ? build_shown(b, v->error, WHY_MAX) : "keepalived did not tell";
        return;
    }
    if (!in) {
        d->without_vip = true;
        d->why = "keepalived runs without this VIP";
        return;
    }
    d->priority = in->priority;
    d->state = build_shown(b, in->state, STATE_MAX);
    if (!*d->state)
        d->why = "the journal does not tell the state";
}

static void add_director(struct build *b, struct status_vip *v, const struct host *h)
{
    const struct look *l = build_look(b, h);
    struct status_director *d = &v->directors[v->n_directors++];
    *d = (struct status_director){.host = h, .answered = l, .state = ""};
    if (!l) {
        d->why = "no answer";
        v->unknown++;
        return;
    }
    const struct live_iface *i = live_off_lo(&l->now.live, v->vip);
    if (i)
        d->holds_on = arena_strdup(&b->out->arena, i->name); /* quoted by live_record() */
    add_state(b, d, l, v->vip);
    v->holders += i != NULL;
    v->masters += !strcmp(d->state, "MASTER");
}

static void build_vips(struct build *b)
{
    struct status_report *r = b->out;
    size_t n = cluster_count(b->cluster, ROLE_DIRECTOR);
    r->vips = arena_array(&r->arena, struct status_vip, b->cluster->n_vips + 1);
    for (size_t i = 0; i < b->cluster->n_vips; i++) {
        struct status_vip *v = &r->vips[r->n_vips++];
        v->vip = &b->cluster->vips[i];
        v->directors = arena_array(&r->arena, struct status_director, n + 1);
        for (const struct host *h = NULL; (h = cluster_next(b->cluster, h, ROLE_DIRECTOR));)
            add_director(b, v, h);
    }
}

void status_build(struct status_report *out, const struct cluster *c,
                  const struct look *const *looks, const int64_t *waited_ms, int64_t now_ms)
{
    struct build b = {.out = out, .cluster = c, .looks = looks, .now_ms = now_ms};
    out->cluster = c;
    out->hosts = arena_array(&out->arena, struct status_host, c->n_hosts + 1);
    for (size_t i = 0; i < c->n_hosts; i++) {
        out->hosts[i].host = &c->hosts[i];
        add_host(&b, &out->hosts[i], waited_ms[i]);
    }
    out->n_hosts = c->n_hosts;
    build_vips(&b);
    build_services(&b);
    build_real_servers(&b);
    build_exports(&b);
    build_problems(&b);
}

void status_report_free(struct status_report *r)
{
    vec_free(&r->problems);
    arena_free(&r->arena);
    *r = (struct status_report){0};
}

enum err_code status_verdict(const struct status_report *r)
{
    return r->unreachable                          ? ERR_UNREACHABLE
           : r->problems.n || r->failed || r->late ? ERR_FAILED
                                                   : ERR_NONE;
}
