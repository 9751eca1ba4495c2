#pragma once
/*
 * A map from strings to pointers, for finding duplicates and looking things up by name in linear
 * time. A zeroed map is empty. Keys are borrowed: they must outlive the map. Nothing is removed.
 */
#include <stddef.h>
#include <stdint.h>

struct strmap_slot;
struct strmap {
    struct strmap_slot *slots;
    size_t n, alloc;
};

/* NULL when the key is not there. */
void *strmap_get(const struct strmap *m, const char *key);

/* Returns NULL when the key was new and now maps to value, else the value it keeps. */
void *strmap_add(struct strmap *m, const char *key, void *value);

void strmap_free(struct strmap *m); /* also the cleanup handler of autostrmap */

#define autostrmap __attribute__((cleanup(strmap_free)))
