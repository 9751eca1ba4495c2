/* vrrp.single-master, vrrp.state: who holds the VIP, and who believes to be its master. */
#include <string.h>

#include "verify/check.h"

bool holds_on_lo(const struct live_host *h, const struct ipaddr *vip)
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
        const struct live_iface *i = lh->complete ? live_off_lo(lh, vip) : NULL;
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
    const struct live_iface *i = lh->complete ? live_off_lo(lh, vip) : NULL;
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
    if (director && holds_on_lo(lh, vip))
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

/* "LVS-master MASTER, LVS-node01 BACKUP". */
struct states {
    struct strbuf list, masters, silent;
    const struct host *master;
    size_t n_masters;
};

static void look_at_state(const struct ctx *x, const struct host *h, const struct ipaddr *vip,
                          struct states *st)
{
    const struct live_host *lh = &x->live.hosts[h->index_in_cluster];
    const struct vrrp_instance *in = vrrp_running_of(&lh->vrrp, vip);
    if (!run_result_of(x->run, h)->reached || !lh->complete || !lh->vrrp.read) {
        list_add(&st->silent, "%s%s%s%s", h->name, lh->vrrp.error ? " (" : "",
                 lh->vrrp.error ? lh->vrrp.error : "", lh->vrrp.error ? ")" : "");
        return;
    }
    if (in && !*in->state) {
        list_add(&st->silent, "%s (the journal does not tell)", h->name);
        return;
    }
    list_add(&st->list, "%s %s", h->name, in ? in->state : "without the VIP");
    if (!in || strcmp(in->state, "MASTER") != 0)
        return;
    list_add(&st->masters, "%s", h->name);
    st->master = h;
    st->n_masters++;
}

static void judge_states(struct ctx *x, const struct ipaddr *vip, const struct states *st,
                         struct check_result *out)
{
    const struct live_iface *iface;
    const struct host *holder = active_director(x, vip, &iface);
    if (st->list.len)
        check_evidence(x, out, "%s", sb_str(&st->list));
    if (st->n_masters > 1) {
        check_fail(x, out, "%zu directors are in state MASTER: %s", st->n_masters,
                   sb_str(&st->masters));
        check_hint(x, out, "they do not hear each other's adverts (IP protocol 112)");
    } else if (st->master && holder && st->master != holder) {
        check_fail(x, out, "%s is in state MASTER, but the VIP is on %s", st->master->name,
                   holder->name);
        check_hint(x, out,
                   "somebody else than keepalived has moved the address: systemctl "
                   "restart keepalived on %s puts that right",
                   holder->name);
    } else if (st->master && !holder && st->silent.len == 0) {
        check_fail(x, out,
                   "%s is in state MASTER, but not the one holder of the VIP (see "
                   "vrrp.single-master)",
                   st->master->name);
    } else if (st->silent.len) {
        check_skip(x, out, "the state of %s is not known", sb_str(&st->silent));
    } else if (!st->master) {
        check_fail(x, out, "no director is in state MASTER");
        check_hint(x, out, "journalctl -u keepalived on the directors says why");
    } else {
        out->status = CHECK_PASS;
    }
}

void check_vrrp_state(struct ctx *x, const struct subject *s, struct check_result *out)
{
    struct states st = {0};
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));)
        look_at_state(x, h, s->vip, &st);
    judge_states(x, s->vip, &st, out);
    sb_free(&st.list);
    sb_free(&st.masters);
    sb_free(&st.silent);
}
