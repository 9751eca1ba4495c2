#pragma once
/*
 * Giving a cluster back the state before a run: the inventory of the last run before it that went
 * well, which the directors keep, through the plan, the steps and the checks of deploy.
 */
#include "cli/session.h"
#include "ops/history.h"

struct restoring {
    const struct invocation *from; /* the command's own */
    struct history history;
    const struct history_run *undone, *good; /* the run to undo, the run whose state comes back */
    struct cluster *cluster;                 /* as `good` was given it, reached as the command's is */
    struct invocation in;                    /* the command's, with that cluster */
};

/*
 * Ask the hosts of in->cluster. `run` as for history_find(); NULL: the last one that changed
 * something. Call restoring_free() in any case.
 */
int restoring_find(struct restoring *r, const struct invocation *in, const char *run,
                   struct err *e);
/* The exit status, or -1. With `ask`, nothing is changed before somebody at the terminal says so. */
int restoring_apply(struct restoring *r, bool ask, struct err *e);
void restoring_free(struct restoring *r);

/*
 * --auto-rollback: the deploy `run` ended with `status` after it had changed something. The exit
 * status, never 0; or -1.
 */
int restoring_after(const struct invocation *in, const char *run, int status, struct err *e);

/* What has become of the files that runs since `good` have changed, after the restoration. */
struct restored_files {
    size_t same;           /* byte for byte as before */
    size_t gone;           /* of no interest to the restored inventory */
    VEC(const char *) differ; /* "HOST:PATH" */
    struct arena arena;
};
void restored_compare(struct restored_files *out, const struct restoring *r, struct run *run);
void restored_free(struct restored_files *f);
