/* monitoring.targets and monitoring.alerts: what Prometheus says, held against the inventory. */
#include <string.h>

#include "verify/check.h"

/* Prometheus' answer; NULL when there is none, and then the verdict is given. */
static const struct prometheus *answer(struct ctx *x, struct check_result *out)
{
    const struct host *h = monitoring_host(x->cluster);
    if (not_asked(x, h, out))
        return NULL;
    const struct prometheus *p = &x->live.hosts[h->index_in_cluster].prometheus;
    if (p->read && !p->bad)
        return p;
    if (p->read)
        check_fail(x, out, "a line of Prometheus' answer is not understood: %s", p->bad);
    else
        check_fail(x, out, "Prometheus on %s cannot be asked: %s", h->name,
                   p->error ? p->error : "no reason given");
    check_hint(x, out, "systemctl status prometheus on %s", h->name);
    return NULL;
}

static const struct prometheus_target *target(const struct prometheus *p, const char *job,
                                              const struct host *h)
{
    for (size_t i = 0; i < p->targets.n; i++)
        if (!strcmp(p->targets.v[i].job, job) && !strcmp(p->targets.v[i].host, h->name))
            return &p->targets.v[i];
    return NULL;
}

void check_targets(struct ctx *x, const struct subject *s, struct check_result *out)
{
    const struct prometheus *p = answer(x, out);
    autosb struct strbuf down = {0}, unasked = {0};
    size_t wanted = 0;
    (void)s;
    if (!p)
        return;
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_ANY));)
        for (unsigned i = 0; i < EXPORTERS_N; i++) {
            if (!exporter_runs(x->cluster, i, h))
                continue;
            const struct prometheus_target *t = target(p, exporters[i].job, h);
            wanted++;
            if (!t)
                list_add(&unasked, "%s of %s", exporters[i].job, h->name);
            else if (!t->up)
                list_add(&down, "%s of %s", exporters[i].job, h->name);
        }
    check_evidence(x, out, "%zu exporters asked every %u s", wanted,
                   x->cluster->monitoring.interval_s);
    if (!down.len && !unasked.len) {
        out->status = CHECK_PASS;
        return;
    }
    if (unasked.len)
        list_add(&down, "not asked yet: %s", sb_str(&unasked));
    check_fail(x, out, "no answer to Prometheus: %s", sb_str(&down));
    check_hint(x, out,
               "is the exporter at work (systemctl status 'prometheus-*'), and does a "
               "firewall let %s to it?",
               monitoring_host(x->cluster)->name);
}

void check_alerts(struct ctx *x, const struct subject *s, struct check_result *out)
{
    enum { MOST = 20 };
    const struct prometheus *p = answer(x, out);
    autosb struct strbuf list = {0};
    (void)s;
    if (!p)
        return;
    for (size_t i = 0; i < p->alerts.n && i < MOST; i++) {
        const struct prometheus_alert *a = &p->alerts.v[i];
        bool both = a->host && a->subject;
        list_add(&list, "%s%s%s%s%s%s", a->name, a->host || a->subject ? " (" : "",
                 a->host ? a->host : "", both ? ", " : "", a->subject ? a->subject : "",
                 a->host || a->subject ? ")" : "");
    }
    if (!p->alerts.n) {
        check_pass(x, out, "none fires");
        return;
    }
    if (p->alerts.n > MOST)
        list_add(&list, "...");
    check_fail(x, out, "%zu alert%s: %s", p->alerts.n, p->alerts.n == 1 ? " fires" : "s fire",
               sb_str(&list));
    check_hint(x, out,
               "an alert ends when %u s have passed without what it is about; until then it "
               "may be of a fault that is over",
               2 * x->cluster->monitoring.interval_s);
}
