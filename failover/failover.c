#include "failover/failover.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "failover/predict.h"
#include "failover/tester.h"

int tester_interrupted(const struct tester *x, struct err *e)
{
    return tester_sleep(x, 0, e);
}

int tester_sleep(const struct tester *x, int64_t ms, struct err *e)
{
    return ssh_cancelled(x->options->cancel, ms) ? err_set(e, ERR_INTERRUPTED, "interrupted") : 0;
}

void tester_say(const struct tester *x, const struct trial *t, const char *fmt, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (x->options->sink && x->options->sink->progress)
        x->options->sink->progress(x->options->sink->ud, t, text);
}

static const struct service *first_tcp(const struct cluster *c)
{
    for (size_t i = 0; i < c->n_services; i++)
        if (c->services[i].protocol == PROTO_TCP)
            return &c->services[i];
    return NULL;
}

static void describe(struct tester *x)
{
    struct failover_report *r = x->report;
    const struct cluster *c = run_cluster(x->run);
    const struct failover_options *o = x->options;
    struct arena *a = &r->arena;
    char vip[IPADDR_STRLEN], now[CLOCK_WALL_LEN];
    const char **names = arena_array(a, const char *, x->pages.n + 1);
    for (size_t i = 0; i < x->pages.n; i++)
        names[i] = arena_strdup(a, x->pages.hosts[i]->name);
    r->cluster = arena_strdup(a, c->name);
    r->vip = arena_strdup(a, ipaddr_str(&x->service->vip, vip));
    r->url =
        arena_printf(a, x->service->vip.family == AF_INET6 ? "http://[%s]:%u%s" : "http://%s:%u%s",
                     r->vip, x->service->port, x->pages.path);
    r->began = arena_strdup(a, clock_wall(now));
    r->rate = o->rate;
    r->timeout_ms = o->timeout_ms;
    r->repeat = o->repeat;
    r->budget_us = o->budget_us;
    r->backends = names;
    r->n_backends = x->pages.n;
    r->timers = predict_timers(c, x->service, a);
    r->drifted = predict_drifted(x->run, a);
}

static struct trial *new_trial(struct tester *x, const struct scenario *s, unsigned round)
{
    struct failover_report *r = x->report;
    struct trial *t = arena_new(&r->arena, struct trial);
    t->scenario = s;
    t->round = round;
    t->shares = arena_array(&r->arena, struct share, r->n_backends + 1);
    t->measured.detection_us = t->measured.takeover_us = -1;
    *vec_push(&r->trials) = t;
    return t;
}

static int all_trials(struct tester *x, struct err *e)
{
    const struct failover_options *o = x->options;
    for (unsigned round = 1; round <= o->repeat; round++)
        for (size_t i = 0; i < o->n_scenarios; i++) {
            if (tester_interrupted(x, e) < 0)
                return -1;
            struct trial *t = new_trial(x, o->scenarios[i], round);
            int rc = trial_run(x, t, e);
            if (o->sink && o->sink->trial)
                o->sink->trial(o->sink->ud, x->report, t);
            if (rc < 0)
                return -1;
        }
    return 0;
}

int failover_test(struct run *r, const struct failover_options *o, struct failover_report *out,
                  struct err *e)
{
    const struct cluster *c = run_cluster(r);
    *out = (struct failover_report){0};
    struct tester x = {.run = r, .options = o, .report = out, .service = first_tcp(c)};
    struct err no_route = {0};
    if (!x.service)
        return err_set(e, ERR_FAILED, "there is no TCP service that could be asked for pages");
    live_init(&x.live, run_count(r));
    route_get(&x.service->vip, &x.via, &no_route);
    int rc = pages_learn(&x.pages, c, x.service, &out->arena, e);
    if (rc == 0) {
        describe(&x);
        rc = all_trials(&x, e);
        out->interrupted = rc < 0 && e->code == ERR_INTERRUPTED;
        failover_summarise(out);
    }
    pages_free(&x.pages);
    live_free(&x.live);
    return rc;
}
