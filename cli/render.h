#pragma once
/* Renderers: what becomes of a pass's events. One renderer for one pass. */
#include <stdio.h>

#include "cli/term.h"
#include "engine/event.h"

/* What the pass is for. */
enum pass { PASS_PLAN, PASS_APPLY, PASS_VERIFY };

struct render_options {
    FILE *out;
    const struct cluster *cluster;
    struct style style;
    enum pass pass;
    bool quiet; /* failures only */
};

struct renderer {
    struct event_sink sink; /* for run_execute() */
    void (*free)(struct renderer *r);
};

struct renderer *render_plain_new(const struct render_options *o);
struct renderer *render_live_new(const struct render_options *o);
struct renderer *render_json_new(const struct render_options *o);
