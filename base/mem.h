#pragma once
/*
 * Memory. Long-lived data (a cluster, a catalog, a plan) lives in an arena and is freed at once with
 * its owner; nothing in an arena is freed alone. Allocation failure ends the process: half-done work
 * on a host is safe by design (see CONTRIBUTING, "Nothing half done"), an unchecked NULL is not.
 *
 * Every block is wiped as it is given back, whatever it held: secrets pass through the inventory's text,
 * its JSON, what is rendered from it, scripts and diffs, and a rule with no exceptions is the one that
 * holds. The C library's own functions are called nowhere else, and the libraries that let us (jansson, libssh2)
 * are given these functions.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

/*
 * Ends the process with status 71 and a message. For a library that says so: err_errno() calls it for
 * ENOMEM, since what goes on without what could not be allocated goes on with something left out.
 */
_Noreturn void out_of_memory(void);

void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
/* Also for what a library has allocated for us with malloc(). */
void xfree(void *p);

struct arena_chunk;
struct arena {
    struct arena_chunk *head;
};

/* Zeroed memory, aligned for any type; lives until arena_free(). A zeroed struct arena is empty. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), nonnull, returns_nonnull));
/*
 * Room for one more in a list that only this function has made, of `n` elements (NULL: 0). It moves when n
 * is a power of two, so that a long list costs twice its size and not its square.
 */
void *arena_grow(struct arena *a, void *list, size_t n, size_t size)
    __attribute__((returns_nonnull));
void arena_free(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))

/* Scope-bound cleanup: `autofree char *s = ...;` `autoclose int fd = ...;` */
void cleanup_free(void *p);
void cleanup_close(const int *fd);
#define autofree __attribute__((cleanup(cleanup_free)))
#define autoclose __attribute__((cleanup(cleanup_close)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
