/* Another machine with our virtual_router_id: as the directors complain of it, and as we hear it. */
#include <string.h>

#include "doctor/keepalived_evidence.h"

/* What keepalived refuses without heeding it, as its peers are known: "unicast source address
 * 10.1.1.7 not a unicast peer". */
static const char unheeded[] = "unicast source address ";

/* "... eceived advert from 10.1.1.7 with higher priority 255, ours 254" of a machine not ours. */
static bool stranger(const struct exam *x, const struct evidence *l, struct ipaddr *who)
{
    static const char *const from[] = {"eceived advert from ", unheeded};
    char text[IPADDR_STRLEN];
    const char *p = NULL;
    for (size_t i = 0; !p && i < ARRAY_LEN(from); i++)
        if ((p = strstr(l->text, from[i])))
            p += strlen(from[i]);
    if (!p)
        return false;
    size_t n = strcspn(p, " ");
    if (n >= sizeof text)
        return false;
    memcpy(text, p, n);
    text[n] = '\0';
    return ipaddr_parse(text, who) && !cluster_host_at(x->cluster, who, ROLE_ANY);
}

/*
 * Heard lately, or what made this director give up the VIP, which it has not taken back: a stranger
 * of higher priority is named once and then keeps us quiet. One that is not heeded is named at each
 * of its adverts.
 */
static bool still_there(const struct exam *x, const struct exam_host *h, const struct evidence *l)
{
    enum { LATELY_S = 15, NOW_S = 3 };
    const struct evidence *master = journal_last(h, "Entering MASTER STATE", NULL);
    int64_t now = (h->asked_at_us + h->clock_offset_us) / 1000000;
    if (h->clock_known && now - journal_time(l) <= (strstr(l->text, unheeded) ? NOW_S : LATELY_S))
        return true;
    return (!master || master < l) && masters(x) == 0;
}

/* The newest complaint of a director about a stranger that is still there; NULL: none. */
static const struct evidence *complaint(const struct exam *x, const struct exam_host *h,
                                        struct ipaddr *who)
{
    const struct evidence *last = NULL;
    struct ipaddr a;
    for (const struct evidence *l = NULL; (l = exam_line(h, "keepalived.journal", l));) {
        if (!stranger(x, l, &a))
            continue;
        last = l;
        *who = a;
    }
    return last && still_there(x, h, last) ? last : NULL;
}

static const struct vrrp_advert *heard_stranger(const struct exam *x)
{
    for (size_t i = 0; i < x->n_adverts; i++)
        if (x->adverts[i].router_id == x->cluster->vrrp.virtual_router_id &&
            !cluster_host_at(x->cluster, &x->adverts[i].source, ROLE_ANY))
            return &x->adverts[i];
    return NULL;
}

static void show_advert(struct exam *x, struct finding *f, const struct vrrp_advert *a)
{
    char source[IPADDR_STRLEN], vip[IPADDR_STRLEN];
    finding_evidence(x, f, "heard on %s: VRRPv%u advert of %s: virtual_router_id %u, priority %u%s%s",
                     x->heard_on, a->version, ipaddr_str(&a->source, source), a->router_id,
                     a->priority, a->vip.family ? ", for " : "", ipaddr_str(&a->vip, vip));
}

/* A host of ours where somebody else's keepalived runs has the VIP from it, when it is master. */
static void explain_its_host(struct exam *x, struct finding *f, const struct ipaddr *who)
{
    for (size_t i = 0; i < x->cluster->n_hosts; i++)
        if (live_holder(&x->live.hosts[i], who, NULL))
            finding_explains(x, f, "vip.elsewhere", &x->cluster->hosts[i]);
}

static void vrid_clash(struct exam *x)
{
    char text[IPADDR_STRLEN];
    const struct vrrp_advert *a = heard_stranger(x);
    struct ipaddr who = a ? a->source : (struct ipaddr){0};
    const struct exam_host *by = NULL;
    const struct evidence *last = NULL;
    for (const struct host *h = NULL; !last && (h = next_director(x, h));) {
        by = exam_host(x, h);
        last = complaint(x, by, &who);
    }
    if (!a && !last)
        return;
    struct finding *f = found(x, "vrrp.vrid-clash", NULL, REMEDY_MANUAL);
    finding_cause(x, f, "another machine, %s, sends VRRP adverts with our virtual_router_id %u%s",
                  ipaddr_str(&who, text), x->cluster->vrrp.virtual_router_id,
                  last && !strstr(last->text, unheeded)
                      ? ""
                      : "; the directors, whose adverts are unicast, do not mind it now");
    explain_its_host(x, f, &who);
    if (a)
        show_advert(x, f, a);
    if (last)
        journal_evidence(x, f, by, last);
    show_masters(x, f);
    finding_fix(x, f,
                "give this cluster (vrrp.virtual_router_id in the inventory, then clusterctl "
                "deploy) or that machine another virtual_router_id");
}

static const char *const mastership[] = {MASTERSHIP, NULL};

static const struct rule rules[] = {
    {"vrrp.vrid-clash", "another machine uses our virtual_router_id", vrid_clash, mastership},
    {0},
};

/* Its evidence is rule_set_vrrp's. */
const struct rule_set rule_set_vrid = {.subject = "vrid", .rules = rules};
