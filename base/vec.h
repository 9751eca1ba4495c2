#pragma once
/*
 * Typed growable arrays. Declare with VEC(type), zero to start, free with vec_free():
 *
 *     VEC(struct step) steps = {0};
 *     *vec_push(&steps) = (struct step){...};
 *     for (size_t i = 0; i < steps.n; i++) use(&steps.v[i]);
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n, alloc;                                                                           \
    }

/* A pointer to a new zeroed element; valid until the next push. */
#define vec_push(x)                                                                                \
    (vec_grow((void **)&(x)->v, (x)->n, &(x)->alloc, sizeof *(x)->v),                              \
     memset(&(x)->v[(x)->n], 0, sizeof *(x)->v), &(x)->v[(x)->n++])

#define vec_free(x) (xfree((x)->v), (x)->v = NULL, (x)->n = (x)->alloc = 0)

static inline void vec_grow(void **v, size_t n, size_t *alloc, size_t size)
{
    if (n < *alloc)
        return;
    *alloc = *alloc ? *alloc * 2 : 8;
    *v = xrealloc(*v, *alloc * size);
}
