#include "verify/verify.h"

#include <stdarg.h>

#include "base/clock.h"
#include "verify/check.h"

/* A check on one subject. */
struct instance {
    const struct check *check;
    struct subject subject;
    bool hopeless; /* its host was not reached: waiting does not help */
};

typedef VEC(struct instance) instances;

static const char *subject_name(struct arena *a, const struct subject *s, const char *cluster)
{
    char text[IPADDR_STRLEN];
    if (s->host)
        return arena_strdup(a, s->host->name);
    if (s->vip)
        return arena_strdup(a, ipaddr_str(s->vip, text));
    if (!s->service)
        return arena_strdup(a, cluster);
    return service_name(a, &s->service->vip, s->service->port, protocol_name(s->service->protocol));
}

/* Is it asked for? */
static bool wanted(const struct verify_options *o, const struct subject *s)
{
    if (!o->hosts)
        return true;
    return s->host ? o->hosts[s->host->index_in_cluster] : s->service && o->services;
}

static void add(struct ctx *x, struct verify_report *out, instances *list, const struct check *c,
                struct subject s)
{
    if (!wanted(x->options, &s))
        return;
    bool hopeless = s.host && !run_result_of(x->run, s.host)->reached;
    *vec_push(list) = (struct instance){c, s, hopeless};
    *vec_push(&out->results) = (struct check_result){
        .id = c->id, .title = c->title, .subject = subject_name(&out->arena, &s, x->cluster->name)};
}

static void add_all(struct ctx *x, struct verify_report *out, instances *list,
                    const struct check *c)
{
    const struct cluster *cl = x->cluster;
    if (c->monitoring && (!cl->monitoring.wanted || c->monitoring > x->options->monitoring))
        return;
    unsigned roles = c->per == PER_DIRECTOR      ? ROLE_DIRECTOR
                     : c->per == PER_REAL_SERVER ? ROLE_REAL_SERVER
                                                 : 0;
    if (c->per == PER_HOST)
        for (size_t i = 0; i < run_count(x->run); i++)
            add(x, out, list, c, (struct subject){.host = run_result(x->run, i)->host});
    for (const struct host *h = NULL; roles && (h = cluster_next(cl, h, roles));)
        add(x, out, list, c, (struct subject){.host = h});
    for (size_t i = 0; c->per == PER_VIP && i < cl->n_vips; i++)
        add(x, out, list, c, (struct subject){.vip = &cl->vips[i]});
    for (size_t i = 0; c->per == PER_SERVICE && i < cl->n_services; i++)
        add(x, out, list, c, (struct subject){.service = &cl->services[i]});
    if (c->per == PER_CLUSTER)
        add(x, out, list, c, (struct subject){0});
}

static bool wants_retry(const struct instance *i, const struct check_result *r)
{
    return r->status == CHECK_FAIL && i->check->settles && !i->hopeless;
}

/* What was skipped for another's sake (too few servers in the table yet) may be worth asking now.
 */
static bool runs_again(const struct instance *i, const struct check_result *r)
{
    return wants_retry(i, r) || (r->status == CHECK_SKIP && i->check->settles && !i->hopeless);
}

/* Gather what this round's checks need: ARP is asked while the hosts answer. */
static int gather(struct ctx *x, unsigned needs, struct err *e)
{
    enum { EXTRAS = LIVE_VRRP | LIVE_MOUNT | LIVE_BOOT | LIVE_TOKEN | LIVE_MONITORING };
    if (needs & NEEDS_ARP)
        arp_begin(x);
    if (!(needs & (NEEDS_LIVE | EXTRAS)))
        return 0;
    x->live.extras = needs & EXTRAS;
    if (needs & LIVE_TOKEN) {
        if (token_draw(&x->live.token, e) < 0)
            return -1;
        x->token_there = true;
    }
    return live_refresh(&x->live, x->run, e);
}

static void forget_round(struct ctx *x)
{
    share_clean_up(x);
    share_reset(x);
    dsr_reset(x);
    vhost_reset(x);
    samples_reset(&x->samples);
    arp_reset(&x->arp);
}

/* One round: every check (the first time), or those that did not pass and yet may. */
static int round_of_checks(struct ctx *x, struct verify_report *out, const instances *list,
                           bool first, struct err *e)
{
    unsigned needs = 0;
    forget_round(x);
    for (size_t i = 0; i < list->n; i++)
        if (first || runs_again(&list->v[i], &out->results.v[i]))
            needs |= list->v[i].check->needs;
    if (gather(x, needs, e) < 0)
        return -1;
    for (size_t i = 0; i < list->n; i++) {
        struct check_result *r = &out->results.v[i];
        if (!first && !runs_again(&list->v[i], r))
            continue;
        int64_t began = clock_ms();
        r->evidence = r->reason = r->hint = NULL;
        list->v[i].check->run(x, &list->v[i].subject, r);
        r->elapsed_ms = clock_ms() - began;
        if (interrupted(x))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
    }
    return 0;
}

/* Is a check worth another round? What Prometheus says may be for longer than the others. */
static bool unsettled(const struct verify_report *out, const instances *list, int64_t deadline,
                      int64_t monitoring_deadline)
{
    for (size_t i = 0; i < list->n; i++) {
        int64_t until = list->v[i].check->monitoring ? monitoring_deadline : deadline;
        if (deadline_left(until) > 0 && wants_retry(&list->v[i], &out->results.v[i]))
            return true;
    }
    return false;
}

/* A second between tries: the shortest delay_loop that old keepalived releases know. */
static void pause_before_retry(const struct ctx *x)
{
    enum { RETRY_MS = 1000 };
    ssh_cancelled(x->options->cancel, RETRY_MS);
}

static int run_rounds(struct ctx *x, struct verify_report *out, const instances *list,
                      struct err *e)
{
    int64_t deadline = deadline_in(x->options->settle_ms);
    int64_t monitoring = deadline_in(x->options->monitoring_settle_ms);
    if (round_of_checks(x, out, list, true, e) < 0)
        return -1;
    while (unsettled(out, list, deadline, monitoring)) {
        pause_before_retry(x);
        if (interrupted(x))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
        if (round_of_checks(x, out, list, false, e) < 0)
            return -1;
    }
    return 0;
}

int verify_cluster(struct run *r, const struct verify_options *o, struct verify_report *out,
                   struct err *e)
{
    *out = (struct verify_report){0};
    if (run_count(r) == 0)
        return 0;
    struct ctx x = {.run = r, .cluster = run_cluster(r), .options = o, .arena = &out->arena};
    instances list = {0};
    live_init(&x.live, run_count(r));
    for (size_t i = 0; i < n_checks; i++)
        add_all(&x, out, &list, &checks[i]);
    int rc = run_rounds(&x, out, &list, e);
    for (size_t i = 0; i < out->results.n; i++) {
        enum check_status s = out->results.v[i].status;
        (*(s == CHECK_PASS ? &out->passed : s == CHECK_FAIL ? &out->failed : &out->skipped))++;
    }
    forget_round(&x);
    live_free(&x.live);
    vec_free(&list);
    return rc;
}

void verify_free(struct verify_report *report)
{
    vec_free(&report->results);
    arena_free(&report->arena);
    *report = (struct verify_report){0};
}
