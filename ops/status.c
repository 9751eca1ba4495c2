/* The threads of the looks, a host each, and the rounds in which they are asked. */
#include "ops/status.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "ops/look.h"
#include "ops/status_build.h"

struct looker {
    struct look look; /* the thread's while busy, else the caller's of status_look() */
    struct status *status;
    pthread_t thread;
    bool started;
    bool busy;
    unsigned round;   /* in which it was asked last */
    int64_t asked_ms; /* when */
    int64_t took_ms;  /* to answer that, waiting for a place included */
    /*
     * The failure of its last look, if it was one: a connection may take longer to fail than a
     * round lasts, and until it is tried again to the end the host is still unreachable.
     */
    struct look gone;
};

struct status {
    const struct cluster *cluster;
    struct run_options run;
    unsigned plan_every_ms;
    struct looker *lookers;
    unsigned round;
    int64_t slowest_ms; /* answer of the last round */

    pthread_mutex_t lock;
    pthread_cond_t go;    /* a round has begun, or it is over: for all */
    pthread_cond_t place; /* somebody has ended a look: for one of those who wait for a place */
    size_t at_work;       /* at most run.max_parallel */
    bool ending;
    int done_fd; /* an eventfd that counts looks that have ended */
};

/* Wait to be asked, and for a place; false: it is over. */
static bool wait_for_turn(struct looker *k)
{
    struct status *st = k->status;
    pthread_mutex_lock(&st->lock);
    while (!st->ending && !k->busy)
        pthread_cond_wait(&st->go, &st->lock);
    while (!st->ending && st->at_work >= st->run.max_parallel)
        pthread_cond_wait(&st->place, &st->lock);
    bool on = !st->ending;
    st->at_work += on;
    pthread_mutex_unlock(&st->lock);
    return on;
}

/* Under the lock. */
static void end_look(struct looker *k)
{
    bool failed = k->look.answer != STATUS_ANSWERED;
    k->gone = (struct look){.cluster = k->look.cluster,
                            .host = k->look.host,
                            .answer = failed ? k->look.answer : STATUS_LATE,
                            .err = k->look.err,
                            .elapsed_ms = k->look.elapsed_ms};
    k->took_ms = clock_ms() - k->asked_ms;
    k->busy = false;
    k->status->at_work--;
    pthread_cond_signal(&k->status->place);
}

static void *looker_thread(void *arg)
{
    struct looker *k = arg;
    struct status *st = k->status;
    while (wait_for_turn(k)) {
        const uint64_t one = 1;
        look_take(&k->look, st->plan_every_ms);
        pthread_mutex_lock(&st->lock);
        end_look(k);
        pthread_mutex_unlock(&st->lock);
        ssize_t ignored = write(st->done_fd, &one, sizeof one);
        (void)ignored;
    }
    return NULL;
}

static int start(struct status *st, struct err *e)
{
    st->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (st->done_fd < 0)
        return err_errno(e, "cannot make an eventfd");
    for (size_t i = 0; i < st->cluster->n_hosts; i++) {
        struct looker *k = &st->lookers[i];
        k->status = st;
        k->gone.answer = STATUS_LATE;
        look_init(&k->look, st->cluster, &st->cluster->hosts[i], &st->run);
        int rc = pthread_create(&k->thread, NULL, looker_thread, k);
        if (rc != 0)
            return err_set(e, ERR_SYSTEM, "cannot start a thread: %s", strerror(rc));
        k->started = true;
    }
    return 0;
}

struct status *status_new(const struct cluster *c, const struct status_options *o, struct err *e)
{
    struct status *st = xcalloc(1, sizeof *st);
    st->cluster = c;
    st->run = *o->run;
    if (!st->run.max_parallel)
        st->run.max_parallel = 64;
    st->plan_every_ms = o->plan_every_ms;
    st->lookers = xcalloc(c->n_hosts, sizeof *st->lookers);
    pthread_mutex_init(&st->lock, NULL);
    pthread_cond_init(&st->go, NULL);
    pthread_cond_init(&st->place, NULL);
    if (start(st, e) == 0)
        return st;
    status_free(st);
    return NULL;
}

static void begin_round(struct status *st)
{
    pthread_mutex_lock(&st->lock);
    st->round++;
    for (size_t i = 0; i < st->cluster->n_hosts; i++) {
        struct looker *k = &st->lookers[i];
        if (k->busy) /* of a round before: its answer will be too old for this one */
            continue;
        k->busy = true;
        k->round = st->round;
        k->asked_ms = clock_ms();
    }
    pthread_cond_broadcast(&st->go);
    pthread_mutex_unlock(&st->lock);
}

static bool round_is_over(struct status *st)
{
    bool over = true;
    pthread_mutex_lock(&st->lock);
    for (size_t i = 0; i < st->cluster->n_hosts; i++)
        over &= !st->lookers[i].busy || st->lookers[i].round != st->round;
    pthread_mutex_unlock(&st->lock);
    return over;
}

/* -1: interrupted; else the round is over, or its time. */
static int wait_for_round(struct status *st, int64_t deadline)
{
    struct pollfd p[2] = {
        {.fd = st->done_fd, .events = POLLIN},
        {.fd = st->run.cancel ? st->run.cancel->cancel_fd : -1, .events = POLLIN},
    };
    while (!round_is_over(st)) {
        uint64_t ended;
        int left = deadline_left(deadline);
        if (left == 0)
            return 0;
        if (poll(p, 2, left) < 0 && errno != EINTR)
            return 0;
        if (p[1].revents)
            return -1;
        ssize_t ignored = read(st->done_fd, &ended, sizeof ended);
        (void)ignored;
    }
    return 0;
}

static int64_t patience(const struct status *st)
{
    enum { PATIENCE_MS = 5000, TIMES = 3 };
    int64_t ms = st->slowest_ms * TIMES;
    return st->round <= 1 ? DEADLINE_NEVER : deadline_in(ms > PATIENCE_MS ? ms : PATIENCE_MS);
}

/* The looks that have ended in this round; an answer of an earlier one that came late is none. */
static void report(struct status *st, struct status_report *out)
{
    size_t n = st->cluster->n_hosts;
    autofree const struct look **looks = xcalloc(n, sizeof *looks);
    autofree int64_t *waited_ms = xcalloc(n, sizeof *waited_ms);
    autofree struct look *gone = xcalloc(n, sizeof *gone); /* their thread may write them */
    int64_t now = clock_ms();
    st->slowest_ms = 0;
    pthread_mutex_lock(&st->lock);
    for (size_t i = 0; i < n; i++) {
        const struct looker *k = &st->lookers[i];
        waited_ms[i] = now - k->asked_ms;
        bool ended = !k->busy && k->round == st->round;
        looks[i] = ended ? &k->look : k->gone.answer != STATUS_LATE ? &gone[i] : NULL;
        gone[i] = k->gone;
        if (ended && k->look.answer == STATUS_ANSWERED && k->took_ms > st->slowest_ms)
            st->slowest_ms = k->took_ms;
    }
    pthread_mutex_unlock(&st->lock);
    status_build(out, st->cluster, looks, waited_ms, now);
}

int status_look(struct status *st, struct status_report *out, struct err *e)
{
    int64_t began = clock_ms();
    *out = (struct status_report){.cluster = st->cluster};
    begin_round(st);
    /* What was interrupted may all have ended before we have heard of it ourselves: that is no answer. */
    if (wait_for_round(st, patience(st)) < 0 || ssh_cancelled(st->run.cancel, 0))
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    report(st, out);
    clock_wall(out->at);
    out->elapsed_ms = clock_ms() - began;
    return 0;
}

void status_free(struct status *st)
{
    if (!st)
        return;
    pthread_mutex_lock(&st->lock);
    st->ending = true;
    pthread_cond_broadcast(&st->go);
    pthread_cond_broadcast(&st->place);
    pthread_mutex_unlock(&st->lock);
    for (size_t i = 0; i < st->cluster->n_hosts; i++) {
        if (st->lookers[i].started)
            pthread_join(st->lookers[i].thread, NULL);
        look_free(&st->lookers[i].look);
    }
    if (st->done_fd >= 0)
        close(st->done_fd);
    pthread_cond_destroy(&st->go);
    pthread_cond_destroy(&st->place);
    pthread_mutex_destroy(&st->lock);
    xfree(st->lookers);
    xfree(st);
}
