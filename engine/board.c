#include "engine/board.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/vec.h"

struct slot {
    VEC(const char *) reached;
    bool ended, assumed;
    enum err_code code;
};

struct board {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t n;
    VEC(int) watchers;
};

struct board *board_new(size_t n_hosts)
{
    struct board *b = xcalloc(1, sizeof *b);
    pthread_mutex_init(&b->lock, NULL);
    b->slots = xcalloc(n_hosts, sizeof *b->slots);
    b->n = n_hosts;
    return b;
}

void board_free(struct board *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n; i++)
        vec_free(&b->slots[i].reached);
    vec_free(&b->watchers);
    xfree(b->slots);
    pthread_mutex_destroy(&b->lock);
    xfree(b);
}

void board_reset(struct board *b)
{
    for (size_t i = 0; i < b->n; i++) {
        b->slots[i].reached.n = 0;
        b->slots[i].ended = b->slots[i].assumed = false;
    }
}

static void wake(struct board *b)
{
    for (size_t i = 0; i < b->watchers.n; i++)
        (void)eventfd_write(b->watchers.v[i], 1);
}

void board_post(struct board *b, const struct host *h, const char *milestone)
{
    pthread_mutex_lock(&b->lock);
    *vec_push(&b->slots[h->index_in_cluster].reached) = milestone;
    wake(b);
    pthread_mutex_unlock(&b->lock);
}

void board_assume(struct board *b, const struct host *h)
{
    b->slots[h->index_in_cluster].assumed = true;
}

void board_end(struct board *b, const struct host *h, enum err_code code)
{
    pthread_mutex_lock(&b->lock);
    b->slots[h->index_in_cluster].code = code;
    b->slots[h->index_in_cluster].ended = true;
    wake(b);
    pthread_mutex_unlock(&b->lock);
}

enum milestone_state board_state(struct board *b, const struct host *h, const char *milestone,
                                 enum err_code *why)
{
    pthread_mutex_lock(&b->lock);
    const struct slot *s = &b->slots[h->index_in_cluster];
    enum milestone_state st = s->assumed ? MILESTONE_REACHED
                              : s->ended ? MILESTONE_LOST
                                         : MILESTONE_PENDING;
    for (size_t i = 0; i < s->reached.n; i++)
        if (!strcmp(s->reached.v[i], milestone))
            st = MILESTONE_REACHED;
    if (why)
        *why = s->code;
    pthread_mutex_unlock(&b->lock);
    return st;
}

int board_subscribe(struct board *b)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return -1;
    pthread_mutex_lock(&b->lock);
    *vec_push(&b->watchers) = fd;
    pthread_mutex_unlock(&b->lock);
    return fd;
}

void board_wake(struct board *b)
{
    pthread_mutex_lock(&b->lock);
    wake(b);
    pthread_mutex_unlock(&b->lock);
}

void board_unsubscribe(struct board *b, int fd)
{
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->watchers.n; i++)
        if (b->watchers.v[i] == fd)
            b->watchers.v[i] = b->watchers.v[--b->watchers.n];
    pthread_mutex_unlock(&b->lock);
    close(fd);
}
