#include "base/strlist.h"

#include <string.h>

size_t strlist_count(const char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

bool strlist_contains(const char *const *list, const char *s)
{
    for (; list && *list; list++)
        if (!strcmp(*list, s))
            return true;
    return false;
}

const char *const *strlist_append(struct arena *a, const char *const *list, const char *s)
{
    size_t n = strlist_count(list);
    const char **copy = arena_array(a, const char *, n + 2);
    if (n)
        memcpy(copy, list, n * sizeof *copy);
    copy[n] = arena_strdup(a, s);
    return copy;
}
