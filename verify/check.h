#pragma once
/* Inside verify/: a check, what it is given, and how it says what it found. */
#include <stdbool.h>

#include "base/strbuf.h"
#include "verify/live.h"
#include "verify/sample.h"
#include "verify/verify.h"

/* What a check is made once for each of. */
enum check_per { PER_HOST, PER_DIRECTOR, PER_REAL_SERVER, PER_VIP, PER_SERVICE };

/* One of these, by what its check is per. */
struct subject {
    const struct host *host;
    const struct ipaddr *vip;
    const struct service *service;
};

/* All that checks look at. One round's remote data and HTTP answers are shared by its checks. */
struct ctx {
    struct run *run;
    const struct cluster *cluster;
    const struct verify_options *options;
    struct live live;
    struct samples_cache samples;
    struct arena *arena; /* the report's: for evidence */
};

struct check {
    const char *id, *title;
    enum check_per per;
    bool remote;  /* looks at ctx.live: ask the hosts afresh before a retry */
    bool settles; /* may pass later without anybody's doing: worth a retry */
    void (*run)(struct ctx *x, const struct subject *s, struct check_result *out);
};

extern const struct check checks[];
extern const size_t n_checks;

/* The table's functions. */
void check_converged(struct ctx *x, const struct subject *s, struct check_result *out);
void check_single_master(struct ctx *x, const struct subject *s, struct check_result *out);
void check_ipvs_table(struct ctx *x, const struct subject *s, struct check_result *out);
void check_vip_owner(struct ctx *x, const struct subject *s, struct check_result *out);
void check_vip_neighbour(struct ctx *x, const struct subject *s, struct check_result *out);
void check_http_vip(struct ctx *x, const struct subject *s, struct check_result *out);
void check_http_distribution(struct ctx *x, const struct subject *s, struct check_result *out);
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
