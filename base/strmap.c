#include "base/strmap.h"

#include <string.h>

#include "base/mem.h"

struct strmap_slot {
    const char *key; /* NULL: free */
    void *value;
    uint64_t hash;
};

static uint64_t fnv1a(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return h;
}

/* The slot of the key, or the free one where it belongs. The table is never full. */
static struct strmap_slot *find(const struct strmap *m, const char *key, uint64_t hash)
{
    size_t mask = m->alloc - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct strmap_slot *s = &m->slots[i];
        if (!s->key || (s->hash == hash && strcmp(s->key, key) == 0))
            return s;
    }
}

static void grow(struct strmap *m)
{
    struct strmap old = *m;
    m->alloc = old.alloc ? old.alloc * 2 : 16;
    m->slots = xcalloc(m->alloc, sizeof *m->slots);
    for (size_t i = 0; i < old.alloc; i++)
        if (old.slots[i].key)
            *find(m, old.slots[i].key, old.slots[i].hash) = old.slots[i];
    xfree(old.slots);
}

void *strmap_get(const struct strmap *m, const char *key)
{
    return m->alloc ? find(m, key, fnv1a(key))->value : NULL;
}

void *strmap_add(struct strmap *m, const char *key, void *value)
{
    if ((m->n + 1) * 4 > m->alloc * 3)
        grow(m);
    uint64_t hash = fnv1a(key);
    struct strmap_slot *s = find(m, key, hash);
    if (s->key)
        return s->value;
    *s = (struct strmap_slot){.key = key, .value = value, .hash = hash};
    m->n++;
    return NULL;
}

void strmap_free(struct strmap *m)
{
    xfree(m->slots);
    *m = (struct strmap){0};
}
