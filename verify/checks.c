/* The table of checks, and how they state what they found. */
#include <stdarg.h>

#include "base/quote.h"
#include "verify/check.h"

/*
 * In the order of the report: what the hosts say of themselves, then what the network says, then
 * what a client sees. Ids are for ever: users filter and count by them.
 */
const struct check checks[] = {
    {"config.converged", "the host is as the inventory wants it", PER_HOST, false, false,
     check_converged},
    {"vrrp.single-master", "exactly one director holds the VIP", PER_VIP, true, true,
     check_single_master},
    {"ipvs.table", "the director's table is the inventory's", PER_DIRECTOR, true, true,
     check_ipvs_table},
    {"arp.vip-owner", "the active director alone answers ARP for the VIP", PER_VIP, true, true,
     check_vip_owner},
    {"arp.neighbour", "this machine sends the VIP's packets to the active director", PER_VIP, true,
     true, check_vip_neighbour},
    {"http.real-server", "the real server serves its page at its own address", PER_REAL_SERVER,
     false, true, check_http_real_server},
    {"http.vip", "requests to the VIP are answered by the real servers", PER_SERVICE, false, true,
     check_http_vip},
    {"http.distribution", "requests are spread as the scheduler says", PER_SERVICE, true, true,
     check_http_distribution},
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
