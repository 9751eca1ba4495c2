#pragma once
/* What sessions want the operator to know; kept until the terminal is free for it. */
#include <pthread.h>

#include "base/vec.h"
#include "cli/command.h"

struct notes {
    pthread_mutex_t lock;
    VEC(char *) list;
};

/* Keep a note, once; `ud` is a struct notes. Any thread's. */
void notes_add(void *ud, const char *text);
/* Print what was kept since the last time. */
void notes_say(struct notes *n, const struct style *st);
