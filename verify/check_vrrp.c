/* vrrp.single-master: who holds the VIP. */
#include <string.h>

#include "verify/check.h"

/* The interface that holds the VIP, other than lo: that is where real servers have it by design. */
static const struct live_iface *holds(const struct live_host *h, const struct ipaddr *vip)
{
    const struct live_iface *i = NULL;
    while ((i = live_holder(h, vip, i)))
        if (strcmp(i->name, "lo") != 0)
            return i;
    return NULL;
}

static bool on_lo(const struct live_host *h, const struct ipaddr *vip)
{
    const struct live_iface *i = NULL;
    while ((i = live_holder(h, vip, i)))
        if (!strcmp(i->name, "lo"))
            return true;
    return false;
}

const struct host *active_director(const struct ctx *x, const struct ipaddr *vip,
                                   const struct live_iface **iface)
{
    const struct host *found = NULL;
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));) {
        const struct live_host *lh = &x->live.hosts[h->index_in_cluster];
        const struct live_iface *i = lh->complete ? holds(lh, vip) : NULL;
        if (i && found)
            return NULL;
        if (i) {
            found = h;
            *iface = i;
        }
    }
    return found;
}

struct holders {
    size_t directors;
    struct strbuf who;    /* directors that hold it */
    struct strbuf others; /* directors that do not, or are not known */
    struct strbuf wrong;  /* who must not */
    size_t unknown;
};

static void look_at(const struct ctx *x, const struct host *h, const struct ipaddr *vip,
                    struct holders *r)
{
    const struct live_host *lh = &x->live.hosts[h->index_in_cluster];
    bool director = h->roles & ROLE_DIRECTOR;
    const struct live_iface *i = lh->complete ? holds(lh, vip) : NULL;
    if (!lh->complete && director) {
        r->unknown++;
        list_add(&r->others, "%s could not be asked", h->name);
    } else if (i && director) {
        r->directors++;
        list_add(&r->who, "%s on %s", h->name, i->name);
    } else if (i) {
        list_add(&r->wrong, "%s has it on %s", h->name, i->name);
    } else if (director) {
        list_add(&r->others, "not on %s", h->name);
    }
    /* On lo a director would take the VIP's packets for itself instead of passing them on. */
    if (director && on_lo(lh, vip))
        list_add(&r->wrong, "%s has it on lo", h->name);
}

static void judge(struct ctx *x, const struct holders *r, struct check_result *out)
{
    if (r->directors == 0) {
        check_fail(x, out,
                   r->unknown ? "none of the directors that answered holds the VIP"
                              : "no director holds the VIP");
        check_hint(x, out, "journalctl -u keepalived on the directors says why");
    } else if (r->directors > 1) {
        check_fail(x, out, "%zu directors hold the VIP: %s", r->directors, sb_str(&r->who));
        check_hint(x, out,
                   "they do not hear each other's adverts: IP protocol 112 must pass "
                   "between them, with one virtual_router_id and version");
    } else if (r->wrong.len) {
        check_fail(x, out, "a host that must not has the VIP: %s", sb_str(&r->wrong));
        check_hint(x, out, "take the address off that interface");
    } else {
        out->status = CHECK_PASS;
    }
    check_evidence(x, out, "%s%s%s", r->who.len ? "held by " : "", sb_str(&r->who),
                   r->others.len
                       ? arena_printf(x->arena, "%s%s", r->who.len ? "; " : "", sb_str(&r->others))
                       : "");
}

void check_single_master(struct ctx *x, const struct subject *s, struct check_result *out)
{
    struct holders r = {0};
    for (size_t i = 0; i < x->cluster->n_hosts; i++)
        look_at(x, &x->cluster->hosts[i], s->vip, &r);
    judge(x, &r, out);
    sb_free(&r.who);
    sb_free(&r.others);
    sb_free(&r.wrong);
}
