/*
 * What of a report is not at work. Differences from the inventory that nobody notices yet (steps of
 * the plan, units that are not enabled) are in the report, but no problem in this sense.
 */
#include <stdarg.h>
#include <string.h>

#include "ops/status_build.h"

static void __attribute__((format(printf, 4, 5)))
add(struct build *b, bool loud, const char *subject, const char *fmt, ...)
{
    autosb struct strbuf sb = {0};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&sb, fmt, ap);
    va_end(ap);
    *vec_push(&b->out->problems) =
        (struct status_problem){.subject = arena_strdup(&b->out->arena, subject),
                                .text = arena_strdup(&b->out->arena, sb_str(&sb)),
                                .loud = loud};
}

static void judge_director(struct build *b, const char *vip, const struct status_director *d)
{
    if (!d->answered)
        return;
    if (d->without_vip)
        add(b, false, d->host->name, "keepalived runs without %s", vip);
    else if (!*d->state) /* an old release, a journal cut short: its unit tells whether it runs */
        return;
    else if (!strcmp(d->state, "FAULT"))
        add(b, false, d->host->name, "keepalived is in state FAULT for %s", vip);
    else if (d->holds_on && strcmp(d->state, "MASTER") != 0)
        add(b, false, d->host->name, "it holds %s, but keepalived is in state %s", vip, d->state);
    else if (!d->holds_on && !strcmp(d->state, "MASTER"))
        add(b, false, d->host->name, "keepalived is in state MASTER, but %s is not on it", vip);
}

static void judge_vip(struct build *b, const struct status_vip *v)
{
    char vip[IPADDR_STRLEN];
    autosb struct strbuf who = {0};
    ipaddr_str(v->vip, vip);
    for (size_t i = 0; i < v->n_directors; i++)
        if (v->directors[i].holds_on)
            build_list(&who, v->directors[i].host->name);
    if (v->holders > 1)
        add(b, true, vip, "%zu directors hold it: %s", v->holders, sb_str(&who));
    else if (!v->holders && v->unknown < v->n_directors)
        add(b, true, vip,
            v->unknown ? "none of the directors that answered holds it" : "no director holds it");
    for (size_t i = 0; i < v->n_directors; i++)
        judge_director(b, vip, &v->directors[i]);
    for (const struct host *h = NULL; (h = cluster_next(b->cluster, h, ~0U));) {
        const struct look *l = h->roles & ROLE_DIRECTOR ? NULL : build_look(b, h);
        const struct live_iface *i = l ? live_off_lo(&l->now.live, v->vip) : NULL;
        if (i)
            add(b, true, vip, "%s, which is no director, has it on %s", h->name, i->name);
    }
}

/* A director without a table; that a server is missing in one is the server's. */
static void judge_tables(struct build *b)
{
    const struct cluster *c = b->cluster;
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR));) {
        const struct look *l = build_look(b, h);
        if (l && !l->now.live.ipvs_read)
            add(b, false, h->name, "its table cannot be read: %s",
                l->now.live.ipvs_error ? l->now.live.ipvs_error : "ipvsadm did not tell");
        for (size_t i = 0; l && l->now.live.ipvs_read && i < c->n_services; i++)
            if (!ipvs_find(&l->now.live.ipvs, &c->services[i]))
                add(b, false, h->name, "its table does not have %s", b->out->services[i].name);
    }
}

static void judge_mount(struct build *b, const struct status_real_server *s)
{
    if (!s->wants_mount)
        return;
    if (!s->mount_source)
        add(b, false, s->host->name, "nothing is mounted on %s", s->mount_point);
    else if (s->mount_other)
        add(b, false, s->host->name, "%s is mounted on %s, not the share", s->mount_source,
            s->mount_point);
    else if (s->mount_dead)
        add(b, false, s->host->name, "the mount on %s does not answer", s->mount_point);
}

static void judge_server(struct build *b, const struct status_real_server *s)
{
    const char *name = s->host->name;
    if (s->missing_in)
        add(b, false, name, "nothing is sent to it by %s", s->missing_in);
    for (size_t i = 0; i < s->n_pages; i++) {
        const struct status_page *p = &s->pages[i];
        if (!p->status)
            add(b, false, name, "no page at port %u: %s", p->port, p->error);
        else if (p->status != 200)
            add(b, false, name, "its page at port %u has HTTP status %ld", p->port, p->status);
    }
    if (!s->answered)
        return;
    if (s->vips_on_lo < b->cluster->n_vips)
        add(b, false, name, "%zu of %zu VIPs on lo", s->vips_on_lo, b->cluster->n_vips);
    judge_mount(b, s);
}

void build_problems(struct build *b)
{
    const struct status_report *r = b->out;
    for (size_t i = 0; i < r->n_vips; i++)
        judge_vip(b, &r->vips[i]);
    judge_tables(b);
    for (size_t i = 0; i < r->n_hosts; i++)
        for (size_t k = 0; k < r->hosts[i].n_units; k++)
            if (!r->hosts[i].units[k].active)
                add(b, false, r->hosts[i].host->name, "%s is %s", r->hosts[i].units[k].name,
                    r->hosts[i].units[k].state);
    for (size_t i = 0; i < r->n_real_servers; i++)
        judge_server(b, &r->real_servers[i]);
    for (size_t i = 0; i < r->n_exports; i++)
        if (r->exports[i].missing)
            add(b, false, r->exports[i].host->name, "%s is not exported to %s", r->exports[i].path,
                r->exports[i].missing);
}
