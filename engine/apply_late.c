/*
 * A step that takes longer than it may. The host ends it by itself, or is told to: over a new connection, since
 * nothing else can be said over one whose shell waits for a step. What the step has said is fetched then.
 */
#include <string.h>

#include "base/clock.h"
#include "engine/apply_state.h"
#include "engine/lock.h"
#include "engine/paths.h"

enum { ASK_LIMIT_MS = 30 * 1000 };

static void fragment(struct script *s, const struct host_result *hr, void *ud)
{
    (void)hr, (void)ud;
    lock_functions(s);
    lock_end_overdue(s);
    script_add(s, "r out \"$(" OUTPUT_TAIL_SH ")\"\n"
                  OUTPUT_EMPTY_SH "r ended 1\n");
}

struct answer {
    struct apply *apply;
    bool ended;
};

static int heard(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    struct answer *h = ud;
    (void)hr, (void)e;
    if (!strncmp(value, "out ", 4))
        h->apply->output = apply_decode_output(h->apply, value + 4);
    h->ended |= !strcmp(value, "ended 1");
    return 0;
}

void apply_end_late(struct apply *a, const struct err *why)
{
    struct worker *w = a->w;
    struct answer h = {.apply = a};
    const struct remote_query q = {.fragment = fragment, .record = heard, .ud = &h};
    struct err ignored = {0};
    *a->err = *why;
    worker_disconnect(w);
    *w->ssh = ssh_connect(a->hr->host, w->options->cancel, &ignored);
    if (*w->ssh)
        worker_query(w, &q, deadline_in(ASK_LIMIT_MS), &ignored);
    if (h.ended)
        err_hint(a->err, "it was ended there; --step-timeout gives a step more time");
    else
        err_hint(a->err, "it may be at work there still: the next run waits for it, and ends it");
    apply_fail_step(a, a->output);
}
