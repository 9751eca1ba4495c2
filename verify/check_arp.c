/* arp.*: to whom this machine's link says the VIP belongs. */
#include <string.h>

#include "probe/arp.h"
#include "verify/check.h"

enum {
    ASK_REQUESTS = 2,
    ASK_WAIT_MS = 400, /* an answer on a link takes less than 1 ms, on a busy virtual one tens */
};

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

/* What there is to look at: the route and the MAC that is right; false: a verdict was given. */
static bool prepare(struct ctx *x, const struct ipaddr *vip, struct route *via, struct mac *right,
                    struct check_result *out)
{
    struct err e = {0};
    const struct live_iface *iface = NULL;
    if (vip->family != AF_INET)
        check_skip(x, out, "IPv6 has no ARP");
    else if (route_get(vip, via, &e) < 0)
        check_skip(x, out, "%s", e.msg);
    else if (via->local)
        check_skip(x, out, "the VIP is this machine's own address");
    else if (!via->on_link)
        check_skip(x, out,
                   "the VIP is behind a router from here (through %s), and ARP goes no "
                   "further than the link",
                   via->ifname);
    else if (!active_director(x, vip, &iface))
        check_fail(x, out,
                   "there is no one active director whose MAC it could be "
                   "(see vrrp.single-master)");
    else if (!mac_parse(iface->mac, right))
        check_skip(x, out, "%s of the active director has no MAC address", iface->name);
    else
        return true;
    return false;
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
    struct route via;
    struct mac right;
    if (prepare(x, s->vip, &via, &right, out))
        judge_neighbour(x, s->vip, &via, &right, "", out);
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

/* arp_ask() says so in words: see probe/arp.h. */
static bool not_permitted(const struct err *e)
{
    return e->code == ERR_SYSTEM &&
           (strstr(e->msg, "Operation not permitted") || strstr(e->msg, "Permission denied"));
}

void check_vip_owner(struct ctx *x, const struct subject *s, struct check_result *out)
{
    struct err e = {0};
    struct route via;
    struct mac right;
    struct arp_answers answers;
    if (!prepare(x, s->vip, &via, &right, out))
        return;
    if (arp_ask(s->vip, &via, ASK_REQUESTS, ASK_WAIT_MS, &answers, &e) == 0) {
        judge_answers(x, s->vip, &answers, &right, out);
    } else if (not_permitted(&e)) {
        judge_neighbour(
            x, s->vip, &via, &right,
            "; the kernel's neighbour entry alone, as asking the link takes CAP_NET_RAW", out);
    } else {
        check_skip(x, out, "%s", e.msg);
        if (e.hint[0])
            check_hint(x, out, "%s", e.hint);
    }
}
