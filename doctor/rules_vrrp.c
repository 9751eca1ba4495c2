/* Directors hearing each other, and who of them is master. */
#include <string.h>

#include "doctor/firewall.h"
#include "doctor/keepalived_evidence.h"

/* The director that the inventory prefers. */
static const struct host *preferred(const struct exam *x)
{
    const struct host *best = NULL;
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));)
        if (!best || h->priority > best->priority)
            best = h;
    return best;
}

/* keepalived.down ------------------------------------------------------------------------------ */

static void down(struct exam *x)
{
    for (const struct host *h = NULL; (h = next_director(x, h));) {
        struct exam_host *eh = exam_host(x, h);
        const struct step *step = exam_step(eh, RES_SERVICE, "keepalived.service");
        const struct evidence *l = NULL;
        if (keepalived_runs(eh))
            continue;
        bool fixable = step && !step->blocked;
        struct finding *f = found(x, "keepalived.down", h, fixable ? REMEDY_DEPLOY : REMEDY_MANUAL);
        finding_cause(x, f, "keepalived does not run on %s", h->name);
        while ((l = exam_line(eh, "keepalived.unit", l)))
            finding_evidence(x, f, "%s: systemctl show keepalived: %s", h->name, l->text);
        while ((l = exam_line(eh, "keepalived.test", l)))
            finding_evidence(x, f, "%s: keepalived -t: %s", h->name, l->text);
        if ((l = journal_last(eh, "rror", NULL)) || (l = journal_last(eh, "xited", NULL)) ||
            (l = journal_last(eh, "Stopp", NULL)))
            journal_evidence(x, f, eh, l);
        keepalived_conf_steps(x, f, eh);
        finding_step(x, f, step);
        finding_fix(x, f, "%s",
                    fixable ? "clusterctl deploy (it is started, and enabled at boot)"
                            : "systemctl start keepalived; journalctl -u keepalived says why it "
                              "ended");
    }
}

/* vrrp.blocked --------------------------------------------------------------------------------- */

static bool drops(struct exam *x, const struct host *h, const struct host *peer, bool leaving,
                  struct packet *p, struct fw_drop *d)
{
    *p = (struct packet){.leaving = leaving,
                         .protocol = "vrrp",
                         .source = leaving ? h->address : peer->address,
                         .destination = leaving ? peer->address : h->address};
    if (!x->cluster->vrrp.unicast)
        ipaddr_parse("224.0.0.18", &p->destination); /* RFC 9568, 5.1.1.2 */
    return firewall_drops(x, exam_host(x, h), p, d);
}

static void report_blocked(struct exam *x, const struct host *h, const struct host *peer,
                           const struct packet *p, const struct fw_drop *d)
{
    const struct step *step = exam_step(exam_host(x, h), RES_FIREWALL, NULL);
    bool deploy = step && !step->blocked && !p->leaving;
    struct finding *f = found(x, "vrrp.blocked", h, deploy ? REMEDY_DEPLOY : REMEDY_MANUAL);
    finding_cause(x, f, "the firewall of %s drops the VRRP adverts (IP protocol 112) %s %s",
                  h->name, p->leaving ? "that it sends to" : "from", peer->name);
    firewall_evidence(x, f, exam_host(x, h), d);
    show_masters(x, f);
    if (deploy)
        finding_step(x, f, step);
    if (deploy)
        finding_fix(x, f, "clusterctl deploy lets protocol vrrp from %s in, now and at boot",
                    peer->name);
    else
        finding_fix(x, f, "on %s: %s (and out of the file that brings it back at boot)", h->name,
                    firewall_undo(x, exam_host(x, h), d, p));
}

static void blocked(struct exam *x)
{
    for (const struct host *h = NULL; (h = next_director(x, h));) {
        for (const struct host *k = NULL; (k = cluster_next(x->cluster, k, ROLE_DIRECTOR));) {
            struct packet p;
            struct fw_drop d;
            if (k != h && (drops(x, h, k, false, &p, &d) || drops(x, h, k, true, &p, &d)))
                report_blocked(x, h, k, &p, &d);
        }
    }
}

/* vrrp.mismatch -------------------------------------------------------------------------------- */

/* What must be the same on both directors for one to hear the other. */
static const struct {
    const char *word, *what;
    const char *otherwise; /* what keepalived takes when the word is missing; NULL: nothing */
    bool version_2;        /* version 3 has no such thing, and keepalived ignores it (RFC 9568, 9) */
} common[] = {
    {"virtual_router_id", "virtual_router_id", NULL, false},
    {"vrrp_version", "VRRP version", "2", false},
    {"auth_type", "authentication", "none", true},
};

/* The inventory's value of it, or NULL where it has none of its own. */
static const char *wanted(struct exam *x, const char *word)
{
    const struct vrrp *v = &x->cluster->vrrp;
    struct arena *a = &x->report->arena;
    if (!strcmp(word, "virtual_router_id"))
        return arena_printf(a, "%u", v->virtual_router_id);
    if (!strcmp(word, "vrrp_version"))
        return arena_printf(a, "%u", v->version);
    return v->version == 2 && v->auth_pass ? "PASS" : "none";
}

static void compare(struct exam *x, const struct host *h, size_t i)
{
    struct exam_host *eh = exam_host(x, h);
    const char *word = common[i].word, *value = conf_value(eh, word);
    const char *want = wanted(x, word);
    if (!exam_line(eh, "keepalived.conf", NULL))
        return;
    if (common[i].version_2 && conf_number(eh, "vrrp_version") == 3)
        return;
    if (!value && !(value = common[i].otherwise))
        return;
    if (!strcmp(value, want))
        return;
    struct finding *f = found(x, "vrrp.mismatch", h, REMEDY_MANUAL);
    finding_cause(x, f,
                  "%s has %s %s instead of %s: it and the other director do not hear each other",
                  h->name, common[i].what, value, want);
    finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: %s %s", h->name, word, value);
    for (const struct host *k = NULL; (k = next_director(x, k));)
        if (k != h && conf_line(exam_host(x, k), word, NULL))
            finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: %s", k->name,
                             conf_line(exam_host(x, k), word, NULL)->text);
    const struct evidence *l = journal_last(eh, "wrong", NULL);
    if (l)
        journal_evidence(x, f, eh, l);
    show_masters(x, f);
    f->remedy = keepalived_conf_steps(x, f, eh) ? REMEDY_DEPLOY : REMEDY_MANUAL;
    finding_fix(x, f, "clusterctl deploy writes the file anew and reloads keepalived");
}

/* The line that names an address in the block of unicast peers, or NULL. */
static bool has_peer(const struct exam_host *h, const struct ipaddr *peer)
{
    char text[IPADDR_STRLEN];
    const char *address = ipaddr_str(peer, text);
    return conf_line(h, address, NULL) != NULL;
}

static void compare_peers(struct exam *x, const struct host *h)
{
    struct exam_host *eh = exam_host(x, h);
    const struct evidence *block = conf_line(eh, "unicast_peer", NULL);
    for (const struct host *k = NULL; (k = cluster_next(x->cluster, k, ROLE_DIRECTOR));) {
        bool unicast = x->cluster->vrrp.unicast, hears = block && has_peer(eh, &k->address);
        if (k == h || !exam_line(eh, "keepalived.conf", NULL) || (unicast ? hears : !block))
            continue;
        struct finding *f = found(x, "vrrp.mismatch", h, REMEDY_MANUAL);
        const struct evidence *l = block ? block + 1 : NULL;
        finding_cause(x, f,
                      unicast ? "%s does not send its adverts to %s: it is no unicast_peer there"
                              : "%s sends its adverts to unicast peers, %s listens for multicast",
                      h->name, k->name);
        if (!block)
            finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: no unicast_peer", h->name);
        for (; l && l < eh->lines.v + eh->lines.n && l->text[0] != '}'; l++)
            finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: unicast_peer: %s", h->name,
                             l->text);
        if (!f->evidence.n) /* the block breaks off */
            finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: %s", h->name, block->text);
        show_masters(x, f);
        f->remedy = keepalived_conf_steps(x, f, eh) ? REMEDY_DEPLOY : REMEDY_MANUAL;
        finding_fix(x, f, "clusterctl deploy writes the file anew and reloads keepalived");
    }
}

static void mismatch(struct exam *x)
{
    for (const struct host *h = NULL; (h = next_director(x, h));) {
        for (size_t i = 0; i < ARRAY_LEN(common); i++)
            compare(x, h, i);
        compare_peers(x, h);
    }
}

/* vrrp.backup-master, vrrp.same-priority ------------------------------------------------------- */

static void backup_master(struct exam *x)
{
    const struct host *first = preferred(x);
    for (const struct host *h = NULL; (h = next_director(x, h));) {
        struct exam_host *eh = exam_host(x, h);
        const char *state = conf_value(eh, "state");
        unsigned mine = conf_number(eh, "priority");
        const char *higher = first ? conf_value(exam_host(x, first), "priority") : NULL;
        unsigned other = first ? conf_number(exam_host(x, first), "priority") : 0;
        bool claims_master = state && !strcmp(state, "MASTER");
        if (h == first || (!claims_master && (!higher || mine <= other)))
            continue;
        struct finding *f = found(x, "vrrp.backup-master", h, REMEDY_MANUAL);
        if (claims_master)
            finding_cause(
                x, f, "%s, the backup, is configured as MASTER%s", h->name,
                higher && mine >= other ? ", with a priority that is not below the other's" : "");
        else
            finding_cause(x, f, "%s, the backup, has a higher priority than %s", h->name,
                          first->name);
        if (state)
            finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: state %s", h->name, state);
        finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: priority %u", h->name, mine);
        if (higher)
            finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: priority %s", first->name,
                             higher);
        show_masters(x, f);
        f->remedy = keepalived_conf_steps(x, f, eh) ? REMEDY_DEPLOY : REMEDY_MANUAL;
        finding_fix(x, f,
                    "clusterctl deploy writes the file anew; the VIP may stay where it is "
                    "(nopreempt) until that director's keepalived is restarted");
    }
}

static void same_priority(struct exam *x)
{
    for (const struct host *h = NULL; (h = next_director(x, h));) {
        for (const struct host *k = h; (k = next_director(x, k));) {
            unsigned mine = conf_number(exam_host(x, h), "priority");
            if (!mine || mine != conf_number(exam_host(x, k), "priority"))
                continue;
            const struct host *wrong = mine != k->priority ? k : h;
            struct finding *f = found(x, "vrrp.same-priority", wrong, REMEDY_MANUAL);
            finding_cause(x, f, "%s and %s have one priority, %u: chance decides who is master",
                          h->name, k->name, mine);
            finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: priority %u", h->name,
                             mine);
            finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: priority %u", k->name,
                             mine);
            f->remedy =
                keepalived_conf_steps(x, f, exam_host(x, wrong)) ? REMEDY_DEPLOY : REMEDY_MANUAL;
            finding_fix(x, f, "clusterctl deploy gives %s the inventory's priority, %u",
                        wrong->name, wrong->priority);
        }
    }
}

/* vrrp.stray-vip, vrrp.two-masters ------------------------------------------------------------- */

static void stray_vip(struct exam *x)
{
    for (const struct host *h = NULL; (h = next_director(x, h));) {
        struct exam_host *eh = exam_host(x, h);
        const char *vip = held_vip(x, h);
        const struct evidence *l = journal_last(eh, " STATE", NULL);
        bool master = l && strstr(l->text, "MASTER STATE");
        if (!vip || (keepalived_runs(eh) && (!l || master)))
            continue;
        struct finding *f = found(x, "vrrp.stray-vip", h, REMEDY_MANUAL);
        finding_cause(x, f, "%s holds the VIP, but its keepalived is not master", h->name);
        finding_evidence(x, f, "%s: ip addr: %s", h->name, vip);
        if (l)
            journal_evidence(x, f, eh, l);
        size_t n = strcspn(vip, " ");
        finding_fix(x, f, "on %s: ip addr del %.*s/%u dev %s", h->name, (int)n, vip,
                    ipaddr_bits(&x->cluster->vips[0]), vip + n + strlen(" on "));
    }
}

static void two_masters(struct exam *x)
{
    if (masters(x) < 2)
        return;
    struct finding *f = found(x, "vrrp.two-masters", NULL, REMEDY_MANUAL);
    finding_cause(x, f,
                  "more than one director is master, though neither its configuration nor its "
                  "firewall keeps it from hearing the other");
    show_masters(x, f);
    finding_fix(x, f,
                "what lies between them loses IP protocol 112: tcpdump -ni INTERFACE proto "
                "112 on both, and look at the switch or the cloud's network rules");
}

static const char *const mastership[] = {MASTERSHIP, NULL};
static const char *const by_down[] = {MASTERSHIP, "vrrp.*", "ipvs.*", NULL};
static const char *const by_conf[] = {MASTERSHIP, "keepalived.not-reloaded", NULL};
static const char *const by_backup[] = {MASTERSHIP, "*vrrp.same-priority",
                                        "keepalived.not-reloaded", NULL};

static const struct rule rules[] = {
    {"keepalived.down", "keepalived does not run on a director", down, by_down},
    {"vrrp.blocked", "a firewall drops the adverts between the directors", blocked, mastership},
    {"vrrp.mismatch", "virtual_router_id, version, authentication or unicast peers differ",
     mismatch, by_conf},
    {"vrrp.backup-master", "the backup is configured to be master", backup_master, by_backup},
    {"vrrp.same-priority", "both directors have one priority", same_priority, by_conf},
    {"vrrp.stray-vip", "a director that is not master holds the VIP", stray_vip, mastership},
    {"vrrp.two-masters", "two directors are master", two_masters, mastership},
    {0},
};

const struct rule_set rule_set_vrrp = {
    .subject = "vrrp", .gather = keepalived_gather, .rules = rules};
