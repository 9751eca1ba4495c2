/* The table of checks, and how they state what they found. */
#include <stdarg.h>
#include <string.h>

#include "base/quote.h"
#include "verify/check.h"

/*
 * In the order of the report: what the hosts say of themselves, then what the network says, then
 * what a client sees, then what the watchers say. Ids are for ever: users filter and count by them.
 */
const struct check checks[] = {
    {"config.converged", "the host is as the inventory wants it", PER_HOST, 0, false,
     check_converged},
    {"boot.persistent", "a reboot would give what is live now", PER_HOST, LIVE_BOOT, false,
     check_boot},
    {"vrrp.single-master", "exactly one director holds the VIP", PER_VIP, NEEDS_LIVE, true,
     check_single_master},
    {"vrrp.state", "the director that holds the VIP is the one in VRRP state MASTER", PER_VIP,
     LIVE_VRRP, true, check_vrrp_state},
    {"vrrp.symmetry", "the directors agree on everything but their priority", PER_CLUSTER,
     LIVE_VRRP, true, check_vrrp_symmetry},
    {"ipvs.table", "the director's table is the inventory's", PER_DIRECTOR, NEEDS_LIVE, true,
     check_ipvs_table},
    {"arp.vip-owner", "the active director alone answers ARP for the VIP", PER_VIP,
     NEEDS_LIVE | NEEDS_ARP, true, check_vip_owner},
    {"arp.silent", "the real server does not answer ARP for the VIP", PER_REAL_SERVER,
     NEEDS_LIVE | NEEDS_ARP, true, check_arp_silent},
    {"arp.neighbour", "this machine sends the VIP's packets to the active director", PER_VIP,
     NEEDS_LIVE | NEEDS_ARP, true, check_vip_neighbour},
    {"nfs.mount", "the share is mounted, answers, and is mounted at boot", PER_REAL_SERVER,
     LIVE_MOUNT, true, check_nfs_mount},
    {"nfs.shared", "what the NFS host writes is what the real server reads and serves",
     PER_REAL_SERVER, LIVE_MOUNT | LIVE_TOKEN, true, check_nfs_shared},
    {"http.real-server", "the real server serves its page at its own address", PER_REAL_SERVER, 0,
     true, check_http_real_server},
    {"nginx.vhost", "requests for the VIP reach our vhost, not another site", PER_REAL_SERVER, 0,
     true, check_vhost},
    {"dsr.path", "the real server takes the VIP's packets and answers them itself", PER_REAL_SERVER,
     NEEDS_LIVE, true, check_dsr_path},
    {"http.vip", "requests to the VIP are answered by the real servers", PER_SERVICE, 0, true,
     check_http_vip},
    {"http.distribution", "requests are spread as the scheduler says", PER_SERVICE, NEEDS_LIVE,
     true, check_http_distribution},
    {"monitoring.targets", "Prometheus is answered by everyone it asks", PER_CLUSTER, LIVE_MONITORING,
     true, check_targets, MONITORING_TARGETS},
    {"monitoring.alerts", "no alert fires", PER_CLUSTER, LIVE_MONITORING, true, check_alerts,
     MONITORING_ALERTS},
};
const size_t n_checks = ARRAY_LEN(checks);

/* Whatever a text is made of, nothing in it can reach a terminal as a control character. */
static const char *text(struct ctx *x, const char *fmt, va_list ap)
{
    autosb struct strbuf raw = {0}, safe = {0};
    sb_vaddf(&raw, fmt, ap);
    quote_terminal(&safe, sb_str(&raw), raw.len, false);
    return arena_strdup(x->arena, sb_str(&safe));
}

void check_pass(struct ctx *x, struct check_result *out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    out->status = CHECK_PASS;
    out->evidence = text(x, fmt, ap);
    va_end(ap);
}

void check_fail(struct ctx *x, struct check_result *out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    out->status = CHECK_FAIL;
    out->reason = text(x, fmt, ap);
    va_end(ap);
}

void check_skip(struct ctx *x, struct check_result *out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    out->status = CHECK_SKIP;
    out->reason = text(x, fmt, ap);
    va_end(ap);
}

void check_evidence(struct ctx *x, struct check_result *out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    out->evidence = text(x, fmt, ap);
    va_end(ap);
}

void check_hint(struct ctx *x, struct check_result *out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    out->hint = text(x, fmt, ap);
    va_end(ap);
}

void list_add(struct strbuf *list, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (list->len)
        sb_add(list, ", ");
    sb_vaddf(list, fmt, ap);
    va_end(ap);
}

const char *protocol_name(enum protocol p)
{
    return p == PROTO_UDP ? "udp" : "tcp";
}

const char *service_name(struct arena *a, const struct ipaddr *vip, unsigned port,
                         const char *proto)
{
    char buf[IPADDR_STRLEN];
    return arena_printf(a, vip->family == AF_INET6 ? "[%s]:%u/%s" : "%s:%u/%s",
                        ipaddr_str(vip, buf), port, proto);
}

bool is_pending(const struct host_result *hr, const struct resource *want)
{
    for (size_t i = 0; i < hr->plan.steps.n; i++)
        if (hr->plan.steps.v[i].want == want && !(hr->states && hr->states[i] == STEP_DONE))
            return true;
    return false;
}

const struct service *first_http_service(const struct cluster *c)
{
    for (size_t i = 0; i < c->n_services; i++)
        if (c->services[i].protocol == PROTO_TCP)
            return &c->services[i];
    return NULL;
}

bool not_asked(struct ctx *x, const struct host *h, struct check_result *out)
{
    if (!run_result_of(x->run, h)->reached)
        check_skip(x, out, "the host was not reached (see config.converged)");
    else if (!x->live.hosts[h->index_in_cluster].complete)
        check_fail(x, out, "the host did not answer%s%s",
                   strstr(x->live.err.msg, h->name) ? ": " : "",
                   strstr(x->live.err.msg, h->name) ? x->live.err.msg : "");
    else
        return false;
    return true;
}
