/* The threads of the hosts, and the one stream that their lines become. */
#include "ops/logs.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "ops/log_merge.h"
#include "ops/log_take.h"
#include "ops/logs_tail.h"

enum {
    TICK_MS = 100,
    FIRST_MS = 15 * 1000,   /* nobody waits longer for the slowest host's first lines */
    MOST_WAITING = 20000,   /* lines that were not taken over yet: then a host has to wait */
    MOST_HELD = 1000 * 1000, /* lines in memory without following */
    SEARCHED = 10000,       /* newest lines of each log that are searched when no time is given */
};

struct arrival {
    struct log_line *line; /* or: */
    struct log_notice *notice;
};

struct logs {
    const struct logs_options *options;
    const struct logs_sink *sink;
    struct log_tail *tails;
    size_t n_tails;
    struct log_merge merge;
    struct err worst; /* of the hosts that gave up */
    size_t dropped;

    pthread_mutex_t lock;
    pthread_cond_t room;
    VEC(struct arrival) arrived;
    bool *caught; /* of each tail */
    size_t running, next;
    bool ending;
    int arrived_fd; /* an eventfd: there was nothing in `arrived` before */
    int cancel_fd;  /* what the tails are cancelled by */
};

const char *log_service_name(enum log_service s)
{
    static const char *const names[LOG_SERVICES] = {
        [LOG_KEEPALIVED] = "keepalived",       [LOG_IPVS] = "ipvs",
        [LOG_NFS] = "nfs",                     [LOG_NGINX] = "nginx",
        [LOG_NGINX_ACCESS] = "nginx-access",   [LOG_NGINX_ERROR] = "nginx-error",
    };
    return names[s];
}

static void signal_fd(int fd)
{
    const uint64_t one = 1;
    ssize_t ignored = write(fd, &one, sizeof one);
    (void)ignored;
}

static void arrive(struct logs *l, struct arrival a)
{
    pthread_mutex_lock(&l->lock);
    while (l->arrived.n >= MOST_WAITING && !l->ending)
        pthread_cond_wait(&l->room, &l->lock);
    if (!l->arrived.n)
        signal_fd(l->arrived_fd);
    *vec_push(&l->arrived) = a;
    pthread_mutex_unlock(&l->lock);
}

void logs_deliver(struct logs *l, struct log_line *line)
{
    arrive(l, (struct arrival){.line = line});
}

void logs_notify(struct logs *l, const struct log_notice *n)
{
    struct log_notice *copy = xmalloc(sizeof *copy);
    *copy = *n;
    arrive(l, (struct arrival){.notice = copy});
}

void logs_caught_up(struct logs *l, struct log_tail *t)
{
    pthread_mutex_lock(&l->lock);
    l->caught[t - l->tails] = true;
    pthread_mutex_unlock(&l->lock);
}

/* A thread takes one host after the other; while they are followed there is a thread for each. */
static void *tail_thread(void *arg)
{
    struct logs *l = arg;
    for (;;) {
        pthread_mutex_lock(&l->lock);
        size_t i = l->next < l->n_tails && !l->ending ? l->next++ : SIZE_MAX;
        pthread_mutex_unlock(&l->lock);
        if (i == SIZE_MAX)
            break;
        log_tail_run(&l->tails[i]);
    }
    pthread_mutex_lock(&l->lock);
    l->running--;
    pthread_mutex_unlock(&l->lock);
    signal_fd(l->arrived_fd);
    return NULL;
}

static void take_notice(struct logs *l, struct log_notice *n)
{
    if (n->kind == LOG_UNREACHED && !n->retried &&
        (l->worst.code == ERR_NONE || l->worst.code == ERR_UNREACHABLE))
        l->worst = n->err;
    l->sink->notice(l->sink->ud, n);
    xfree(n);
}

/* Whether any host's thread is still at work. */
static bool take_over(struct logs *l)
{
    uint64_t times;
    ssize_t ignored = read(l->arrived_fd, &times, sizeof times);
    (void)ignored;
    pthread_mutex_lock(&l->lock);
    size_t n = l->arrived.n;
    struct arrival *batch = l->arrived.v;
    memset(&l->arrived, 0, sizeof l->arrived);
    bool on = l->running > 0;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->lock);
    int64_t now = log_wall_us();
    for (size_t i = 0; i < n; i++) {
        if (batch[i].notice)
            take_notice(l, batch[i].notice);
        else
            log_merge_add(&l->merge, batch[i].line, now);
    }
    xfree(batch);
    return on;
}

static bool all_caught_up(struct logs *l)
{
    bool all = true;
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->n_tails; i++)
        all &= l->caught[i];
    pthread_mutex_unlock(&l->lock);
    return all;
}

/* False: cancelled. */
static bool wait_for_more(const struct logs *l)
{
    const struct ssh_cancel *cancel = l->options->run->cancel;
    struct pollfd p[2] = {
        {.fd = l->arrived_fd, .events = POLLIN},
        {.fd = cancel ? cancel->cancel_fd : -1, .events = POLLIN},
    };
    if (poll(p, 2, TICK_MS) < 0 && errno != EINTR)
        return false;
    return !p[1].revents;
}

static void hand_out(struct logs *l, int64_t until_us)
{
    log_merge_take(&l->merge, until_us, l->sink->line, l->sink->ud);
}

/* False: nobody wants more. */
static bool follow_tick(struct logs *l, bool *begun, int64_t first_deadline)
{
    if (!*begun && !all_caught_up(l) && deadline_left(first_deadline) > 0)
        return true;
    if (!*begun && l->options->lines)
        log_merge_keep(&l->merge, l->options->lines);
    *begun = true;
    hand_out(l, log_merge_ready(&l->merge, log_wall_us()));
    return l->sink->flush(l->sink->ud);
}

/* What the error says has been noticed already, host by host: its code is left. */
static int gave_up(const struct logs *l, struct err *e)
{
    e->code = l->worst.code;
    return e->code ? -1 : 0;
}

static int follow_all(struct logs *l, struct err *e)
{
    int64_t first_deadline = deadline_in(FIRST_MS);
    bool begun = false, on, wanted = true;
    do {
        on = take_over(l);
        wanted = follow_tick(l, &begun, first_deadline);
    } while (on && wanted && wait_for_more(l));
    hand_out(l, INT64_MAX);
    l->sink->flush(l->sink->ud);
    if (on)
        return 0;
    return gave_up(l, e);
}

static int print_all(struct logs *l, struct err *e)
{
    for (bool on = true; on;) {
        on = take_over(l);
        if (l->merge.held.n > MOST_HELD + MOST_HELD / 4) {
            l->dropped += l->merge.held.n - MOST_HELD;
            log_merge_keep(&l->merge, MOST_HELD);
        }
        if (on && !wait_for_more(l))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
    }
    if (l->options->lines)
        log_merge_keep(&l->merge, l->options->lines);
    hand_out(l, INT64_MAX);
    l->sink->flush(l->sink->ud);
    if (gave_up(l, e) < 0)
        return -1;
    if (l->dropped)
        return err_set(e, ERR_FAILED, "there are more lines than %d: the oldest %zu were left out",
                       MOST_HELD, l->dropped);
    return 0;
}

static void make_tails(struct logs *l, const struct cluster *c)
{
    const struct logs_options *o = l->options;
    l->tails = xcalloc(o->n_hosts, sizeof *l->tails);
    l->caught = xcalloc(o->n_hosts, sizeof *l->caught);
    struct ssh_cancel cancel = o->run->cancel ? *o->run->cancel : (struct ssh_cancel){0};
    cancel.cancel_fd = l->cancel_fd;
    for (size_t i = 0; i < o->n_hosts; i++) {
        struct logs_wish w = {.cluster = c, .host = o->hosts[i], .services = o->services};
        bool any = false;
        for (enum log_source k = 0; k < LOG_SOURCES; k++)
            any |= logs_has_source(&w, k);
        if (!any)
            continue;
        w.lines = o->since_us ? 0 : o->grep ? SEARCHED : o->lines;
        l->tails[l->n_tails++] = (struct log_tail){
            .logs = l, .options = o, .wish = w, .cancel = cancel};
    }
}

static int start(struct logs *l, pthread_t *threads, size_t *started, struct err *e)
{
    size_t n = l->n_tails, most = l->options->run->max_parallel ? l->options->run->max_parallel : 64;
    if (!l->options->follow && n > most)
        n = most;
    for (size_t i = 0; i < n; i++) {
        pthread_mutex_lock(&l->lock);
        l->running++;
        pthread_mutex_unlock(&l->lock);
        int rc = pthread_create(&threads[i], NULL, tail_thread, l);
        if (rc != 0) {
            pthread_mutex_lock(&l->lock);
            l->running--;
            pthread_mutex_unlock(&l->lock);
            return err_set(e, ERR_SYSTEM, "cannot start a thread: %s", strerror(rc));
        }
        ++*started;
    }
    return 0;
}

static void end_threads(struct logs *l, const pthread_t *threads, size_t started)
{
    pthread_mutex_lock(&l->lock);
    l->ending = true;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->lock);
    signal_fd(l->cancel_fd);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

static void free_all(struct logs *l)
{
    for (size_t i = 0; i < l->arrived.n; i++) {
        xfree(l->arrived.v[i].line);
        xfree(l->arrived.v[i].notice);
    }
    vec_free(&l->arrived);
    log_merge_free(&l->merge);
    pthread_cond_destroy(&l->room);
    pthread_mutex_destroy(&l->lock);
    if (l->arrived_fd >= 0)
        close(l->arrived_fd);
    if (l->cancel_fd >= 0)
        close(l->cancel_fd);
    xfree(l->tails);
    xfree(l->caught);
}

int logs_run(const struct cluster *c, const struct logs_options *o, const struct logs_sink *sink,
             struct err *e)
{
    struct logs l = {.options = o, .sink = sink};
    size_t started = 0;
    int rc = -1;
    l.arrived_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l.cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&l.lock, NULL);
    pthread_cond_init(&l.room, NULL);
    make_tails(&l, c);
    pthread_t *threads = xcalloc(l.n_tails + 1, sizeof *threads);
    if (l.arrived_fd < 0 || l.cancel_fd < 0)
        err_errno(e, "cannot make an eventfd");
    else if (!l.n_tails)
        err_set(e, ERR_USAGE, "none of these hosts has such a log");
    else if (start(&l, threads, &started, e) == 0)
        rc = o->follow ? follow_all(&l, e) : print_all(&l, e);
    end_threads(&l, threads, started);
    xfree(threads);
    free_all(&l);
    return rc;
}
