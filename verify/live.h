#pragma once
/*
 * What the hosts say now: addresses, MACs and, on directors, the IPVS table; and more where asked
 * for. Facts are from the start of the run; a VIP may have moved since.
 */
#include <stdbool.h>

#include "engine/run.h"
#include "verify/boot.h"
#include "verify/ipvs.h"
#include "verify/mount.h"
#include "verify/prometheus.h"
#include "verify/token.h"
#include "verify/vrrp_running.h"

/* Records past this are dropped and the host's answer is not believed: see live_record(). */
enum { LIVE_MAX_RECORDS = 20000 };

/* What is asked for beyond addresses and tables, as it costs the hosts more. */
enum live_extra {
    LIVE_VRRP = 1 << 0,  /* directors: what keepalived runs with */
    LIVE_MOUNT = 1 << 1, /* real servers: the share's mount */
    LIVE_BOOT = 1 << 2,  /* what a reboot would read */
    LIVE_TOKEN = 1 << 3, /* the NFS host: live.token is written */
    LIVE_CONNECTIONS = 1 << 4, /* directors: connections of each entry of the table; real servers: their own */
    LIVE_MONITORING = 1 << 5,  /* Prometheus' host: what it has seen */
};

struct live_iface {
    const char *name; /* at most 15 printable characters */
    const char *mac;  /* "" for none; lower case */
    VEC(struct ipaddr) addresses;
};

struct live_host {
    bool complete; /* everything below is there */
    size_t records;
    VEC(struct live_iface *) ifaces;
    bool ipvs_read;         /* directors: the table was read to its end */
    const char *ipvs_error; /* directors: why it was not; safe to print */
    struct ipvs_table ipvs;
    bool tcp_counted;       /* LIVE_CONNECTIONS, real servers: the next is known */
    uint64_t tcp_open;      /* TCP connections to the VIPs that are not over, those not accepted yet too */
    struct vrrp_running vrrp; /* LIVE_VRRP */
    struct live_mount mount;  /* LIVE_MOUNT */
    struct boot_config boot;  /* LIVE_BOOT */
    bool token_written;       /* LIVE_TOKEN */
    const char *token_error;  /* safe to print */
    struct prometheus prometheus; /* LIVE_MONITORING */
    struct arena arena;
};

struct live {
    struct live_host *hosts; /* by index_in_cluster */
    size_t n;
    unsigned extras;    /* enum live_extra, for the next query; 0 at first */
    struct token token; /* to be written by it */
    struct err err;     /* of the last query, when it failed on some host */
};

void live_init(struct live *l, size_t n_hosts);
/* Ask every reached host. -1 only when interrupted, or nobody could be asked at all. */
int live_refresh(struct live *l, struct run *r, struct err *e);
void live_free(struct live *l);

/*
 * The question itself, for a script that asks for more in the same exec: records for live_record(),
 * all but "complete". `extras` are enum live_extra; `token` is for LIVE_TOKEN.
 */
void live_ask(struct script *s, const struct host_result *hr, unsigned extras,
              const struct token *token);
void live_forget(struct live_host *h);

/* One record of a host's answer: "addr ...", "link ...", "ipvs ...", ... Never fails: hostile or
 * broken lines are left out, and too many make the answer incomplete. */
void live_record(struct live_host *h, char *value);

/* The interface that holds an address, or NULL; `after`: the next one. */
const struct live_iface *live_holder(const struct live_host *h, const struct ipaddr *a,
                                     const struct live_iface *after);
/* The first of them other than lo, where real servers have a VIP by design; or NULL. */
const struct live_iface *live_off_lo(const struct live_host *h, const struct ipaddr *a);
