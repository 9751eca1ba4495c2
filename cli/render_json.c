/* Events for programs: one JSON object a line. The schema is in clusterctl(1), "JSON OUTPUT". */
#include <stdlib.h>

#include "cli/json_out.h"
#include "cli/render.h"
#include "cli/render_plan.h"

struct json_renderer {
    struct renderer r;
    struct render_options o;
};

static const char *event_name(enum event_type t)
{
    switch (t) {
    case EV_CONNECTING: return "connecting";
    case EV_OBSERVING: return "observing";
    case EV_PLANNED: return "planned";
    case EV_LOST: return "lost";
    case EV_LOCK_WAIT: return "lock_wait";
    case EV_WAITING: return "waiting";
    case EV_STEP_START: return "step_start";
    case EV_STEP_DONE: return "step_done";
    case EV_STEP_FAILED: return "step_failed";
    case EV_HOST_OK: return "host_ok";
    case EV_HOST_FAILED: return "host_failed";
    case EV_RUN_END: return "run_end";
    }
    return "unknown";
}

static void json_event(void *ud, const struct event *ev)
{
    struct json_renderer *j = ud;
    autosb struct strbuf sb = {0};
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", event_name(ev->type));
    json_number(&sb, "at_ms", ev->at_ms);
    if (ev->host)
        json_text(&sb, "host", ev->host->name);
    if (ev->type == EV_PLANNED && ev->plan)
        json_plan(&sb, ev->plan);
    if (ev->step)
        json_step(&sb, "step", ev->step, ev->step_no, ev->n_steps, false);
    if (ev->type == EV_STEP_DONE || ev->type == EV_STEP_FAILED)
        json_number(&sb, "elapsed_ms", ev->elapsed_ms);
    if (ev->err)
        json_error(&sb, "error", ev->err);
    json_text(&sb, ev->type == EV_STEP_FAILED ? "output" : "text", ev->text);
    json_line(&sb, j->o.out);
}

static void json_free(struct renderer *r)
{
    xfree(r->sink.ud);
}

struct renderer *render_json_new(const struct render_options *o)
{
    static const char *const passes[] = {"plan", "apply", "verify"};
    struct json_renderer *j = xcalloc(1, sizeof *j);
    autosb struct strbuf sb = {0};
    j->o = *o;
    j->r = (struct renderer){{json_event, NULL, j}, json_free};
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "run");
    json_text(&sb, "version", CLUSTERCTL_VERSION);
    json_text(&sb, "cluster", o->cluster->name);
    json_text(&sb, "inventory", o->cluster->file);
    json_text(&sb, "pass", passes[o->pass]);
    json_number(&sb, "hosts", (long long)o->cluster->n_hosts);
    json_line(&sb, o->out);
    return &j->r;
}
