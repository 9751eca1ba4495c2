#include "base/mem.h"

#include <stdalign.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Noreturn void out_of_memory(void)
{
    static const char msg[] = "clusterctl: out of memory\n";
    /* The one message printed below cli/: there is no memory left to carry an error upward. */
    ssize_t ignored = write(STDERR_FILENO, msg, sizeof msg - 1);
    (void)ignored;
    _exit(71); /* sysexits EX_OSERR */
}

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        out_of_memory();
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        out_of_memory();
    return p;
}

void xfree(void *p)
{
    if (!p)
        return;
    explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

/* realloc() would leave a copy where it moves from. */
void *xrealloc(void *p, size_t n)
{
    size_t had = p ? malloc_usable_size(p) : 0;
    if (had >= n && had / 2 <= n)
        return p ? p : xmalloc(n);
    void *moved = xmalloc(n);
    if (p)
        memcpy(moved, p, had < n ? had : n);
    xfree(p);
    return moved;
}

char *xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(xmalloc(n), s, n);
}

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    alignas(max_align_t) unsigned char data[];
};

/*
 * A host has four arenas, and there may be thousands of hosts: so they begin small. Each chunk is twice the one
 * before, up to one that a five-host cluster needs one or two of.
 */
enum { ARENA_FIRST = 1024, ARENA_MOST = 16 * 1024 };

static size_t next_size(const struct arena_chunk *c)
{
    size_t twice = c ? 2 * c->size : ARENA_FIRST;
    return twice < ARENA_MOST ? twice : ARENA_MOST;
}

/* What is larger than a chunk gets one of its own, behind the one that is being filled. */
static struct arena_chunk *add_chunk(struct arena *a, size_t n)
{
    size_t size = next_size(a->head);
    bool own = n > size;
    struct arena_chunk *c = xcalloc(1, sizeof *c + (own ? n : size)), *head = a->head;
    c->size = own ? n : size;
    c->next = own && head ? head->next : head;
    *(own && head ? &head->next : &a->head) = c;
    return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    if (n > SIZE_MAX / 2)
        out_of_memory();
    n = (n + align - 1) & ~(align - 1);
    struct arena_chunk *c = a->head;
    if (!c || c->size - c->used < n)
        c = add_chunk(a, n);
    void *p = c->data + c->used;
    c->used += n;
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        n = 0;
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

void *arena_grow(struct arena *a, void *list, size_t n, size_t size)
{
    if (n & (n - 1))
        return list;
    void *more = arena_alloc(a, (n ? 2 * n : 1) * size);
    if (n)
        memcpy(more, list, n * size);
    return more;
}

void arena_free(struct arena *a)
{
    for (struct arena_chunk *c = a->head, *next; c; c = next) {
        next = c->next;
        xfree(c);
    }
    a->head = NULL;
}

void cleanup_free(void *p)
{
    xfree(*(void **)p);
}

void cleanup_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
