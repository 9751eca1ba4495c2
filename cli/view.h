#pragma once
/* Where each host of a pass stands, as the events tell it: what the renderers for people share. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "cli/term.h"
#include "engine/event.h"

enum host_state {
    HOST_IDLE, /* its turn has not come */
    HOST_CONNECTING,
    HOST_OBSERVING,
    HOST_PLANNED,
    HOST_LOST, /* the connection */
    HOST_LOCKED,
    HOST_WAITING,
    HOST_STEP,
    HOST_OK,
    HOST_FAILED,
};

struct host_view {
    const struct host *host;
    enum host_state state;
    int64_t since_ms;        /* in this state */
    const char *text;        /* HOST_LOST: why; HOST_LOCKED, HOST_WAITING: for what */
    const struct step *step; /* the last one begun */
    size_t step_no, n_steps; /* n_steps: of the plan */
    const char *next_wait;   /* told while a step is at work: what the next one waits for */
    size_t done;             /* steps done */
    size_t before;           /* ...before its connection was lost */
    enum impact impact;      /* of the plan */
    bool step_failed;        /* and has been told */
    const struct err *err;   /* HOST_FAILED */
    int64_t told_ms;         /* when a renderer last said something about the running step */
};

struct run_view {
    struct host_view *hosts; /* one for each of the cluster, in its order */
    size_t n;
    size_t name_width; /* columns of the longest name */
    int64_t now_ms;
};

void view_init(struct run_view *v, const struct cluster *c);
/* Take the event in; the view of its host, or NULL for one that is about none. */
struct host_view *view_event(struct run_view *v, const struct event *ev);
size_t view_count(const struct run_view *v, enum host_state first, enum host_state last);
void view_free(struct run_view *v);

/* What the host is at, quoted for a terminal: "write /etc/x", "waiting for export on NFS". */
void view_words(struct strbuf *out, const struct host_view *h);
/* "7 changes, 1 blocked, impact reload" or "no changes" */
void plan_words(struct strbuf *out, const struct plan *p);
size_t plan_blocked(const struct plan *p);
/* The error and its hint, and the tail of the remote output, indented, lines ended. */
void error_lines(struct strbuf *out, const struct style *st, const char *indent,
                 const struct err *err, const char *tail);
/* 1234 -> "1.2s", 83000 -> "1m23s" */
void seconds(struct strbuf *out, int64_t ms);
