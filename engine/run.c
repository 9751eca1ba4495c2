#include "engine/run.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "engine/lock.h"
#include "engine/run_state.h"

static void new_result(struct run *r, size_t host)
{
    r->latest[host] = xcalloc(1, sizeof **r->latest);
    *vec_push(&r->results) = r->latest[host];
}

struct run *run_new(const struct cluster *c, const struct run_options *o)
{
    static const unsigned making[] = {ROLE_NFS, ROLE_REAL_SERVER, ROLE_DIRECTOR},
                          ending[] = {ROLE_DIRECTOR, ROLE_REAL_SERVER, ROLE_NFS};
    const unsigned *starting = o->destroy ? ending : making;
    struct run *r = xcalloc(1, sizeof *r);
    pthread_condattr_t attr;
    r->cluster = c;
    r->options = *o;
    if (!r->options.max_parallel)
        r->options.max_parallel = 64;
    r->sessions = xcalloc(c->n_hosts, sizeof(struct ssh *));
    r->order = xcalloc(c->n_hosts, sizeof *r->order);
    r->latest = xcalloc(c->n_hosts, sizeof(struct host_result *));
    for (size_t i = 0; i < c->n_hosts; i++)
        r->latest[i] = &r->nobody;
    r->board = board_new(c->n_hosts);
    unsigned taken = 0;
    for (size_t k = 0; k < ARRAY_LEN(making); taken |= starting[k++])
        for (size_t i = 0; i < c->n_hosts; i++)
            if ((c->hosts[i].roles & starting[k]) && !(c->hosts[i].roles & taken) &&
                (!o->only || o->only == &c->hosts[i]))
                r->order[r->n_order++] = i;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->changed, &attr);
    pthread_condattr_destroy(&attr);
    r->began = r->woken = clock_ms();
    lock_owner_text(r->owner, sizeof r->owner);
    return r;
}

static void push_event(struct run *r, struct event ev)
{
    pthread_mutex_lock(&r->lock);
    ev.at_ms = clock_ms() - r->began;
    *vec_push(&r->queue) = ev;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void worker_emit(struct worker *w, struct event ev)
{
    ev.host = w->hr->host;
    push_event(w->run, ev);
}

static const char *worker_keep(struct worker *w, const char *text, size_t len)
{
    struct run *r = w->run;
    pthread_mutex_lock(&r->lock);
    const char *copy = arena_strndup(&r->arena, text, len);
    pthread_mutex_unlock(&r->lock);
    return copy;
}

static void worker_renew(struct worker *w)
{
    struct run *r = w->run;
    const struct host_result *old = w->hr;
    size_t i = old->host->index_in_cluster;
    pthread_mutex_lock(&r->lock);
    new_result(r, i);
    w->hr = r->latest[i];
    pthread_mutex_unlock(&r->lock);
    w->hr->host = old->host;
    w->hr->done_before = old->done_before + old->done;
    w->hr->owed = old->plan.steps.n - old->done;
}

struct worker run_worker(struct run *r, size_t host)
{
    return (struct worker){.options = &r->options,
                           .modules =
                               r->scope.modules ? r->scope.modules : r->options.modules,
                           .wishes = r->scope.wishes,
                           .cluster = r->cluster,
                           .board = r->board,
                           .ssh = &r->sessions[host],
                           .hr = r->latest[host],
                           .owner = r->owner,
                           .emit = worker_emit,
                           .keep = worker_keep,
                           .renew = worker_renew,
                           .run = r};
}

static void *pool_thread(void *arg)
{
    struct run *r = arg;
    for (;;) {
        pthread_mutex_lock(&r->lock);
        size_t i = r->next < r->n_order ? r->next++ : SIZE_MAX;
        if (i == SIZE_MAX) {
            r->active--;
            pthread_cond_signal(&r->changed);
        }
        pthread_mutex_unlock(&r->lock);
        if (i == SIZE_MAX)
            return NULL;
        r->job(r, r->order[i], r->job_ud);
    }
}

/* Hand queued events to the sink until every worker has ended. Called and returns unlocked. */
static void pump_events(struct run *r, const struct event_sink *sink)
{
    enum { TICK_MS = 100, NOBODY_LOOKS_MS = 1000 };
    const int64_t tick = sink && sink->tick ? TICK_MS : NOBODY_LOOKS_MS;
    pthread_mutex_lock(&r->lock);
    for (;;) {
        size_t n = r->queue.n;
        struct event *batch = r->queue.v;
        memset(&r->queue, 0, sizeof r->queue);
        bool over = !r->active;
        if (!n && !over) {
            struct timespec ts;
            clock_gettime(CLOCK_MONOTONIC, &ts);
            ts.tv_sec += tick / 1000;
            ts.tv_nsec += tick % 1000 * 1000000L;
            if (ts.tv_nsec >= 1000000000L) {
                ts.tv_sec++;
                ts.tv_nsec -= 1000000000L;
            }
            pthread_cond_timedwait(&r->changed, &r->lock, &ts);
            n = 0;
        }
        pthread_mutex_unlock(&r->lock);
        for (size_t i = 0; i < n && sink; i++)
            sink->event(sink->ud, &batch[i]);
        xfree(batch);
        if (clock_ms() - r->woken >= LOCK_BEAT_S * 1000) {
            r->woken = clock_ms();
            board_wake(r->board);
        }
        if (sink && sink->tick)
            sink->tick(sink->ud, clock_ms() - r->began);
        if (over)
            return;
        pthread_mutex_lock(&r->lock);
    }
}

int run_parallel(struct run *r, void (*job)(struct run *, size_t, void *), void *ud,
                    const struct event_sink *sink, struct err *e)
{
    size_t n = r->n_order, started = 0;
    if (n > r->options.max_parallel)
        n = r->options.max_parallel;
    pthread_t *threads = xcalloc(n, sizeof *threads);
    r->job = job;
    r->job_ud = ud;
    r->next = 0;
    r->active = n;
    int rc = 0;
    for (; started < n; started++) {
        rc = pthread_create(&threads[started], NULL, pool_thread, r);
        if (rc != 0)
            break;
    }
    if (rc != 0) {
        pthread_mutex_lock(&r->lock);
        r->active -= n - started;
        pthread_mutex_unlock(&r->lock);
    }
    if (started)
        pump_events(r, sink);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    xfree(threads);
    if (!started)
        return err_set(e, ERR_SYSTEM, "cannot start a thread: %s", strerror(rc));
    return 0;
}

static bool in_scope(const struct run *r, size_t host)
{
    return !r->scope.hosts || r->scope.hosts[host];
}

bool run_in_part(const struct run *r)
{
    return r->scope.modules != NULL;
}

bool run_in_scope(const struct run *r, const struct host *h)
{
    return in_scope(r, h->index_in_cluster);
}

/* A plan that could not be made is not applied; its error stands. */
static int planned(const struct host_result *hr, struct err *e)
{
    *e = hr->err;
    return hr->reached && hr->ok ? 0 : -1;
}

static void pass_job(struct run *r, size_t host, void *ud)
{
    enum run_mode mode = *(enum run_mode *)ud;
    if (!in_scope(r, host))
        return;
    struct worker w = run_worker(r, host);
    struct err e = {0};
    int64_t began = clock_ms();
    int rc = mode == RUN_PLANNED ? planned(w.hr, &e)
             : mode == RUN_REACH ? worker_reach(&w, &e)
                                 : worker_observe(&w, &e);
    if (rc == 0 && (mode == RUN_APPLY || mode == RUN_PLANNED))
        rc = worker_carry_out(&w, &e);
    struct host_result *hr = w.hr; /* another one, when the connection was lost on the way */
    if (rc < 0)
        hr->err = e;
    if (rc == 0 && mode == RUN_APPLY)
        facts_carried_out(&hr->facts, r->cluster, hr->host);
    hr->facts.wishes = NULL; /* the caller's */
    hr->ok = rc == 0;
    hr->elapsed_ms += clock_ms() - began;
    if (!hr->ok)
        worker_disconnect(&w);
    board_end(r->board, hr->host, hr->ok ? ERR_NONE : hr->err.code);
    push_event(r, (struct event){.type = hr->ok ? EV_HOST_OK : EV_HOST_FAILED,
                                 .host = hr->host,
                                 .plan = hr->reached ? &hr->plan : NULL,
                                 .n_steps = hr->plan.steps.n,
                                 .elapsed_ms = hr->elapsed_ms,
                                 .err = hr->ok ? NULL : &hr->err});
}

/* How much an error says about the run as a whole; the greatest is the run's. */
static int weight(enum err_code c)
{
    switch (c) {
    case ERR_INTERRUPTED: return 4;
    case ERR_FAILED:
    case ERR_SYSTEM:
    case ERR_PROTOCOL: return 3;
    case ERR_UNREACHABLE: return 2;
    case ERR_LOCKED: return 1;
    default: return 0;
    }
}

int run_name_host(struct err *e, const struct host *h)
{
    size_t n = strlen(h->name);
    bool named = !strncmp(e->msg, h->name, n) && (e->msg[n] == ' ' || e->msg[n] == ':');
    return named ? -1 : err_wrap(e, "%s", h->name);
}

/* A host that waited in vain for another has that one's code: it does not hide the cause. */
static int verdict(struct run *r, struct err *e)
{
    const struct host_result *worst = NULL;
    for (size_t i = 0; i < r->n_order; i++) {
        const struct host_result *hr = r->latest[r->order[i]];
        if (!in_scope(r, r->order[i]))
            continue;
        if (!hr->ok && (!worst || weight(hr->err.code) > weight(worst->err.code)))
            worst = hr;
    }
    if (!worst)
        return 0;
    *e = worst->err;
    return run_name_host(e, worst->host);
}

/* A host that is not part of the pass has done all that it is going to do. */
static void begin_host(struct run *r, size_t host, enum run_mode mode)
{
    struct host_result *hr = r->latest[host];
    if (!in_scope(r, host)) {
        if (hr->ok)
            board_assume(r->board, hr->host);
        else
            board_end(r->board, &r->cluster->hosts[host], hr->err.code);
        return;
    }
    if (mode == RUN_PLANNED)
        return;
    new_result(r, host);
    r->latest[host]->host = &r->cluster->hosts[host];
}

void run_set_scope(struct run *r, const struct run_scope *s)
{
    r->scope = *s;
}

int run_execute(struct run *r, enum run_mode mode, const struct event_sink *sink, struct err *e)
{
    const struct run_record *record = r->options.record;
    if (record && record->name && (mode == RUN_APPLY || mode == RUN_PLANNED))
        record->name(record->ud);
    board_reset(r->board);
    for (size_t i = 0; i < r->n_order; i++)
        begin_host(r, r->order[i], mode);
    if (run_parallel(r, pass_job, &mode, sink, e) < 0)
        return -1;
    if (sink) {
        struct event end = {.type = EV_RUN_END, .at_ms = clock_ms() - r->began};
        sink->event(sink->ud, &end);
    }
    return verdict(r, e);
}

const struct cluster *run_cluster(const struct run *r)
{
    return r->cluster;
}

size_t run_count(const struct run *r)
{
    return r->cluster->n_hosts;
}

struct host_result *run_result(struct run *r, size_t i)
{
    return r->latest[i];
}

struct host_result *run_result_of(struct run *r, const struct host *h)
{
    return r->latest[h->index_in_cluster];
}

void run_ignore_cancel(struct run *r)
{
    r->options.cancel = NULL;
}

void run_disconnect(struct run *r, const struct host *h)
{
    struct ssh **s = &r->sessions[h->index_in_cluster];
    if (*s)
        ssh_close(*s);
    *s = NULL;
}

static void free_result(struct host_result *hr)
{
    plan_free(&hr->plan);
    observation_free(&hr->observed);
    catalog_free(&hr->catalog);
    facts_free(&hr->facts);
    xfree(hr);
}

void run_forget(struct run *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->results.n; i++) {
        bool latest = false;
        for (size_t k = 0; k < r->cluster->n_hosts && !latest; k++)
            latest = r->latest[k] == r->results.v[i];
        if (latest)
            r->results.v[kept++] = r->results.v[i];
        else
            free_result(r->results.v[i]);
    }
    r->results.n = kept;
}

void run_free(struct run *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->results.n; i++)
        free_result(r->results.v[i]);
    vec_free(&r->results);
    xfree(r->latest);
    for (size_t i = 0; i < r->cluster->n_hosts; i++)
        if (r->sessions[i])
            ssh_close(r->sessions[i]);
    vec_free(&r->queue);
    arena_free(&r->arena);
    board_free(r->board);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    xfree(r->sessions);
    xfree(r->order);
    xfree(r);
}

int run_offline(const struct cluster *c, const struct run_options *o,
                int (*each)(void *ud, const struct catalog *cat, struct err *e), void *ud,
                struct err *e)
{
    for (size_t i = 0; i < c->n_hosts; i++) {
        struct facts facts = {0};
        facts.assume_family = o->assume_family;
        struct facts_given none = {0};
        int rc = facts_give(&facts, c, &c->hosts[i], o->given ? &o->given[i] : &none, e);
        struct catalog cat = {
            .cluster = c, .host = &c->hosts[i], .facts = &facts, .templates = o->templates};
        if (rc == 0)
            rc = modules_declare(o->modules, &cat, e);
        if (rc == 0)
            rc = each(ud, &cat, e);
        catalog_free(&cat);
        facts_free(&facts);
        if (rc < 0)
            return err_wrap(e, "%s", c->hosts[i].name);
    }
    return 0;
}
