#pragma once
/* What the configuration in force promises: the outage of each scenario, before it is tried. */
#include "engine/run.h"
#include "failover/report.h"

/*
 * `host`: who is to be hit. `lasts_ms`: how long the fault is to last. The sources are keepalived's
 * (FIELD: vrrp_scheduler.c, check_http.c) and VRRP's timers (RFC 9568, 6.1); texts go to `a`.
 */
struct prediction predict(struct run *r, const struct scenario *s, const struct service *svc,
                          const struct host *host, unsigned lasts_ms, struct arena *a);
/* For how long to watch a fault of this kind, so that what is predicted has time to happen. */
unsigned predict_hold_ms(struct run *r, const struct scenario *s, const struct service *svc,
                         const struct host *host);
/* The timers in a line: "VRRPv3, adverts every 0.1 s, priorities 254/253, checks every 0.5 s ...".
 */
const char *predict_timers(const struct cluster *c, const struct service *svc, struct arena *a);
/*
 * Both are made of the inventory, so they hold where a deploy has nothing to do. The directors whose
 * keepalived has another configuration, in its file or since its last reload: "LVS-master,
 * LVS-node01". NULL: none.
 */
const char *predict_drifted(struct run *r, struct arena *a);
