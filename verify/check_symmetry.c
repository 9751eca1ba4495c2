/*
 * vrrp.symmetry: the running directors held against each other. Each may follow a file of its own
 * faithfully, or one that has changed since it was read, and yet the two not be a pair.
 */
#include <string.h>

#include "verify/check.h"

/* The first director, that the others are held against. */
struct pair {
    const struct host *a, *b;
    struct strbuf *wrong;
};

static const struct live_host *live_of(const struct ctx *x, const struct host *h)
{
    return &x->live.hosts[h->index_in_cluster];
}

static void differ(const struct pair *p, const char *what, unsigned a, unsigned b)
{
    if (a != b)
        list_add(p->wrong, "%s is %u on %s and %u on %s", what, a, p->a->name, b, p->b->name);
}

static bool has_vip(const struct vrrp_instance *in, const struct ipaddr *vip)
{
    for (size_t i = 0; i < in->vips.n; i++)
        if (ipaddr_eq(&in->vips.v[i], vip))
            return true;
    return false;
}

static void missing_vips(const struct pair *p, const struct vrrp_instance *a,
                         const struct vrrp_instance *b, const struct host *without)
{
    char text[IPADDR_STRLEN];
    for (size_t i = 0; i < a->vips.n; i++)
        if (!has_vip(b, &a->vips.v[i]))
            list_add(p->wrong, "VIP %s is not on %s", ipaddr_str(&a->vips.v[i], text),
                     without->name);
}

static void compare_instances(const struct pair *p, const struct vrrp_instance *a,
                              const struct vrrp_instance *b)
{
    differ(p, "virtual_router_id", a->router_id, b->router_id);
    differ(p, "VRRP version", a->version, b->version);
    differ(p, "the advert interval in ms", a->advert_ms, b->advert_ms);
    missing_vips(p, a, b, p->b);
    missing_vips(p, b, a, p->a);
    if (a->priority == b->priority)
        list_add(p->wrong, "both have priority %u", a->priority);
}

/* An instance's other half: of its name, or else the only one there is. */
static const struct vrrp_instance *half_of(const struct vrrp_running *mine,
                                           const struct vrrp_instance *in,
                                           const struct vrrp_running *theirs)
{
    for (size_t i = 0; i < theirs->instances.n; i++)
        if (!strcmp(theirs->instances.v[i]->name, in->name))
            return theirs->instances.v[i];
    return mine->instances.n == 1 && theirs->instances.n == 1 ? theirs->instances.v[0] : NULL;
}

static void compare_running(const struct pair *p, const struct vrrp_running *a,
                            const struct vrrp_running *b)
{
    for (size_t i = 0; i < a->instances.n; i++) {
        const struct vrrp_instance *other = half_of(a, a->instances.v[i], b);
        if (other)
            compare_instances(p, a->instances.v[i], other);
        else
            list_add(p->wrong, "instance %s is not on %s", a->instances.v[i]->name, p->b->name);
    }
    for (size_t i = 0; i < b->instances.n; i++)
        if (!half_of(b, b->instances.v[i], a))
            list_add(p->wrong, "instance %s is not on %s", b->instances.v[i]->name, p->a->name);
}

static bool has_service(const struct ipvs_table *t, const struct ipvs_service *s)
{
    for (size_t i = 0; i < t->services.n; i++)
        if (!strcmp(t->services.v[i].name, s->name))
            return true;
    return false;
}

/* By the kernel's tables, which hold just the services that the daemons have. */
static void compare_services(const struct pair *p, const struct live_host *a,
                             const struct live_host *b)
{
    for (size_t i = 0; a->ipvs_read && b->ipvs_read && i < a->ipvs.services.n; i++)
        if (!has_service(&b->ipvs, &a->ipvs.services.v[i]))
            list_add(p->wrong, "service %s is not on %s", a->ipvs.services.v[i].name, p->b->name);
    for (size_t i = 0; a->ipvs_read && b->ipvs_read && i < b->ipvs.services.n; i++)
        if (!has_service(&a->ipvs, &b->ipvs.services.v[i]))
            list_add(p->wrong, "service %s is not on %s", b->ipvs.services.v[i].name, p->a->name);
}

static void compare(struct ctx *x, const struct pair *p)
{
    const struct live_host *a = live_of(x, p->a), *b = live_of(x, p->b);
    compare_running(p, &a->vrrp, &b->vrrp);
    compare_services(p, a, b);
    differ(p, "keepalived's major version", run_result_of(x->run, p->a)->facts.keepalived.major,
           run_result_of(x->run, p->b)->facts.keepalived.major);
}

/* "virtual_router_id 10, VRRP version 3, 100 ms, 1 VIP; priority 254 on LVS-master, 253 on ..." */
static void show(struct ctx *x, const struct host *first, struct check_result *out)
{
    autosb struct strbuf common = {0}, priorities = {0};
    const struct vrrp_running *d = &live_of(x, first)->vrrp;
    for (size_t i = 0; i < d->instances.n; i++) {
        const struct vrrp_instance *in = d->instances.v[i];
        list_add(&common,
                 "%s: virtual_router_id %u, VRRP version %u, adverts every %u ms, "
                 "%zu VIP%s",
                 in->name, in->router_id, in->version, in->advert_ms, in->vips.n,
                 in->vips.n == 1 ? "" : "s");
    }
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));)
        if (live_of(x, h)->vrrp.instances.n)
            list_add(&priorities, "%u on %s", live_of(x, h)->vrrp.instances.v[0]->priority,
                     h->name);
    check_evidence(x, out, "%s; priority %s", sb_str(&common), sb_str(&priorities));
}

/* The directors of whose daemons nothing is known. */
static void list_silent(struct ctx *x, struct strbuf *list)
{
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));) {
        const struct live_host *lh = live_of(x, h);
        if (!run_result_of(x->run, h)->reached)
            list_add(list, "%s (not reached)", h->name);
        else if (!lh->complete || !lh->vrrp.read)
            list_add(list, "%s (%s)", h->name,
                     lh->vrrp.error ? lh->vrrp.error : "it did not answer");
    }
}

void check_vrrp_symmetry(struct ctx *x, const struct subject *s, struct check_result *out)
{
    autosb struct strbuf wrong = {0}, silent = {0};
    const struct host *first = cluster_next(x->cluster, NULL, ROLE_DIRECTOR);
    (void)s;
    if (cluster_count(x->cluster, ROLE_DIRECTOR) < 2) {
        check_skip(x, out, "there is only one director");
        return;
    }
    list_silent(x, &silent);
    if (silent.len) {
        check_skip(x, out, "what the running keepalived has read is not known of %s",
                   sb_str(&silent));
        return;
    }
    for (const struct host *h = first; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));)
        compare(x, &(struct pair){first, h, &wrong});
    show(x, first, out);
    if (wrong.len) {
        check_fail(x, out, "%s", sb_str(&wrong));
        check_hint(x, out,
                   "this is what the daemons run with: if their files agree, systemctl "
                   "reload keepalived; else clusterctl deploy");
    } else {
        out->status = CHECK_PASS;
    }
}
