#pragma once
/* Inside verify/: a check, what it is given, and how it says what it found. */
#include <stdbool.h>

#include "base/strbuf.h"
#include "verify/arp_round.h"
#include "inventory/monitoring.h"
#include "verify/live.h"
#include "verify/sample.h"
#include "verify/verify.h"

/* What a check is made once for each of. */
enum check_per { PER_HOST, PER_DIRECTOR, PER_REAL_SERVER, PER_VIP, PER_SERVICE, PER_CLUSTER };

/* One of these, by what its check is per; none of a cluster. */
struct subject {
    const struct host *host;
    const struct ipaddr *vip;
    const struct service *service;
};

struct dsr_try;
struct vhost_try;
struct share_try;

/*
 * All that checks look at. One round's remote data and answers are shared by its checks; arrays are
 * made by the first check of the round that needs them, and are NULL before.
 */
struct ctx {
    struct run *run;
    const struct cluster *cluster;
    const struct verify_options *options;
    struct live live;
    struct arp_round arp;
    struct samples_cache samples;
    struct dsr_try *dsr;     /* check_dsr.c */
    struct vhost_try *vhost; /* check_vhost.c */
    struct share_try *share; /* check_nfs.c: by index_in_cluster */
    bool token_there;        /* the token may be on the NFS host */
    struct arena *arena;     /* the report's: for evidence */
};

/* What a check looks at, beside the run's results: it is gathered before the round's checks. */
enum check_needs {
    NEEDS_LIVE = 1 << 8, /* ctx.live: ask the hosts afresh before a retry */
    NEEDS_ARP = 1 << 9,  /* arp_of() */
    /* ...and the bits of enum live_extra, which imply NEEDS_LIVE */
};

struct check {
    const char *id, *title;
    enum check_per per;
    unsigned needs;
    bool settles; /* may pass later without anybody's doing: worth a retry */
    void (*run)(struct ctx *x, const struct subject *s, struct check_result *out);
    enum verify_monitoring monitoring; /* made from this much on; MONITORING_LEFT_OUT: always */
};

extern const struct check checks[];
extern const size_t n_checks;

/* The table's functions. */
void check_converged(struct ctx *x, const struct subject *s, struct check_result *out);
void check_boot(struct ctx *x, const struct subject *s, struct check_result *out);
void check_single_master(struct ctx *x, const struct subject *s, struct check_result *out);
void check_vrrp_state(struct ctx *x, const struct subject *s, struct check_result *out);
void check_vrrp_symmetry(struct ctx *x, const struct subject *s, struct check_result *out);
void check_ipvs_table(struct ctx *x, const struct subject *s, struct check_result *out);
void check_vip_owner(struct ctx *x, const struct subject *s, struct check_result *out);
void check_vip_neighbour(struct ctx *x, const struct subject *s, struct check_result *out);
void check_arp_silent(struct ctx *x, const struct subject *s, struct check_result *out);
void check_nfs_mount(struct ctx *x, const struct subject *s, struct check_result *out);
void check_nfs_shared(struct ctx *x, const struct subject *s, struct check_result *out);
void check_vhost(struct ctx *x, const struct subject *s, struct check_result *out);
void check_dsr_path(struct ctx *x, const struct subject *s, struct check_result *out);
void check_http_vip(struct ctx *x, const struct subject *s, struct check_result *out);
void check_http_distribution(struct ctx *x, const struct subject *s, struct check_result *out);
void check_targets(struct ctx *x, const struct subject *s, struct check_result *out);
void check_alerts(struct ctx *x, const struct subject *s, struct check_result *out);
void check_http_real_server(struct ctx *x, const struct subject *s, struct check_result *out);

/* Verdicts. The text of check_pass() is evidence, that of the others the reason. */
void check_pass(struct ctx *x, struct check_result *out, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void check_fail(struct ctx *x, struct check_result *out, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void check_skip(struct ctx *x, struct check_result *out, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void check_evidence(struct ctx *x, struct check_result *out, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void check_hint(struct ctx *x, struct check_result *out, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Add to a list in the making: ", " between its parts. */
void list_add(struct strbuf *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "10.1.1.140:80/tcp", "[fd00::1]:53/udp" */
const char *service_name(struct arena *a, const struct ipaddr *vip, unsigned port,
                         const char *proto);
const char *protocol_name(enum protocol p);

/* The one director that holds the VIP and its interface; NULL when it is not exactly one. */
const struct host *active_director(const struct ctx *x, const struct ipaddr *vip,
                                   const struct live_iface **iface);

/* Does lo hold an address? */
bool holds_on_lo(const struct live_host *h, const struct ipaddr *a);

/* Is a step of the host's plan for this resource still to do? config.converged says so, then. */
bool is_pending(const struct host_result *hr, const struct resource *want);
/* The first service that a real server answers by HTTP, or NULL. */
const struct service *first_http_service(const struct cluster *c);
/* Could the host not be asked? Then the verdict is given. */
bool not_asked(struct ctx *x, const struct host *h, struct check_result *out);

/* Take the token away, should it still be there. After the last round, also when interrupted. */
void share_clean_up(struct ctx *x);
/* Forget the round's answers. */
void dsr_reset(struct ctx *x);
void vhost_reset(struct ctx *x);
void share_reset(struct ctx *x);
