/* ipvs.table: the director's virtual server table, held against the inventory. */
#include <string.h>

#include "verify/check.h"
#include "verify/drained.h"

/* What a comparison finds, in words. */
struct findings {
    struct strbuf wrong;   /* "; " between them */
    struct strbuf excused; /* real servers that are rightly not there */
    struct strbuf drained; /* in the table with weight 0 on purpose */
    bool *out;             /* those, by index_in_cluster */
    bool missing;          /* a real server that serves is not in the table */
    bool extra;
    size_t dests;
};

static void wrong(struct findings *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct findings *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (f->wrong.len)
        sb_add(&f->wrong, "; ");
    sb_vaddf(&f->wrong, fmt, ap);
    va_end(ap);
}

static const char *forward_name(char f)
{
    return f == 'g' ? "direct routing" : f == 'i' ? "tunnelling" : "masquerading";
}

static void compare_dest(struct ctx *x, const struct ipvs_service *have, const struct ipvs_dest *d,
                         const struct host *h, struct findings *f)
{
    bool is_drained = drained(x->run, h);
    unsigned weight = is_drained ? 0 : h->weight;
    f->dests++;
    if (d->forward != 'g')
        wrong(f, "%s: %s is reached by %s instead of direct routing", have->name, h->name,
              forward_name(d->forward));
    if (d->weight != weight)
        wrong(f, "%s: %s has weight %u instead of %u%s", have->name, h->name, (unsigned)d->weight,
              weight, is_drained ? ", as it is drained" : "");
    if (is_drained)
        list_add(&f->drained, "%s", h->name);
}

static void compare_real_servers(struct ctx *x, const struct service *want,
                                 const struct ipvs_service *have, struct findings *f)
{
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));) {
        const struct ipvs_dest *d = ipvs_dest_find(have, &h->address, want->port);
        if (d) {
            compare_dest(x, have, d, h, f);
        } else if (direct_serves(x, h, want)) {
            wrong(f, "%s: %s is missing", have->name, h->name);
            f->missing = true;
        } else if (!f->out[h->index_in_cluster]) {
            f->out[h->index_in_cluster] = true;
            list_add(&f->excused, "%s", h->name);
        }
    }
}

static void find_extra_dests(struct ctx *x, const struct service *want,
                             const struct ipvs_service *have, struct findings *f)
{
    char text[IPADDR_STRLEN];
    for (size_t i = 0; i < have->dests.n; i++) {
        const struct ipvs_dest *d = &have->dests.v[i];
        bool ours = false;
        for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));)
            ours |= d->port == want->port && ipaddr_eq(&d->address, &h->address);
        if (ours)
            continue;
        f->extra = true;
        wrong(f, "%s: %s port %u is not in the inventory", have->name,
              ipaddr_str(&d->address, text), (unsigned)d->port);
    }
}

static void compare_service(struct ctx *x, const struct service *want, const struct ipvs_table *t,
                            struct findings *f)
{
    const struct ipvs_service *have = ipvs_find(t, want);
    if (!have) {
        wrong(f, "%s is missing",
              service_name(x->arena, &want->vip, want->port, protocol_name(want->protocol)));
        return;
    }
    if (strcmp(have->scheduler, want->scheduler) != 0)
        wrong(f, "%s has scheduler %s instead of %s", have->name, have->scheduler, want->scheduler);
    if (have->persistence_s != want->persistence_s)
        wrong(f, "%s has persistence %u s instead of %u s", have->name,
              (unsigned)have->persistence_s, want->persistence_s);
    compare_real_servers(x, want, have, f);
    find_extra_dests(x, want, have, f);
}

static void find_extra_services(struct ctx *x, const struct ipvs_table *t, struct findings *f)
{
    for (size_t i = 0; i < t->services.n; i++) {
        bool ours = false;
        for (size_t k = 0; k < x->cluster->n_services; k++)
            ours |= ipvs_find(t, &x->cluster->services[k]) == &t->services.v[i];
        if (ours)
            continue;
        f->extra = true;
        wrong(f, "%s is not in the inventory", t->services.v[i].name);
    }
}

static void judge(struct ctx *x, const struct host *director, const struct findings *f,
                  struct check_result *out)
{
    check_evidence(x, out, "%zu service%s, %zu real server entr%s%s%s%s%s", x->cluster->n_services,
                   x->cluster->n_services == 1 ? "" : "s", f->dests, f->dests == 1 ? "y" : "ies",
                   f->excused.len ? "; left out, as not serving: " : "", sb_str(&f->excused),
                   f->drained.len ? "; drained: " : "", sb_str(&f->drained));
    if (!f->wrong.len) {
        out->status = CHECK_PASS;
        return;
    }
    check_fail(x, out, "%s", sb_str(&f->wrong));
    if (f->missing)
        check_hint(x, out, "keepalived's check fails from there: journalctl -u keepalived on %s",
                   director->name);
    else if (f->extra)
        check_hint(x, out, "something else than our keepalived writes the table of %s",
                   director->name);
}

void check_ipvs_table(struct ctx *x, const struct subject *s, struct check_result *out)
{
    const struct live_host *lh = &x->live.hosts[s->host->index_in_cluster];
    struct findings f = {.out = arena_array(x->arena, bool, x->cluster->n_hosts)};
    if (!run_result_of(x->run, s->host)->reached) {
        check_fail(x, out, "the host was not reached (see config.converged)");
        return;
    }
    if (!lh->complete) { /* the query's one error names its host: it may be another one */
        bool ours = strstr(x->live.err.msg, s->host->name) != NULL;
        check_fail(x, out, "the host did not answer%s%s", ours ? ": " : "",
                   ours ? x->live.err.msg : "");
        return;
    }
    if (!lh->ipvs_read) {
        check_fail(x, out, "cannot read the table: %s",
                   lh->ipvs_error ? lh->ipvs_error : "no reason given");
        return;
    }
    if (lh->ipvs.bad)
        wrong(&f, "a line that is not understood: %s", lh->ipvs.bad);
    for (size_t i = 0; i < x->cluster->n_services; i++)
        compare_service(x, &x->cluster->services[i], &lh->ipvs, &f);
    find_extra_services(x, &lh->ipvs, &f);
    judge(x, s->host, &f, out);
    sb_free(&f.wrong);
    sb_free(&f.excused);
    sb_free(&f.drained);
}
