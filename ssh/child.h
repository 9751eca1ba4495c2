#pragma once
/* A program beside us, out of the terminal's reach, with its three streams in our hands. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct child {
    pid_t pid;        /* 0: none, or waited for */
    int in, out, err; /* our ends, non-blocking; -1: closed */
    int status;       /* as of waitpid(2), once pid is 0 again */
};

/*
 * Start argv[0] from $PATH in a session of its own: Ctrl-C on our terminal is ours to deal with, and
 * there is no terminal for it to ask questions on.
 */
int child_start(struct child *c, const char *const *argv, struct err *e);

/* The same, with one socket for its standard input and output: `in`; `out` is -1. */
int child_start_socket(struct child *c, const char *const *argv, struct err *e);

/* Whether it has ended by itself; then c->status is there. */
bool child_ended(struct child *c);

/* Give it until the deadline to end by itself, then end it; closes what is open. */
void child_stop(struct child *c, int64_t deadline);
