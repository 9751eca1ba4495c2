/* arp.*: to whom this machine's link says the VIP belongs. */
#include <string.h>

#include "probe/arp.h"
#include "verify/check.h"

/* Whose interface is it? "LVS-master eth0", or NULL for none of ours. */
static const char *owner_of(struct ctx *x, const struct mac *m, const struct host **host)
{
    struct mac k;
    for (size_t i = 0; i < x->cluster->n_hosts; i++) {
        const struct host *h = &x->cluster->hosts[i];
        const struct live_host *lh = &x->live.hosts[i];
        const struct facts *f = &run_result_of(x->run, h)->facts;
        *host = h;
        for (size_t n = 0; n < lh->ifaces.n; n++)
            if (mac_parse(lh->ifaces.v[n]->mac, &k) && mac_eq(&k, m))
                return arena_printf(x->arena, "%s %s", h->name, lh->ifaces.v[n]->name);
        for (size_t n = 0; n < f->ifaces.n; n++)
            if (mac_parse(f->ifaces.v[n].mac, &k) && mac_eq(&k, m))
                return arena_printf(x->arena, "%s %s", h->name, f->ifaces.v[n].name);
    }
    *host = NULL;
    return NULL;
}

static const char *describe(struct ctx *x, const struct mac *m)
{
    char text[MAC_STRLEN];
    const struct host *h;
    const char *owner = owner_of(x, m, &h);
    return arena_printf(x->arena, "%s (%s)", mac_str(m, text), owner ? owner : "a foreign machine");
}

/* What there is to look at: a link to ask and the MAC that is right; NULL: a verdict was given. */
static const struct arp_asked *prepare(struct ctx *x, const struct ipaddr *vip, struct mac *right,
                                       struct check_result *out)
{
    const struct live_iface *iface = NULL;
    const struct arp_asked *a = arp_of(x, vip);
    if (a->unasked)
        check_skip(x, out, "%s", a->unasked);
    else if (!active_director(x, vip, &iface))
        check_fail(x, out,
                   "there is no one active director whose MAC it could be "
                   "(see vrrp.single-master)");
    else if (!mac_parse(iface->mac, right))
        check_skip(x, out, "%s of the active director has no MAC address", iface->name);
    else
        return a;
    return NULL;
}

/* Make this machine resolve the VIP, as a client would. */
static void touch(struct ctx *x, const struct ipaddr *vip)
{
    for (size_t i = 0; i < x->cluster->n_services; i++) {
        const struct service *s = &x->cluster->services[i];
        if (s->protocol == PROTO_TCP && ipaddr_eq(&s->vip, vip)) {
            samples_of(x, s);
            return;
        }
    }
}

static void wrong_mac(struct ctx *x, const struct ipaddr *vip, const struct mac *m,
                      struct check_result *out)
{
    char text[IPADDR_STRLEN];
    const struct host *h;
    owner_of(x, m, &h);
    if (h && h->roles & ROLE_REAL_SERVER)
        check_hint(x, out,
                   "on %s arp_ignore is not in force: the larger of net.ipv4.conf.all."
                   "arp_ignore and the interface's own counts, and must be 1 or more",
                   h->name);
    else if (h)
        check_hint(x, out, "%s answers for the VIP though it is not the active director", h->name);
    else
        check_hint(x, out, "a machine outside the inventory uses %s: find it by its MAC",
                   ipaddr_str(vip, text));
}

static void judge_neighbour(struct ctx *x, const struct ipaddr *vip, const struct route *via,
                            const struct mac *right, const char *note, struct check_result *out)
{
    struct err e = {0};
    struct mac m;
    bool found = false;
    touch(x, vip);
    if (neigh_get(vip, via->ifindex, &found, &m, &e) < 0) {
        check_skip(x, out, "%s", e.msg);
        return;
    }
    if (!found) {
        check_fail(x, out, "nobody answers for the VIP on %s%s", via->ifname, note);
        return;
    }
    check_evidence(x, out, "%s on %s%s", describe(x, &m), via->ifname, note);
    if (mac_eq(&m, right)) {
        out->status = CHECK_PASS;
        return;
    }
    check_fail(x, out, "the VIP's neighbour is %s; the active director's MAC is %s",
               describe(x, &m), describe(x, right));
    wrong_mac(x, vip, &m, out);
}

void check_vip_neighbour(struct ctx *x, const struct subject *s, struct check_result *out)
{
    struct mac right;
    const struct arp_asked *a = prepare(x, s->vip, &right, out);
    if (a)
        judge_neighbour(x, s->vip, &a->via, &right, "", out);
}

static void judge_answers(struct ctx *x, const struct ipaddr *vip, const struct arp_answers *a,
                          const struct mac *right, struct check_result *out)
{
    autosb struct strbuf all = {0}, others = {0};
    const struct mac *stranger = NULL;
    bool right_answers = false;
    for (size_t i = 0; i < a->n; i++) {
        list_add(&all, "%s", describe(x, &a->mac[i]));
        if (mac_eq(&a->mac[i], right)) {
            right_answers = true;
            continue;
        }
        if (!stranger)
            stranger = &a->mac[i];
        list_add(&others, "%s", describe(x, &a->mac[i]));
    }
    check_evidence(x, out, "%u broadcast requests, %zu answering MAC%s%s%s", a->requests, a->n,
                   a->n == 1 ? "" : "s", a->n ? ": " : "", sb_str(&all));
    if (stranger) {
        check_fail(x, out, "%s %s for the VIP%s", sb_str(&others),
                   right_answers ? "also answers" : "answers",
                   right_answers ? "" : " and the active director does not");
        wrong_mac(x, vip, stranger, out);
    } else if (!right_answers) {
        check_fail(x, out, "nobody answers for the VIP");
        check_hint(x, out, "the active director must be on this machine's link");
    } else {
        out->status = CHECK_PASS;
    }
}

void check_vip_owner(struct ctx *x, const struct subject *s, struct check_result *out)
{
    struct mac right;
    const struct arp_asked *a = prepare(x, s->vip, &right, out);
    if (!a)
        return;
    if (a->err.code == ERR_NONE) {
        judge_answers(x, s->vip, &a->answers, &right, out);
    } else if (arp_not_permitted(&a->err)) {
        judge_neighbour(
            x, s->vip, &a->via, &right,
            "; the kernel's neighbour entry alone, as asking the link takes CAP_NET_RAW", out);
    } else {
        check_skip(x, out, "%s", a->err.msg);
        if (a->err.hint[0])
            check_hint(x, out, "%s", a->err.hint);
    }
}

/* The MAC by which a real server answers for a VIP, or NULL. */
static const struct mac *answer_of(struct ctx *x, const struct arp_asked *a, const struct host *h)
{
    for (size_t i = 0; i < a->answers.n; i++) {
        const struct host *owner;
        owner_of(x, &a->answers.mac[i], &owner);
        if (owner == h)
            return &a->answers.mac[i];
    }
    return NULL;
}

void check_arp_silent(struct ctx *x, const struct subject *s, struct check_result *out)
{
    autosb struct strbuf asked = {0}, loud = {0};
    const char *why = NULL, *hint = NULL;
    char ip[IPADDR_STRLEN], mac[MAC_STRLEN];
    for (size_t i = 0; i < x->cluster->n_vips; i++) {
        const struct arp_asked *a = arp_of(x, &x->cluster->vips[i]);
        const struct mac *m = answer_of(x, a, s->host);
        if (a->unasked || a->err.code != ERR_NONE) {
            why = a->unasked ? a->unasked : a->err.msg;
            hint = a->unasked ? NULL : a->err.hint;
            continue;
        }
        list_add(&asked, "%u broadcast requests for %s", a->answers.requests,
                 ipaddr_str(a->vip, ip));
        if (m)
            list_add(&loud, "it answers for %s with %s", ip, mac_str(m, mac));
    }
    if (loud.len) {
        check_fail(x, out, "%s", sb_str(&loud));
        check_hint(x, out,
                   "clients then talk to it without a director: arp_ignore is not in "
                   "force there (sysctl net.ipv4.conf.all.arp_ignore must be 1 or more)");
        check_evidence(x, out, "%s", sb_str(&asked));
    } else if (!asked.len) {
        check_skip(x, out, "%s", why ? why : "there is no VIP");
        if (hint && *hint)
            check_hint(x, out, "%s", hint);
    } else {
        check_pass(x, out, "%s, none answered by it", sb_str(&asked));
    }
}
