#include "verify/fan.h"

#include <pthread.h>
#include <stdatomic.h>

enum { FAN_THREADS = 16 };

struct fan {
    size_t n;
    void (*job)(void *ud, size_t i);
    void *ud;
    atomic_size_t next;
};

static void *work(void *arg)
{
    struct fan *f = arg;
    for (size_t i; (i = atomic_fetch_add(&f->next, 1)) < f->n;)
        f->job(f->ud, i);
    return NULL;
}

void fan_out(size_t n, void (*job)(void *ud, size_t i), void *ud)
{
    struct fan f = {.n = n, .job = job, .ud = ud};
    pthread_t threads[FAN_THREADS];
    size_t started = 0;
    while (started < FAN_THREADS && started + 1 < n &&
           pthread_create(&threads[started], NULL, work, &f) == 0)
        started++;
    work(&f); /* the caller's thread is one of them, and does it all where no other can be had */
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}
