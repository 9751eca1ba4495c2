#pragma once
/* NULL-terminated lists of strings, as modules and observations hold them; NULL is an empty list. */
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

size_t strlist_count(const char *const *list);
bool strlist_contains(const char *const *list, const char *s);
/* A copy in the arena with a copy of `s` at its end. */
const char *const *strlist_append(struct arena *a, const char *const *list, const char *s);
