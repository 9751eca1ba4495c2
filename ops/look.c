/* One look at one host: a pass of the engine when one is due, the question, the pages. */
#include "ops/look.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "probe/http.h"

/* A question is a handful of commands, each under a time limit of its own where it may hang. */
enum { ASK_LIMIT_MS = 60 * 1000, PAGE_LIMIT_MS = 3000 };

void look_init(struct look *l, const struct cluster *c, const struct host *h,
               const struct run_options *o)
{
    struct run_options own = *o;
    *l = (struct look){.cluster = c, .host = h, .answer = STATUS_LATE};
    own.only = h;
    l->run = run_new(c, &own);
}

/* What a query that breaks off on a dead session has begun is begun anew on the next session. */
static void fragment(struct script *s, const struct host_result *hr, void *ud)
{
    struct look *l = ud;
    look_begin(l, hr);
    look_ask(s, hr, l);
}

static int record(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    (void)hr;
    return look_record(ud, value, e);
}

/* The catalog that `seen` is about goes with the pass before. */
static void forget_seen(struct look *l)
{
    if (l->observing)
        observation_free(&l->seen);
    l->observing = false;
}

static int full_pass(struct look *l, struct err *e)
{
    forget_seen(l);
    l->planned = false;
    l->ask_versions = true;
    int rc = run_execute(l->run, RUN_OBSERVE, NULL, e);
    run_forget(l->run);
    l->result = run_result_of(l->run, l->host);
    if (rc < 0)
        return -1;
    l->planned = true;
    l->planned_at_ms = clock_ms();
    return 0;
}

static int ask(struct look *l, unsigned plan_every_ms, struct err *e)
{
    const struct remote_query q = {.fragment = fragment, .record = record, .ud = l};
    bool due = !l->planned || clock_ms() - l->planned_at_ms >= plan_every_ms;
    if (due && full_pass(l, e) < 0)
        return -1;
    if (run_query_host(l->run, l->host, &q, ASK_LIMIT_MS, e) < 0) {
        l->planned = false; /* begin again with a connection */
        if (e->code != ERR_INTERRUPTED)
            run_disconnect(l->run, l->host);
        return -1;
    }
    l->ask_versions = false;
    if (look_complete(l))
        return 0;
    return err_set(e, ERR_PROTOCOL, "%s: its answer is longer than makes sense", l->host->name);
}

static bool asked_before(const struct cluster *c, size_t service)
{
    for (size_t i = 0; i < service; i++)
        if (c->services[i].protocol == PROTO_TCP &&
            c->services[i].port == c->services[service].port)
            return true;
    return false;
}

/* What a client would get of the server itself, whatever it says of itself over SSH. */
static void ask_pages(struct look *l)
{
    const struct cluster *c = l->cluster;
    l->n_pages = 0;
    for (size_t i = 0; i < c->n_services && l->n_pages < LOOK_MAX_PAGES; i++) {
        struct http_result r;
        if (c->services[i].protocol != PROTO_TCP || asked_before(c, i))
            continue;
        struct look_page *p = &l->pages[l->n_pages++];
        *p = (struct look_page){.port = c->services[i].port};
        http_get(&l->host->address, p->port, "/", NULL, PAGE_LIMIT_MS, &r);
        p->status = r.status;
        p->elapsed_us = r.elapsed_us;
        if (!r.status)
            snprintf(p->error, sizeof p->error, "%s", r.error[0] ? r.error : "no answer");
        http_result_free(&r);
    }
}

void look_take(struct look *l, unsigned plan_every_ms)
{
    int64_t began = clock_ms();
    l->err = (struct err){0};
    l->answer = STATUS_ANSWERED;
    if (ask(l, plan_every_ms, &l->err) < 0) {
        l->answer = l->err.code == ERR_UNREACHABLE ? STATUS_UNREACHABLE : STATUS_FAILED;
        live_forget(&l->now.live); /* so that no later look takes it for the one before */
    }
    if (l->host->roles & ROLE_REAL_SERVER && l->err.code != ERR_INTERRUPTED)
        ask_pages(l);
    l->elapsed_ms = clock_ms() - began;
}

void look_free(struct look *l)
{
    forget_seen(l);
    live_forget(&l->now.live);
    live_forget(&l->before.live);
    run_free(l->run);
    *l = (struct look){0};
}
