/* Tables as a whole: emptied by hand, or on a host that should have none. */
#include "doctor/ipvs_rules.h"
#include "doctor/keepalived_evidence.h"
#include "doctor/lines.h"

static void restore_commands(struct exam *x, struct strbuf *out, const struct service *s)
{
    char t = s->protocol == PROTO_TCP ? 't' : 'u', ip[IPADDR_STRLEN];
    sb_addf(out, "ipvsadm -A -%c %s -s %s", t, service_words(x, s), s->scheduler);
    if (s->persistence_s)
        sb_addf(out, " -p %u", s->persistence_s);
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));)
        sb_addf(out,
                h->address.family == AF_INET6 ? "; ipvsadm -a -%c %s -r [%s]:%u -g -w %u"
                                              : "; ipvsadm -a -%c %s -r %s:%u -g -w %u",
                t, service_words(x, s), ipaddr_str(&h->address, ip), s->port, h->weight);
}

static void look_emptied(struct exam *x, const struct host *h)
{
    const struct live_host *lh = &x->live.hosts[h->index_in_cluster];
    autosb struct strbuf commands = {0};
    struct finding *f = NULL;
    for (size_t i = 0; i < x->cluster->n_services; i++) {
        const struct service *s = &x->cluster->services[i];
        if (!lh->ipvs_read || ipvs_find(&lh->ipvs, s))
            continue;
        if (!f)
            f = found(x, "ipvs.emptied", h, REMEDY_MANUAL);
        finding_evidence(x, f, "%s: ipvsadm -Sn: nothing for %s; %zu service%s in the table",
                         h->name, service_words(x, s), lh->ipvs.services.n,
                         lh->ipvs.services.n == 1 ? "" : "s");
        sb_add(&commands, commands.len ? "; " : "");
        restore_commands(x, &commands, s);
    }
    if (!f)
        return;
    finding_cause(x, f, "keepalived runs on %s, but somebody took its services out of the table",
                  h->name);
    const struct evidence *l = journal_last(exam_host(x, h), "Configuration file", NULL);
    if (l)
        journal_evidence(x, f, exam_host(x, h), l);
    if (holds_vip(x, h))
        finding_fix(x, f,
                    "a reload of keepalived does not bring them back, a restart would move "
                    "the VIP: on %s: %s",
                    h->name, sb_str(&commands));
    else
        finding_fix(x, f,
                    "a reload does not bring them back; %s does not hold the VIP, so: "
                    "systemctl restart keepalived there",
                    h->name);
}

void ipvs_emptied(struct exam *x)
{
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));)
        if (exam_host(x, h)->asked && keepalived_runs(exam_host(x, h)) &&
            exam_line(exam_host(x, h), "keepalived.conf", NULL))
            look_emptied(x, h);
}

void ipvs_misplaced(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++) {
        const struct host *h = x->hosts[i].host;
        if (!exam_line(&x->hosts[i], "ipvs.table", NULL))
            continue;
        struct finding *f = found(x, "ipvs.misplaced", h, REMEDY_MANUAL);
        finding_cause(x, f, "%s is no director, but has virtual services in its kernel", h->name);
        add_lines(x, f, &x->hosts[i], "ipvs.table", "/proc/net/ip_vs");
        finding_fix(x, f, "on %s: ipvsadm -C; and disable what made them (keepalived, ipvsadm)",
                    h->name);
    }
}
