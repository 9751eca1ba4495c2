#pragma once
/*
 * What an apply pass did, kept while later passes over the same run replace the results: what was
 * done on each host, what was not and why.
 */
#include <stdint.h>
#include <stdio.h>

#include "cli/term.h"
#include "engine/run.h"

struct host_outcome {
    const struct host *host;
    bool reached, ok;
    struct err err;
    size_t n_steps, done;
    const char *failed;        /* summary of the step that failed, or NULL */
    const char *const *undone; /* summaries of the steps not begun, n_undone */
    size_t n_undone;
};

struct outcome {
    struct host_outcome *hosts;
    size_t n, changes; /* changes: done, over all hosts */
    bool all_ok;
    struct arena arena;
};

void outcome_take(struct outcome *o, struct run *r);
/* One more pass, of the hosts in its scope: what was done adds up, how it ended is the last word. */
void outcome_add(struct outcome *o, struct run *r);
void outcome_take_host(struct outcome *o, struct host_outcome *h, const struct host_result *hr);
/* What was done and what was not, host by host: for a pass that did not go well. */
void outcome_print(FILE *f, const struct style *st, const struct outcome *o);
/* One {"type":"outcome"} line a host. */
void outcome_print_json(FILE *f, const struct outcome *o);
void outcome_free(struct outcome *o);
