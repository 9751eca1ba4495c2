#include "ops/log_merge.h"

enum {
    HOLD_LEAST_US = 1000 * 1000,
    HOLD_MOST_US = 5000 * 1000, /* what takes longer is of a host that was away, or hung */
    LAG_FORGET = 512,           /* parts of the lag that are forgotten with each line */
};

static int by_time(const void *a, const void *b)
{
    const struct log_line *x = *(struct log_line *const *)a, *y = *(struct log_line *const *)b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* A log that tells seconds only says nothing about how long its lines were on the way. */
static void learn(struct log_merge *m, const struct log_line *l, int64_t now_us)
{
    int64_t lag = now_us - l->at_us;
    m->lag_us -= m->lag_us / LAG_FORGET;
    if (!l->seconds && lag > m->lag_us && lag <= HOLD_MOST_US)
        m->lag_us = lag;
}

void log_merge_add(struct log_merge *m, struct log_line *l, int64_t now_us)
{
    l->seq = m->seq++;
    learn(m, l, now_us);
    *vec_push(&m->held) = l;
}

static void sort(struct log_merge *m)
{
    if (m->held.n)
        qsort(m->held.v, m->held.n, sizeof *m->held.v, by_time);
}

static void drop_first(struct log_merge *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        xfree(m->held.v[i]);
    m->held.n -= n;
    if (m->held.n)
        memmove(m->held.v, m->held.v + n, m->held.n * sizeof *m->held.v);
}

void log_merge_take(struct log_merge *m, int64_t until_us,
                    void (*line)(void *ud, const struct log_line *l), void *ud)
{
    size_t n = 0;
    sort(m);
    for (; n < m->held.n && m->held.v[n]->at_us <= until_us; n++) {
        struct log_line *l = m->held.v[n];
        l->late = m->handed_us && l->at_us < m->handed_us;
        if (!l->late)
            m->handed_us = l->at_us;
        line(ud, l);
    }
    drop_first(m, n);
}

void log_merge_keep(struct log_merge *m, size_t n)
{
    sort(m);
    if (m->held.n > n)
        drop_first(m, m->held.n - n);
}

int64_t log_merge_ready(const struct log_merge *m, int64_t now_us)
{
    int64_t hold = m->lag_us + m->lag_us / 2;
    if (hold < HOLD_LEAST_US)
        hold = HOLD_LEAST_US;
    return now_us - (hold > HOLD_MOST_US ? HOLD_MOST_US : hold);
}

void log_merge_free(struct log_merge *m)
{
    drop_first(m, m->held.n);
    vec_free(&m->held);
}
