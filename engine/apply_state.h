#pragma once
/* Inside the engine: a plan being carried out, between who sends it (apply.c) and who listens (apply_hear.c). */
#include "engine/paths.h"
#include "engine/worker.h"

/* The end of what a step has printed, as one word; and emptied: with `:` a shell would end if it cannot. */
#define OUTPUT_TAIL_SH "tail -c 6000 " OUTPUT_FILE " | base64 -w 0"
#define OUTPUT_EMPTY_SH "true 2>/dev/null >" OUTPUT_FILE "\n"

struct apply {
    struct worker *w;
    struct host_result *hr;
    struct observation now; /* what is, as of each finished step */
    size_t running;         /* number of the step at work, from 1; 0: none */
    int64_t began_us;       /* ...and when that was */
    bool failed;         /* a step failed; *err says how */
    bool over;           /* the host has told of a failure: nothing more may come */
    struct err *err;     /* hr->step_err */
    size_t posted;       /* resources up to here have had their milestones posted */
    int wake_fd;         /* board changes and our own progress */
    int64_t progress_at; /* when the host last moved on */
    const char *output;  /* of the step that is about to be reported as failed */
    int64_t beat_at;     /* when we last gave a sign of life to a host that waits for us */
    bool unconfirmed;    /* steps have been sent that the host takes back unless they are confirmed */
};

/* A line of the host's: remote_handler. Wakes who waits on wake_fd. */
int apply_hear(void *ud, char *kind, char *rest, struct err *e);
/* Post the milestones of every resource before the first step that is not done. */
void apply_post_milestones(struct apply *a);
/* The step at work has failed, as a->err says, and its output is this; or NULL. */
void apply_fail_step(struct apply *a, const char *output);
/* What a step has printed, in base64, as it may be shown; NULL: nothing. The worker's to keep. */
const char *apply_decode_output(struct apply *a, const char *b64);
/*
 * The step at work has had its time, for *why: end it on the host, over a new connection, and take it for
 * failed.
 */
void apply_end_late(struct apply *a, const struct err *why);
