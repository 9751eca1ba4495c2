/* Hosts that cannot be looked at: the machine, its network, its sshd, or what it is. */
#include <string.h>

#include "doctor/rule.h"
#include "engine/script.h"

/*
 * The directors ping everybody, once and at the same time. Where a host is not reached from here,
 * their word tells a dead machine from a broken way to it.
 */
static void gather(struct script *s, const struct host_result *hr)
{
    const struct cluster *c = hr->catalog.cluster;
    char buf[IPADDR_STRLEN];
    if (!(hr->host->roles & ROLE_DIRECTOR))
        return;
    script_add(s, "command -v ping >/dev/null || exit 0\n"
                  "see() { if timeout 3 ping -n -q -c 1 -W 1 \"$2\" >/dev/null 2>&1; then\n"
                  "  r reach.ping \"$1 answers\"; else r reach.ping \"$1 silent\"; fi; }\n");
    for (size_t i = 0; i < c->n_hosts; i++) {
        if (&c->hosts[i] == hr->host)
            continue;
        script_add(s, "see");
        script_arg(s, c->hosts[i].name);
        script_arg(s, ipaddr_str(&c->hosts[i].address, buf));
        script_add(s, " &\n");
    }
    script_add(s, "wait\n");
}

/* What the directors that were asked say of a host: how many hear it, how many do not. */
static void ask_directors(struct exam *x, struct finding *f, const struct host *who, unsigned *hear,
                          unsigned *silent)
{
    char answers[300], no[300];
    snprintf(answers, sizeof answers, "%s answers", who->name);
    snprintf(no, sizeof no, "%s silent", who->name);
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));) {
        const struct exam_host *eh = exam_host(x, h);
        for (const struct evidence *l = NULL; (l = exam_line(eh, "reach.ping", l));) {
            bool yes = !strcmp(l->text, answers);
            if (!yes && strcmp(l->text, no) != 0)
                continue;
            (*(yes ? hear : silent))++;
            finding_evidence(x, f, "%s: ping %s: %s", h->name, who->name,
                             yes ? "answers" : "no answer");
        }
    }
}

/* What does not work elsewhere while this host is away. */
static void explain(struct exam *x, struct finding *f, const struct host *h)
{
    finding_explains(x, f, "*", h);
    finding_explains(x, f, "http.vip", NULL);
    finding_explains(x, f, "http.distribution", NULL);
    if (h->roles & ROLE_DIRECTOR) {
        finding_explains(x, f, "vrrp.*", NULL);
        finding_explains(x, f, "arp.*", NULL);
    }
    if (h->roles & ROLE_NFS) {
        finding_explains(x, f, "nfs.*", NULL);
        finding_explains(x, f, "http.*", NULL);
        finding_explains(x, f, "ipvs.*", NULL);
        finding_explains(x, f, "config.drift", NULL);
    }
}

static void unreachable(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++) {
        const struct host_result *hr = x->hosts[i].result;
        const struct host *h = x->hosts[i].host;
        unsigned hear = 0, silent = 0;
        if (hr->reached || hr->err.code != ERR_UNREACHABLE)
            continue;
        struct finding *f = found(x, "host.unreachable", h, REMEDY_MANUAL);
        finding_evidence(x, f, "%s", hr->err.msg);
        ask_directors(x, f, h, &hear, &silent);
        if (hear)
            finding_cause(x, f, "SSH to %s fails, though other hosts of the cluster reach it",
                          h->name);
        else if (silent)
            finding_cause(x, f, "%s is off, or cut off from the network: nobody reaches it",
                          h->name);
        else
            finding_cause(x, f, "%s cannot be reached from here", h->name);
        finding_fix(x, f, "%s",
                    hr->err.hint[0] ? hr->err.hint
                    : hear          ? "on its console: systemctl status ssh; is there a firewall "
                                      "between this machine and it?"
                                    : "look at its console, its power and its network cable");
        explain(x, f, h);
    }
}

static void refused(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++) {
        const struct host_result *hr = x->hosts[i].result;
        if (hr->reached || hr->err.code == ERR_UNREACHABLE)
            continue;
        struct finding *f = found(x, "host.unusable", x->hosts[i].host, REMEDY_MANUAL);
        finding_cause(x, f, "%s was reached, but cannot be looked at", x->hosts[i].host->name);
        finding_evidence(x, f, "%s", hr->err.msg);
        finding_fix(x, f, "%s", hr->err.hint[0] ? hr->err.hint : "see the message above");
        explain(x, f, x->hosts[i].host);
    }
}

static const struct rule rules[] = {
    {"host.unreachable", "a host that does not answer SSH, and whether others reach it",
     unreachable, NULL},
    {"host.unusable", "a host that answers, but that clusterctl cannot work with", refused, NULL},
    {0},
};

const struct rule_set rule_set_reach = {.subject = "reach", .gather = gather, .rules = rules};
