#include "failover/predict.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"

/* The timers of a takeover, in microseconds. */
struct takeover {
    int64_t advert, skew;
    unsigned missed; /* adverts unheard before the other director acts */
};

/* Beside the timers: waking up, moving addresses, telling the neighbours. */
enum { WORK_US = 100 * 1000 };

/*
 * keepalived closes a check's connection with SO_LINGER of 5 s (lib/layer4.c:
 * socket_bind_connect()). When its end is not acknowledged, since the network went while it was
 * open, close(2) waits so long, and with it the process that makes all the checks: 4 of 51 cuts of
 * the lab's emulated real servers, where a check takes some 15 ms of every 300 and more on a busy
 * machine.
 */
enum { LINGER_US = 5 * 1000 * 1000 };

/* What modules/keepalived.c keeps. */
#define KEEPALIVED_CONF "/etc/keepalived/keepalived.conf"
#define KEEPALIVED_UNIT "keepalived.service"

/*
 * Below 2.0.0 the down timer counts one advert more (seen: 1.3.5), and adverts are of whole seconds
 * (modules/keepalived.c: advert_cs()).
 */
static const struct version v2_0_0 = {2, 0, 0};

/*
 * RFC 9568, 6.1: Skew_Time is (256 - priority)/256 of the advert interval; RFC 3768 (version 2): of
 * a second. Priority and version are those of the director that takes over.
 */
static struct takeover takeover_of(struct run *r, const struct host *from)
{
    const struct cluster *c = run_cluster(r);
    struct takeover t = {.advert = (int64_t)c->vrrp.advert_interval_cs * 10000, .missed = 3};
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR));) {
        if (h == from)
            continue;
        struct version v = run_result_of(r, h)->facts.keepalived;
        if (version_cmp(v, v2_0_0) < 0 || c->vrrp.mixed_versions)
            t.advert = (t.advert + 999999) / 1000000 * 1000000;
        t.missed = version_cmp(v, v2_0_0) < 0 ? 4 : 3;
        t.skew = (256 - (int64_t)h->priority) * (c->vrrp.version == 2 ? 1000000 : t.advert) / 256;
    }
    return t;
}

static double seconds(int64_t us)
{
    return (double)us / 1e6;
}

static struct prediction nothing(const char *how)
{
    return (struct prediction){.how = how};
}

static struct prediction clean_stop(struct arena *a, const struct takeover *t)
{
    int64_t more = t->missed > 3 ? t->advert : 0;
    struct prediction p = {.high_us = t->skew + more + WORK_US};
    p.how = arena_printf(a,
                         "its goodbye (an advert of priority 0) is followed after the skew of "
                         "%.3g s%s",
                         seconds(t->skew), more ? " and one advert interval" : "");
    return p;
}

/* The last advert before the fault was heard up to one interval ago. */
static struct prediction crash(struct arena *a, const struct takeover *t, bool forwards_on)
{
    struct prediction p = {.low_us = (t->missed - 1) * t->advert + t->skew,
                           .high_us = t->missed * t->advert + t->skew + WORK_US};
    p.how = arena_printf(
        a,
        "%u adverts of %.3g s unheard, the last of them up to one interval ago, "
        "and the skew of %.3g s%s",
        t->missed, seconds(t->advert), seconds(t->skew),
        forwards_on ? "; nothing at best, as the dead daemon's kernel goes on forwarding" : "");
    if (forwards_on)
        p.low_us = 0;
    return p;
}

/*
 * keepalived checks every delay_loop; a failed check is tried again retry times, delay_before_retry
 * apart, and only then leaves the table. A dead machine makes each try last connect_timeout; a
 * closed port none.
 */
static struct prediction bad_checks(struct arena *a, const struct health_check *hc, bool silent)
{
    int64_t tries = 1 + (int64_t)hc->retries;
    int64_t each = silent ? (int64_t)hc->timeout_ms * 1000 : 0;
    struct prediction p = {.low_us =
                               tries * each + hc->retries * (int64_t)hc->retry_delay_ms * 1000};
    p.high_us = p.low_us + (int64_t)hc->interval_ms * 1000 + WORK_US + (silent ? LINGER_US : 0);
    autosb struct strbuf sb = {0};
    sb_addf(&sb, "checks every %.3g s, %lld tries", hc->interval_ms / 1e3, (long long)tries);
    if (silent)
        sb_addf(&sb, " of %.3g s", hc->timeout_ms / 1e3);
    sb_addf(&sb, ", %.3g s apart", hc->retry_delay_ms / 1e3);
    if (silent)
        sb_addf(&sb,
                "; up to %.3g s more should a check be under way at that moment, as keepalived "
                "waits for its connection to close",
                seconds(LINGER_US));
    sb_add(&sb, "; the real server's share alone");
    p.how = arena_strdup(a, sb_str(&sb));
    return p;
}

/*
 * nfsd gives clients of before its restart the time to reclaim their locks (RFC 8881, 8.4.2.1) and
 * ends that grace as soon as all have; opens wait meanwhile. A client that is told to wait asks
 * again after 0.1 s, and then after twice as long each time, up to 15 s (nfs4_update_delay(),
 * fs/nfs/nfs4proc.c): up to as long again as the grace has lasted.
 */
static struct prediction no_share(struct arena *a, const struct cluster *c, unsigned lasts_ms)
{
    enum { POLL_RETRY_MAX_S = 15 };
    unsigned grace = c->nfs.lease_s, again = grace < POLL_RETRY_MAX_S ? grace : POLL_RETRY_MAX_S;
    struct prediction p = {.high_us = (int64_t)lasts_ms * 1000 + (grace + again) * 1000000LL};
    p.how = arena_printf(a,
                         "one NFS server: pages hang for as long as it is away (%.3g s here), then "
                         "until its grace period ends (%u s at most) and its clients have asked "
                         "again (%u s at most)",
                         lasts_ms / 1e3, grace, again);
    return p;
}

/* Scenarios that come back to a server or a director that clients must not notice. */
static struct prediction comes_back(struct arena *a, const struct cluster *c,
                                    const struct takeover *t)
{
    if (!c->vrrp.preempt)
        return nothing("the director that returns leaves the VIP where it is (nopreempt)");
    struct prediction p = {.high_us = t->skew + 1000000};
    p.how = arena_printf(a, "preempt: the VIP moves back when the preferred director returns");
    return p;
}

struct prediction predict(struct run *r, const struct scenario *s, const struct service *svc,
                          const struct host *host, unsigned lasts_ms, struct arena *a)
{
    struct takeover t = takeover_of(r, host);
    switch (s->id) {
    case DIRECTOR_HANDOVER:
        return nothing("the other director takes over before this one lets go; connections are "
                       "synchronised");
    case DIRECTOR_STOP: return clean_stop(a, &t);
    case DIRECTOR_KILL:
    case DIRECTOR_ISOLATE: return crash(a, &t, s->id == DIRECTOR_KILL);
    case DIRECTOR_RETURN: return comes_back(a, run_cluster(r), &t);
    case RS_DRAIN:
        return nothing("weight 0 sends no new connections, and lets those that are there end");
    case RS_STOP:
    case RS_KILL:
    case RS_ISOLATE: return bad_checks(a, &svc->check, s->id == RS_ISOLATE);
    case NFS_RESTART: return no_share(a, run_cluster(r), 0);
    case NFS_STOP: return no_share(a, run_cluster(r), lasts_ms);
    case SCENARIO_N: break;
    }
    return nothing("nothing is known of it");
}

unsigned predict_hold_ms(struct run *r, const struct scenario *s, const struct service *svc,
                         const struct host *host)
{
    enum { AT_LEAST_MS = 3000, SPARE_MS = 2000 };
    struct arena a = {0};
    struct prediction p = predict(r, s, svc, host, 0, &a);
    arena_free(&a);
    if (s->target == TARGET_NFS) /* an idle client notices when it renews its lease */
        return run_cluster(r)->nfs.lease_s * 1000;
    unsigned ms = (unsigned)(p.high_us / 1000) + SPARE_MS;
    return ms < AT_LEAST_MS ? AT_LEAST_MS : ms;
}

const char *predict_timers(const struct cluster *c, const struct service *svc, struct arena *a)
{
    autosb struct strbuf sb = {0};
    const struct health_check *hc = &svc->check;
    sb_addf(&sb, "VRRPv%u %s, adverts every %.3g s, priorities ", c->vrrp.version,
            c->vrrp.unicast ? "unicast" : "multicast", c->vrrp.advert_interval_cs / 1e2);
    const char *between = "";
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR)); between = "/")
        sb_addf(&sb, "%s%u", between, h->priority);
    sb_addf(&sb, ", %s; checks every %.3g s, time limit %.3g s, %u retr%s %.3g s apart",
            c->vrrp.preempt ? "preempt" : "nopreempt", hc->interval_ms / 1e3, hc->timeout_ms / 1e3,
            hc->retries, hc->retries == 1 ? "y" : "ies", hc->retry_delay_ms / 1e3);
    return arena_strdup(a, sb_str(&sb));
}

static bool is_keepalived(const struct resource *w)
{
    return (w->type == RES_FILE && !strcmp(w->key, KEEPALIVED_CONF)) ||
           (w->type == RES_SERVICE && !strcmp(w->key, KEEPALIVED_UNIT));
}

const char *predict_drifted(struct run *r, struct arena *a)
{
    autosb struct strbuf sb = {0};
    for (const struct host *h = NULL; (h = cluster_next(run_cluster(r), h, ROLE_DIRECTOR));) {
        const struct plan *p = &run_result_of(r, h)->plan;
        size_t i = 0;
        while (i < p->steps.n && !is_keepalived(p->steps.v[i].want))
            i++;
        if (i < p->steps.n)
            sb_addf(&sb, "%s%s", sb.len ? ", " : "", h->name);
    }
    return sb.len ? arena_strdup(a, sb_str(&sb)) : NULL;
}
