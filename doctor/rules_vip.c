/* The VIP where it must be and nowhere else, and who answers ARP for it. */
#include <string.h>

#include "base/parse.h"
#include "doctor/lines.h"
#include "engine/script.h"

/* awk and not the shell's read: /proc/sys answers only the first read(2) (see res_sysctl.c). */
static const char arp_sh[] =
    "awk 'FNR == 1 { split(FILENAME, p, \"/\"); print p[7] \" \" p[8] \" \" $0 }' \\\n"
    "  /proc/sys/net/ipv4/conf/*/arp_ignore /proc/sys/net/ipv4/conf/*/arp_announce | each vip.arp\n"
    "grep -nHE '^[^#;]*arp_(ignore|announce)' /etc/sysctl.conf /etc/sysctl.d/*.conf \\\n"
    "  /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf | each "
    "vip.sysctl\n";

static void gather(struct script *s, const struct host_result *hr)
{
    const struct cluster *c = hr->catalog.cluster;
    char buf[IPADDR_STRLEN];
    for (size_t i = 0; i < c->n_vips; i++)
        script_addf(s, "ip -o addr show to %s | each vip.addr\n", ipaddr_str(&c->vips[i], buf));
    if (!(hr->host->roles & ROLE_REAL_SERVER))
        return;
    script_add(s, "ip -o addr show dev lo | each vip.lo\n");
    script_add(s, arp_sh);
}

static const struct live_host *live_of(const struct exam *x, const struct host *h)
{
    const struct live_host *l = &x->live.hosts[h->index_in_cluster];
    return l->complete ? l : NULL;
}

static bool on_lo(const struct live_host *l, const struct ipaddr *vip)
{
    for (const struct live_iface *i = NULL; (i = live_holder(l, vip, i));)
        if (!strcmp(i->name, "lo"))
            return true;
    return false;
}

static void look_for_vip(struct exam *x, const struct exam_host *h, const struct ipaddr *vip)
{
    char buf[IPADDR_STRLEN];
    const char *text = ipaddr_str(vip, buf);
    autosb struct strbuf prefixed = {0};
    sb_addf(&prefixed, "%s/%u", text, ipaddr_bits(vip));
    struct finding *f = found(x, "vip.not-on-lo", h->host, REMEDY_MANUAL);
    if (take_steps(x, f, h, RES_ADDRESS, sb_str(&prefixed)))
        f->remedy = REMEDY_DEPLOY;
    finding_cause(x, f,
                  "%s does not have the VIP %s on lo: it throws away what the director sends it",
                  h->host->name, text);
    add_lines(x, f, h, "vip.lo", "ip -o addr show dev lo");
    if (!f->evidence.n)
        finding_evidence(x, f, "%s: ip -o addr show dev lo: says nothing", h->host->name);
    /* Stopped, the unit takes the address away. */
    finding_step(x, f, exam_step(h, RES_SERVICE, "clusterctl-vip.service"));
    finding_fix(x, f, "clusterctl deploy; by hand: ip address add %s dev lo on %s",
                sb_str(&prefixed), h->host->name);
}

static void not_on_lo(struct exam *x)
{
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));) {
        const struct live_host *l = live_of(x, h);
        for (size_t i = 0; l && i < x->cluster->n_vips; i++)
            if (!on_lo(l, &x->cluster->vips[i]))
                look_for_vip(x, exam_host(x, h), &x->cluster->vips[i]);
    }
}

/* The one interface where a host of these roles may have the VIP; "" for none; NULL: any. */
static const char *place_of(const struct exam *x, const struct exam_host *h)
{
    if (h->host->roles & ROLE_REAL_SERVER)
        return "lo";
    if (!(h->host->roles & ROLE_DIRECTOR))
        return "";
    return x->cluster->vrrp.interface ? x->cluster->vrrp.interface : h->result->facts.interface;
}

static void elsewhere_on(struct exam *x, const struct exam_host *h, const struct ipaddr *vip,
                         const struct live_iface *i)
{
    char buf[IPADDR_STRLEN];
    const char *text = ipaddr_str(vip, buf);
    autosb struct strbuf start = {0};
    struct finding *f = found(x, "vip.elsewhere", h->host, REMEDY_MANUAL);
    finding_cause(x, f, "%s has the VIP %s on %s, where it must not be: %s", h->host->name, text,
                  i->name,
                  h->host->roles & ROLE_REAL_SERVER
                      ? "it answers ARP for it there, beside the active director"
                  : h->host->roles & ROLE_DIRECTOR
                      ? "only keepalived may put it anywhere, on its own interface"
                      : "it answers ARP for it, beside the active director");
    sb_addf(&start, ": %s ", i->name);
    for (const struct evidence *l = NULL; (l = exam_line(h, "vip.addr", l));)
        if (strstr(l->text, sb_str(&start)) && strstr(l->text, text))
            finding_evidence(x, f, "%s: ip -o addr show: %s", h->host->name, l->text);
    if (!f->evidence.n) /* that was the look before */
        finding_evidence(x, f, "%s: %s on %s, and a moment later no more", h->host->name, text, i->name);
    finding_fix(x, f,
                "on %s: ip address del %s/%u dev %s, and take it out of what configures %s at boot",
                h->host->name, text, ipaddr_bits(vip), i->name, i->name);
}

static void elsewhere(struct exam *x)
{
    for (size_t n = 0; n < x->n_hosts; n++) {
        const struct exam_host *h = &x->hosts[n];
        const struct live_host *l = live_of(x, h->host);
        const char *place = place_of(x, h);
        for (size_t v = 0; l && place && v < x->cluster->n_vips; v++) {
            const struct ipaddr *vip = &x->cluster->vips[v];
            for (const struct live_iface *i = NULL; (i = live_holder(l, vip, i));)
                if (strcmp(i->name, place) != 0)
                    elsewhere_on(x, h, vip, i);
        }
    }
}

enum { UNKNOWN = -1 };

/* conf/IFACE/KEY: "all arp_ignore 1" */
static int value_of(const struct exam_host *h, const char *iface, const char *key)
{
    uint64_t v;
    autosb struct strbuf start = {0};
    sb_addf(&start, "%s %s ", iface, key);
    for (const struct evidence *l = NULL; (l = exam_line(h, "vip.arp", l));)
        if (!strncmp(l->text, sb_str(&start), start.len) &&
            parse_u64(l->text + start.len, 0, INT16_MAX, &v))
            return (int)v;
    return UNKNOWN;
}

/* net/ipv4/arp.c: arp_ignore() and arp_solicit() take values they do not know for 0. */
static const char *harm(const char *key, int in_force)
{
    if (!strcmp(key, "arp_announce"))
        return in_force == 2 ? NULL
                             : "it may ask with the VIP as sender, which teaches its neighbours a "
                               "wrong entry";
    if (in_force == 1 || in_force == 2)
        return NULL;
    return in_force == 8   ? "it answers no ARP request at all, and other machines lose it"
           : in_force == 3 ? "it answers ARP for the VIP (3 is silent for scope host only)"
                           : "it answers ARP for the VIP";
}

/*
 * Whether this "FILE:LINE:KEY = VALUE" sets the key to the value. sysctl.d(5): a '-' in front,
 * slashes in the place of dots.
 */
static bool sets(const char *text, const char *name, int value)
{
    const char *p = strchr(text, ':');
    uint64_t v;
    p = p ? strchr(p + 1, ':') : NULL;
    if (!p)
        return false;
    autofree char *copy = xstrdup(p + 1);
    char *key = copy + strspn(copy, " -"), *eq = strchr(key, '=');
    if (!eq)
        return false;
    *eq++ = '\0';
    key[strcspn(key, " ")] = '\0';
    for (char *c = key; *c; c++)
        *c = *c == '/' ? '.' : *c;
    eq += strspn(eq, " ");
    eq[strcspn(eq, " ")] = '\0';
    return !strcmp(key, name) && parse_u64(eq, 0, INT16_MAX, &v) && (int)v == value;
}

/* Who made it so: the last file that says so, or somebody's hand. */
static const char *origin(struct exam *x, struct finding *f, const struct exam_host *h,
                          const char *name, int value, bool *file)
{
    const struct evidence *last = NULL;
    for (const struct evidence *l = NULL; (l = exam_line(h, "vip.sysctl", l));)
        if (sets(l->text, name, value))
            last = l;
    if (!last) {
        finding_evidence(x, f, "%s: no sysctl file sets %s to %d", h->host->name, name, value);
        return "changed by hand (sysctl -w)";
    }
    finding_evidence(x, f, "%s: %s", h->host->name, last->text);
    *file = true;
    const char *line = strchr(last->text, ':') + 1;
    return arena_printf(&x->report->arena, "set by %.*s line %.*s", (int)(line - 1 - last->text),
                        last->text, (int)strcspn(line, ":"), line);
}

struct arp {
    struct exam *x;
    const struct exam_host *h;
    struct finding *f;
    struct strbuf cause, by_hand;
};

static void blame(struct arp *a, const char *iface, const char *key, int value, int all,
                  int ingress, int good)
{
    struct exam *x = a->x;
    const char *ifname = a->h->result->facts.interface;
    const char *name = arena_printf(&x->report->arena, "net.ipv4.conf.%s.%s", iface, key);
    int in_force = all > ingress ? all : ingress;
    const char *bad = harm(key, in_force);
    bool from_file = false;
    const struct step *step = exam_step(a->h, RES_SYSCTL, name);
    if (!a->f)
        a->f = found(x, "arp.sysctl", a->h->host, REMEDY_DEPLOY);
    finding_evidence(x, a->f, "%s: %s = %d", a->h->host->name, name, value);
    sb_addf(&a->cause, "%s%s is %d, not %d (%s)", a->cause.len ? "; " : "", name, value, good,
            origin(x, a->f, a->h, name, value, &from_file));
    sb_addf(&a->cause, ": of all (%d) and %s (%d) the larger is in force, %d, so %s", all, ifname,
            ingress, in_force, bad ? bad : "this does no harm now");
    finding_step(x, a->f, step);
    /* A deploy sets the value, but a file that is not ours would set it back. */
    if (!step || from_file) {
        a->f->remedy = REMEDY_MANUAL;
        sb_addf(&a->by_hand, "%ssysctl -w %s=%d", a->by_hand.len ? "; " : "", name, good);
    }
}

static void judge_key(struct arp *a, const char *key, int good)
{
    const char *ifname = a->h->result->facts.interface;
    int all = value_of(a->h, "all", key), lo = value_of(a->h, "lo", key);
    int ingress = ifname ? value_of(a->h, ifname, key) : UNKNOWN;
    if (all == UNKNOWN || ingress == UNKNOWN)
        return;
    if (all != good)
        blame(a, "all", key, all, all, ingress, good);
    /* What is larger than all's counts, and all's own cure would not help. */
    if (ingress > (all > good ? all : good) && harm(key, ingress))
        blame(a, ifname, key, ingress, all, ingress, 0);
    if (lo != UNKNOWN && lo != good)
        blame(a, "lo", key, lo, all, ingress, good);
}

static void sysctls(struct exam *x)
{
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));) {
        struct arp a = {.x = x, .h = exam_host(x, h)};
        if (!a.h->result->reached || !a.h->asked)
            continue;
        judge_key(&a, "arp_ignore", 1);
        judge_key(&a, "arp_announce", 2);
        if (a.f) {
            finding_step(x, a.f, exam_step(a.h, RES_FILE, "/etc/sysctl.d/99-zz-clusterctl.conf"));
            finding_cause(x, a.f, "on %s, %s", h->name, sb_str(&a.cause));
            if (a.by_hand.len)
                finding_fix(x, a.f, "on %s: %s, and take out the lines above that set it%s",
                            h->name, sb_str(&a.by_hand),
                            exam_step(a.h, RES_SYSCTL, NULL) ? "; the rest: clusterctl deploy"
                                                             : "");
            else
                finding_fix(x, a.f, "clusterctl deploy");
        }
        sb_free(&a.cause);
        sb_free(&a.by_hand);
    }
}

/* Checks without a host of their own, of the VIP or a service, need the star. */
#define WRONG_OWNER                                                                                \
    "arp.*", "*arp.vip-owner", "*arp.neighbour", "*vrrp.single-master", "*http.distribution",      \
        "*http.vip"
static const char *const lost_requests[] = {
    "dsr.*", "nginx.*", "*http.vip", "*http.distribution", "http.default-site", NULL};
static const char *const wrong_owner[] = {WRONG_OWNER, NULL};
static const char *const wrong_sysctl[] = {WRONG_OWNER, "boot.*", NULL};

static const struct rule rules[] = {
    {"vip.not-on-lo", "a real server without the VIP on lo", not_on_lo, lost_requests},
    {"vip.elsewhere", "the VIP on an interface where it must not be", elsewhere, wrong_owner},
    {"arp.sysctl", "a real server whose ARP settings let it answer for the VIP", sysctls,
     wrong_sysctl},
    {0},
};

const struct rule_set rule_set_vip = {.subject = "vip", .gather = gather, .rules = rules};
