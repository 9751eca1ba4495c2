#pragma once
/*
 * What workers tell the one thread that owns the terminal. Events of one host arrive in order;
 * pointers inside an event stay valid until run_free().
 */
#include <stdint.h>

#include "engine/plan.h"

enum event_type {
    EV_CONNECTING,
    EV_OBSERVING,
    EV_PLANNED,     /* plan */
    EV_LOST,        /* the connection, among steps; text: why. A new one is being tried */
    EV_LOCK_WAIT,   /* another run's step is still at work on this host; text says who */
    EV_WAITING,     /* step: held back until `text` ("export on NFS") has happened elsewhere */
    EV_STEP_START,  /* step */
    EV_STEP_DONE,   /* step, elapsed_ms */
    EV_STEP_FAILED, /* step, err; text: the tail of the step's output */
    EV_HOST_OK,     /* nothing (more) to do; everything as wanted */
    EV_HOST_FAILED, /* err */
    EV_RUN_END,     /* all hosts have ended */
};

struct event {
    enum event_type type;
    int64_t at_ms;             /* since the run began */
    const struct host *host;   /* NULL for EV_RUN_END */
    const struct plan *plan;
    const struct step *step;
    size_t step_no, n_steps;   /* from 1, in execution order */
    int64_t elapsed_ms;
    const char *text;
    const struct err *err;
};

/* Called on the thread that runs run_execute(), never concurrently. */
struct event_sink {
    void (*event)(void *ud, const struct event *ev);
    /* Called about ten times a second while nothing happens: for clocks on a live display. */
    void (*tick)(void *ud, int64_t at_ms);
    void *ud;
};
