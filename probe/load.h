#pragma once
/*
 * A steady load of HTTP requests, one fresh connection each, on a schedule that responses cannot
 * move (an open loop): request i is due at i/rate seconds after the start, whatever happened to the
 * ones before it. What a client would have waited is counted from when the request was due, not
 * from when it could be sent, so a stalled server is not hidden by a stalled prober ("coordinated
 * omission").
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ipaddr.h"

enum load_outcome {
    LOAD_OK,          /* an answer that classify() accepted */
    LOAD_WRONG,       /* an answer that it did not accept: wrong status or body, or not HTTP */
    LOAD_REFUSED,     /* connection refused */
    LOAD_RESET,       /* reset, or closed before the answer was complete */
    LOAD_TIMEOUT,     /* nothing, or not all of it, within timeout_ms of when it was due */
    LOAD_UNREACHABLE, /* no route, host unreachable */
    LOAD_OTHER,       /* anything else; ours: out of ports, time over before it could begin */
    LOAD_OUTCOMES
};
const char *load_outcome_name(enum load_outcome o); /* "ok", "wrong answer", "refused", ... */

enum { LOAD_NOBODY = -1 };

/*
 * One a request, in the order of due_us. Times are in microseconds since the load's epoch. What
 * arrived while this process was kept from running counts as arrived in time: then done_us may be
 * later than the time limit.
 */
struct load_record {
    int64_t due_us;  /* request i: i * 1000000 / rate */
    int64_t sent_us; /* just before connect(): due_us plus the schedule's error */
    int64_t done_us; /* when the answer was complete, or it was given up */
    enum load_outcome outcome;
    long status;     /* HTTP status; 0: none */
    int backend;     /* what classify() said, or LOAD_NOBODY */
};

struct load_log {
    struct load_record *v;
    size_t n;
    int64_t epoch_us;     /* clock_us() when request 0 was due */
    unsigned rate;
    /* The schedule's error, sent_us - due_us. */
    int64_t late_median_us, late_max_us;
    size_t late; /* requests begun more than one interval late: the schedule was not kept */
};

struct load_options {
    struct ipaddr address;
    unsigned port;
    const char *path;     /* "/" */
    const char *host;     /* Host header; NULL: the address */
    unsigned rate;        /* requests a second, 1 to 10000 */
    unsigned timeout_ms;  /* from when a request was due, 1 to 60000 */
    /*
     * Called on the load's thread with every complete answer, so it must be quick: whose is it?
     * Returns a small number that means something to the caller, or LOAD_NOBODY for an answer that
     * nobody should give (LOAD_WRONG). The body is NUL-terminated, and cut at HTTP_MAX_BODY. NULL:
     * every 200 is fine, and the backend is 0.
     */
    int (*classify)(void *ud, long status, const char *body, size_t len);
    void *ud;
};

struct load;

/*
 * Start a thread that keeps the schedule until load_stop(). After http_global_init(). Raises this
 * process's soft limit of open files as far as rate * timeout_ms ask for; where the hard limit
 * forbids it, or an option is out of range, an error says so. The strings of *o are copied.
 */
struct load *load_start(const struct load_options *o, struct err *e);
/* What has happened so far, from any thread. */
struct load_counts {
    size_t done, ok, lost;       /* lost: every outcome but LOAD_OK */
    int64_t last_ok_due_us;      /* due_us of the latest good request, -1: none yet */
    int64_t last_lost_due_us;    /* the same for a lost one */
};
void load_counts(struct load *l, struct load_counts *out);
int64_t load_epoch(const struct load *l); /* clock_us() when request 0 is due */
/*
 * Begin no more requests than are due by now, wait for those under way (at most timeout_ms), end
 * the thread. Fills *out, which is to be freed; *l is gone, whatever it returns. -1, and nothing in
 * *out, when the thread could not do its work at all.
 */
int load_stop(struct load *l, struct load_log *out, struct err *e);
void load_log_free(struct load_log *log);
