#pragma once
/*
 * The logs of the cluster's services on all hosts as one: lines in the order of their times, by our
 * clock, whatever the hosts' clocks say. One connection a host, one thread a host.
 *
 * A log is what a service writes where its distribution puts it: the units' and the kernel's lines
 * come from the journal, nginx' own from its files.
 */
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/run.h"

enum log_service {
    LOG_KEEPALIVED,
    LOG_IPVS,
    LOG_NFS,
    LOG_NGINX, /* its unit: started, stopped, failed */
    LOG_NGINX_ACCESS,
    LOG_NGINX_ERROR,
    LOG_SERVICES
};
enum { LOG_ALL = (1 << LOG_SERVICES) - 1 };
const char *log_service_name(enum log_service s);

/* Everything textual is the host's word: quote it. */
struct log_line {
    const struct host *host;
    enum log_service service;
    int64_t at_us;   /* since 1970 by our clock, as far as the host's is known */
    int64_t host_us; /* as the host says */
    bool seconds;    /* it tells whole seconds only: it is of the second that begins at at_us */
    bool late;       /* later lines have been handed out already */
    bool cut;        /* there was more of the text */
    int priority;    /* syslog's, 0 (emergency) to 7; -1: it does not say */
    unsigned pid;    /* 0: not known */
    const char *from; /* the program, or NULL */
    const char *text;
    uint64_t seq;     /* lines of the same time keep the order of their arrival */
};

enum log_notice_kind {
    LOG_UNREACHED, /* err says why; following goes on trying when `retried` */
    LOG_BACK,      /* after away_ms */
    LOG_CLOCK,     /* the host's clock is ahead_us ahead of ours, give or take error_us */
    LOG_GAP,       /* lines may be missing: the file was rotated more than once, or cut */
};

struct log_notice {
    enum log_notice_kind kind;
    const struct host *host;
    struct err err;
    bool retried;
    int64_t away_ms, ahead_us, error_us;
    const char *file;
};

struct logs_options {
    const struct run_options *run;    /* cancel, max_parallel */
    const struct host *const *hosts;  /* those without any such log are left out */
    size_t n_hosts;
    unsigned services;                /* 1 << enum log_service */
    int64_t since_us;                 /* since 1970; 0: not given */
    unsigned lines;                   /* the newest so many to begin with; 0: all */
    const regex_t *grep;              /* only lines of which it matches the text; NULL: all */
    bool follow;
};

/* Called on the thread of logs_run(). */
struct logs_sink {
    void (*line)(void *ud, const struct log_line *l);
    void (*notice)(void *ud, const struct log_notice *n);
    /* All that is ready has been handed out; false: nobody wants more. */
    bool (*flush)(void *ud);
    void *ud;
};

/*
 * Hand out the lines. Without `follow`, all there are; a host that fails is noticed, the lines of
 * the others are handed out, and -1 comes back with that error's code and no text. With it, until
 * cancelled or flush() says so (both return 0), or until no host is left to be followed (-1, in the
 * same way). A host that fails for a reason that time does not cure (its key, our log-in) is not
 * tried again.
 */
int logs_run(const struct cluster *c, const struct logs_options *o, const struct logs_sink *sink,
             struct err *e);
