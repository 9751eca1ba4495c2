#include "probe/load.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/load_loop.h"

enum {
    MAX_RATE = 10000,
    MAX_TIMEOUT_MS = 60000,
    LEAD_US = 5000, /* from load_start() to the first request: the thread has to be there */
    OTHER_DESCRIPTORS = 256, /* of the rest of the process: sessions, pipes */
};

/* --- outcomes --- */

const char *load_outcome_name(enum load_outcome o)
{
    static const char *const names[LOAD_OUTCOMES] = {
        [LOAD_OK] = "ok",       [LOAD_WRONG] = "wrong answer", [LOAD_REFUSED] = "refused",
        [LOAD_RESET] = "reset", [LOAD_TIMEOUT] = "timeout",    [LOAD_UNREACHABLE] = "unreachable",
        [LOAD_OTHER] = "other",
    };
    return names[o];
}

static enum load_outcome outcome_of_errno(long os_error)
{
    switch (os_error) {
    case ECONNREFUSED: return LOAD_REFUSED;
    case ECONNRESET:
    case EPIPE: return LOAD_RESET;
    case ETIMEDOUT: return LOAD_TIMEOUT;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN: return LOAD_UNREACHABLE;
    }
    return LOAD_OTHER; /* EADDRNOTAVAIL: out of ports; EPERM: our own firewall */
}

enum load_outcome load_outcome_of(CURLcode code, long os_error)
{
    switch (code) {
    /* Only these are about errno; libcurl leaves an old one standing after the others. */
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return outcome_of_errno(os_error);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE: return LOAD_RESET;
    case CURLE_OPERATION_TIMEDOUT: return LOAD_TIMEOUT;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: return LOAD_WRONG; /* not HTTP at all; HTTP/0.9, it may be */
    default: return LOAD_OTHER;
    }
}

/* --- the log --- */

int64_t load_due(unsigned rate, size_t index)
{
    return (int64_t)index * 1000000 / rate;
}

void load_note(struct load *l, size_t index, enum load_outcome outcome, int64_t done_us)
{
    struct load_record *record = &l->records.v[index];
    record->outcome = outcome;
    record->done_us = done_us;
    pthread_mutex_lock(&l->lock);
    struct load_counts *c = &l->counts;
    bool ok = outcome == LOAD_OK;
    int64_t *last = ok ? &c->last_ok_due_us : &c->last_lost_due_us;
    c->done++;
    *(ok ? &c->ok : &c->lost) += 1;
    if (record->due_us > *last) /* slow answers come after the quick ones of later requests */
        *last = record->due_us;
    pthread_mutex_unlock(&l->lock);
}

void load_counts(struct load *l, struct load_counts *out)
{
    pthread_mutex_lock(&l->lock);
    *out = l->counts;
    pthread_mutex_unlock(&l->lock);
}

int64_t load_epoch(const struct load *l)
{
    return l->epoch_us;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The schedule's error. */
static void measure_lateness(struct load_log *log)
{
    if (!log->n)
        return;
    autofree int64_t *late = xmalloc(log->n * sizeof *late);
    for (size_t i = 0; i < log->n; i++) {
        late[i] = log->v[i].sent_us - log->v[i].due_us;
        log->late += late[i] > 1000000 / (int64_t)log->rate;
    }
    qsort(late, log->n, sizeof *late, compare);
    log->late_median_us = late[log->n / 2];
    log->late_max_us = late[log->n - 1];
}

void load_log_free(struct load_log *log)
{
    xfree(log->v);
    *log = (struct load_log){0};
}

/* --- start and stop --- */

/* Each request has a descriptor until it is answered or given up: room for all to be given up. */
static int raise_descriptor_limit(const struct load_options *o, struct err *e)
{
    rlim_t want = (rlim_t)o->rate * o->timeout_ms / 1000 + PARTING_MAX + OTHER_DESCRIPTORS;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return err_errno(e, "cannot read the limit of open files");
    if (limit.rlim_cur >= want)
        return 0;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = want;
    if (limit.rlim_max >= want && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return 0;
    err_set(e, ERR_SYSTEM,
            "%u requests a second that wait up to %u ms need %llu open files; the limit is %llu",
            o->rate, o->timeout_ms, (unsigned long long)want, (unsigned long long)before);
    return err_hint(e, "raise it with `ulimit -n %llu`, or ask for a lower rate or time limit",
                    (unsigned long long)want);
}

static int check(const struct load_options *o, struct err *e)
{
    if (o->rate < 1 || o->rate > MAX_RATE)
        return err_set(e, ERR_FAILED, "a load of %u requests a second: it must be 1 to %d", o->rate,
                       MAX_RATE);
    if (o->timeout_ms < 1 || o->timeout_ms > MAX_TIMEOUT_MS)
        return err_set(e, ERR_FAILED, "a time limit of %u ms: it must be 1 to %d", o->timeout_ms,
                       MAX_TIMEOUT_MS);
    return raise_descriptor_limit(o, e);
}

/* Signals are for the thread that expects them. */
static int start_thread(struct load *l, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    l->epoch_us = clock_us() + LEAD_US;
    errno = pthread_create(&l->thread, NULL, load_loop_run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errno ? err_errno(e, "cannot start the load's thread") : 0;
}

static void free_load(struct load *l)
{
    load_loop_close(l);
    request_text_free(&l->text);
    pthread_mutex_destroy(&l->lock);
    vec_free(&l->records);
    xfree(l);
}

struct load *load_start(const struct load_options *o, struct err *e)
{
    if (check(o, e) < 0)
        return NULL;
    struct load *l = xcalloc(1, sizeof *l);
    l->classify = o->classify;
    l->ud = o->ud;
    l->rate = o->rate;
    l->timeout_us = (int64_t)o->timeout_ms * 1000;
    l->counts.last_ok_due_us = l->counts.last_lost_due_us = -1;
    l->epoll_fd = l->timer_fd = l->stop_fd = -1;
    pthread_mutex_init(&l->lock, NULL);
    ports_init(&l->ports);
    if (request_text_init(&l->text, &o->address, o->port, o->path, o->host, e) == 0 &&
        load_loop_open(l, e) == 0 && start_thread(l, e) == 0)
        return l;
    free_load(l);
    return NULL;
}

int load_stop(struct load *l, struct load_log *out, struct err *e)
{
    (void)eventfd_write(l->stop_fd, 1);
    pthread_join(l->thread, NULL);
    *out = (struct load_log){
        .v = l->records.v, .n = l->records.n, .epoch_us = l->epoch_us, .rate = l->rate};
    l->records.v = NULL;
    int failed = l->failure.code;
    if (failed) {
        *e = l->failure;
        load_log_free(out);
    } else {
        measure_lateness(out);
    }
    free_load(l);
    return failed ? -1 : 0;
}
