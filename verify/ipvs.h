#pragma once
/*
 * The kernel's virtual server table, as `ipvsadm -Sn` (ipvsadm-save) prints it; and what goes
 * through it, as `ipvsadm -Ln` lists it (ipvs_traffic.c).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "inventory/cluster.h"

/* More than a director of ours could have, far less than would hurt the operator's machine. */
enum { IPVS_MAX_SERVICES = 1024, IPVS_MAX_DESTS = 16384, IPVS_NAME_MAX = 64 };

/* Zeros where a listing was not asked for. "In" is from the client; with direct routing answers do
 * not come back through the director. */
struct ipvs_traffic {
    uint64_t active, inactive;                        /* connections; a service's: of its servers */
    uint64_t connections, packets_in, bytes_in;       /* since the entry was made or zeroed */
    uint64_t connections_s, packets_in_s, bytes_in_s; /* the kernel's estimates, a second */
};

struct ipvs_dest {
    struct ipaddr address;
    uint16_t port;
    char forward; /* 'g' route (direct routing), 'i' tunnel, 'm' masquerade */
    uint32_t weight;
    struct ipvs_traffic traffic;
};

struct ipvs_service {
    const char *name; /* "10.1.1.140:80/tcp", "fwmark 5"; safe to print */
    bool addressed;   /* the three below are there: it is a TCP or UDP service */
    enum protocol protocol;
    struct ipaddr vip;
    uint16_t port;
    const char *scheduler; /* safe to print */
    uint32_t persistence_s;
    VEC(struct ipvs_dest) dests;
    struct ipvs_traffic traffic;
};

struct ipvs_table {
    VEC(struct ipvs_service) services;
    size_t n_dests;
    size_t listed; /* ipvs_listed(): the service, from 1, whose servers' lines come; 0: none */
    const char *bad; /* the first line that was not understood, safe to print; NULL: none */
};

/* Take one line; it is cut up in place. What it can't make sense of is remembered in t->bad. */
void ipvs_line(struct ipvs_table *t, struct arena *a, char *line);

/* Which listing of `ipvsadm -Ln` a line is of: "", "--stats --exact", "--rate --exact". */
enum ipvs_listing { IPVS_PLAIN, IPVS_STATS, IPVS_RATE };
/* Take one line of it for entries that the table has; headings and entries that it has not are left
 * out. It is cut up in place. */
void ipvs_listed(struct ipvs_table *t, enum ipvs_listing listing, char *line);

/* "10.1.1.140:80", "[fd00::1]:53": numbers only. */
bool ipvs_endpoint(const char *s, struct ipaddr *address, uint16_t *port);
const struct ipvs_service *ipvs_find(const struct ipvs_table *t, const struct service *s);
const struct ipvs_dest *ipvs_dest_find(const struct ipvs_service *s, const struct ipaddr *a,
                                       unsigned port);
void ipvs_free(struct ipvs_table *t);
