/*
 * The lines of `ipvsadm -Ln`, plain or with --stats or --rate (1.31):
 *
 *     TCP  10.1.1.140:80 rr                                      TCP  10.1.1.140:80   9 54 0 4021 0
 *       -> 10.1.1.132:80     Route   1      0          2           -> 10.1.1.132:80   5 30 0 2200 0
 *
 * An amount that is no number, or more than 64 bits hold, leaves its entry as it is.
 */
#include <string.h>

#include "base/parse.h"
#include "verify/ipvs.h"

static bool names_service(const struct ipvs_service *s, const char *kind, const char *endpoint)
{
    struct ipaddr a;
    uint16_t port;
    enum protocol p = !strcmp(kind, "UDP") ? PROTO_UDP : PROTO_TCP;
    return s->addressed && s->protocol == p && ipvs_endpoint(endpoint, &a, &port) &&
           s->port == port && ipaddr_eq(&s->vip, &a);
}

/* Marks and SCTP are nothing that we could want: their servers' lines belong to no entry. */
static void begin_service(struct ipvs_table *t, const char *kind, const char *endpoint)
{
    t->listed = 0;
    if (strcmp(kind, "TCP") != 0 && strcmp(kind, "UDP") != 0)
        return;
    for (size_t i = 0; i < t->services.n && !t->listed; i++)
        if (names_service(&t->services.v[i], kind, endpoint))
            t->listed = i + 1;
}

static bool take_numbers(char *line, uint64_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *word = parse_word(&line);
        if (!word || !parse_u64(word, 0, UINT64_MAX, &out[i]))
            return false;
    }
    return true;
}

/* Connections, packets in and out, bytes in and out; with --rate, of each second. */
static void take_amounts(struct ipvs_traffic *to, enum ipvs_listing listing, char *line)
{
    uint64_t n[5];
    if (!take_numbers(line, n, ARRAY_LEN(n)))
        return;
    if (listing == IPVS_STATS) {
        to->connections = n[0];
        to->packets_in = n[1];
        to->bytes_in = n[3];
    } else {
        to->connections_s = n[0];
        to->packets_in_s = n[1];
        to->bytes_in_s = n[3];
    }
}

/* A host's numbers are its own: their sum is at most what 64 bits hold. */
static void add(uint64_t *sum, uint64_t n)
{
    *sum = n > UINT64_MAX - *sum ? UINT64_MAX : *sum + n;
}

/* "Route 1 0 2": how it is forwarded, its weight, active and inactive connections. */
static void take_connections(struct ipvs_service *s, struct ipvs_traffic *to, char *line)
{
    uint64_t n[3];
    if (!parse_word(&line) || !take_numbers(line, n, ARRAY_LEN(n)))
        return;
    to->active = n[1];
    to->inactive = n[2];
    add(&s->traffic.active, n[1]);
    add(&s->traffic.inactive, n[2]);
}

void ipvs_listed(struct ipvs_table *t, enum ipvs_listing listing, char *line)
{
    const char *kind = parse_word(&line), *endpoint = parse_word(&line);
    struct ipaddr a;
    uint16_t port;
    if (!kind || !endpoint)
        return;
    if (strcmp(kind, "->") != 0) {
        begin_service(t, kind, endpoint);
        if (t->listed && listing != IPVS_PLAIN)
            take_amounts(&t->services.v[t->listed - 1].traffic, listing, line);
        return;
    }
    struct ipvs_service *s = t->listed ? &t->services.v[t->listed - 1] : NULL;
    if (!s || !ipvs_endpoint(endpoint, &a, &port))
        return;
    for (size_t i = 0; i < s->dests.n; i++) {
        struct ipvs_dest *d = &s->dests.v[i];
        if (d->port != port || !ipaddr_eq(&d->address, &a))
            continue;
        if (listing == IPVS_PLAIN)
            take_connections(s, &d->traffic, line);
        else
            take_amounts(&d->traffic, listing, line);
        return;
    }
}
