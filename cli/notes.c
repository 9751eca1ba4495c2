#include "cli/notes.h"

#include <string.h>

void notes_add(void *ud, const char *text)
{
    struct notes *n = ud;
    size_t i = 0;
    pthread_mutex_lock(&n->lock);
    while (i < n->list.n && strcmp(n->list.v[i], text) != 0)
        i++;
    if (i == n->list.n)
        *vec_push(&n->list) = xstrdup(text);
    pthread_mutex_unlock(&n->lock);
}

void notes_say(struct notes *n, const struct style *st)
{
    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->list.n; i++) {
        report_note(st, "%s", n->list.v[i]);
        xfree(n->list.v[i]);
    }
    vec_free(&n->list);
    pthread_mutex_unlock(&n->lock);
}
