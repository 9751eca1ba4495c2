#pragma once
/*
 * Lines in the order of their times. While they are followed, a line is held back until others of
 * the same time have had time to arrive: as long as lines have been on their way of late, and half
 * as long again. Internal to ops/.
 */
#include "base/vec.h"
#include "ops/logs.h"

struct log_merge {
    VEC(struct log_line *) held;
    uint64_t seq;
    int64_t handed_us; /* the time of the newest line handed out; 0: none */
    int64_t lag_us;    /* how long lines take to arrive, of late */
};

/* The line is ours from now on. now_us: our realtime. */
void log_merge_add(struct log_merge *m, struct log_line *l, int64_t now_us);
/* Hand out, in order, and free, what is not newer than until_us. INT64_MAX: everything. */
void log_merge_take(struct log_merge *m, int64_t until_us,
                    void (*line)(void *ud, const struct log_line *l), void *ud);
/* Forget all but the newest n. */
void log_merge_keep(struct log_merge *m, size_t n);
/* Up to which time lines can be handed out at now_us. */
int64_t log_merge_ready(const struct log_merge *m, int64_t now_us);
void log_merge_free(struct log_merge *m);
