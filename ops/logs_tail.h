#pragma once
/* One host's logs, on a thread of their own, and what it shares with the others. Internal to ops/. */
#include "base/vec.h"
#include "engine/host_clock.h"
#include "engine/stream.h"
#include "ops/logs.h"
#include "ops/logs_ask.h"

struct logs;

enum { TAIL_BEATS = 12 }; /* a minute of them */

struct log_tail {
    struct logs *logs;
    const struct logs_options *options;
    struct ssh_cancel cancel;
    struct logs_wish wish; /* since_us once the host's clock is known */

    struct stream stream;
    bool reached;          /* at least once */
    int64_t away_since_ms; /* 0: it is not away */
    struct clock_offset clock;
    int64_t asked_us;          /* our realtime when the hello was sent */
    bool may_be_right;         /* its clock, which was read after that, did not say less */
    int64_t beats[TAIL_BEATS]; /* offsets of late, a ring */
    size_t n_beats;
    int64_t told_ahead_us; /* of its clock, in the last notice */

    char boot[40];
    bool same_boot;
    int64_t now_s;
    int64_t latest_s;   /* its time of late */
    int64_t journal_us; /* its journal has what was written from then on; 0: not known */
    int zone_s;
    struct log_place places[LOG_SOURCES];
    struct log_file_seen now[LOG_SOURCES], old[LOG_SOURCES];
    struct log_catch_up due[LOG_SOURCES];
    int64_t base[LOG_SOURCES];    /* of the bytes that are counted */
    int64_t after_us[LOG_SOURCES]; /* lines up to this one are known already */
    int64_t newest_us[LOG_SOURCES]; /* the newest line's time, by the host's clock */
    int64_t shown_us[LOG_SOURCES]; /* and by ours */
    struct log_entry entry;       /* scratch */
};

/* The thread's whole life. */
void log_tail_run(struct log_tail *t);

/* logs.c; from any thread. The line is malloc()ed, and theirs from then on. */
void logs_deliver(struct logs *l, struct log_line *line);
void logs_notify(struct logs *l, const struct log_notice *n);
/* The host's first lines are all there, or will not come now. Any number of times. */
void logs_caught_up(struct logs *l, struct log_tail *t);
