#include "engine/worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/trace.h"
#include "engine/members.h"

static int on_fact(void *ud, char *kind, char *rest, struct err *e)
{
    return strcmp(kind, "r") ? 0 : facts_record(ud, rest, e);
}

static int look(struct worker *w, struct script *s, const struct remote_handler *h,
                int64_t deadline, struct err *e)
{
    script_end(s);
    return remote_run(*w->ssh, s, h, deadline, e);
}

static int gather_facts(struct worker *w, struct err *e)
{
    struct script s;
    struct host_result *hr = w->hr;
    if (script_init(&s, e) < 0)
        return -1;
    TRACE(hr->host->name, "facts");
    script_prelude(&s);
    hr->facts.wishes = w->wishes;
    hr->facts.units = w->options->units;
    hr->facts.assume_family = w->options->assume_family;
    facts_script(&s, w->cluster, hr->host, &hr->facts);
    int rc = look(w, &s, &(struct remote_handler){on_fact, &hr->facts},
                  deadline_in(WORKER_LOOK_MS), e);
    script_free(&s);
    if (rc < 0)
        return err_wrap(e, "gathering facts");
    return facts_finish(&hr->facts, hr->host, e);
}

static int on_observed(void *ud, char *kind, char *rest, struct err *e)
{
    return strcmp(kind, "r") ? 0 : observe_record(ud, rest, e);
}

static int observe(struct worker *w, struct err *e)
{
    struct script s;
    struct host_result *hr = w->hr;
    if (script_init(&s, e) < 0)
        return -1;
    observation_init(&hr->observed, &hr->catalog);
    TRACE(hr->host->name, "observe");
    script_prelude(&s);
    observe_script(&s, &hr->catalog);
    int rc = look(w, &s, &(struct remote_handler){on_observed, &hr->observed},
                  deadline_in(WORKER_LOOK_MS), e);
    script_free(&s);
    return rc < 0 ? err_wrap(e, "observing") : 0;
}

/* A host that another cluster has taken over since is not ours to empty. */
static int check_cluster(const struct catalog *c, struct err *e)
{
    autosb struct strbuf id = {0};
    members_cluster_id(&id, c->cluster);
    if (!c->facts->cluster_id || !strcmp(c->facts->cluster_id, sb_str(&id)))
        return 0;
    err_set(e, ERR_FAILED, "this host belongs to another cluster now (%s)", c->facts->cluster_id);
    return err_hint(e, "the inventory of that one changes it; \"deploy --forget\" with its name "
                       "forgets it here");
}

/*
 * What must be true of the host: all that the modules say, or that nothing of it is left. Where not
 * every module was asked, what they do not want may be another's.
 */
static int declare(struct worker *w, struct err *e)
{
    struct catalog *c = &w->hr->catalog;
    if (!w->options->destroy) {
        bool all = w->modules == w->options->modules && !w->options->units;
        if (all)
            want_owned(c);
        if (modules_declare(w->modules, c, e) < 0)
            return -1;
        return all ? owned_removals(c, OWNED_STALE, e) : 0;
    }
    if (check_cluster(c, e) < 0 ||
        owned_removals(c, w->options->purge ? OWNED_PURGE : OWNED_ALL, e) < 0)
        return -1;
    owned_order(c);
    return 0;
}

static int connect_and_gather(struct worker *w, struct err *e)
{
    if (!*w->ssh) {
        w->emit(w, (struct event){.type = EV_CONNECTING});
        *w->ssh = ssh_connect(w->hr->host, w->options->cancel, e);
        if (!*w->ssh)
            return -1;
    }
    w->emit(w, (struct event){.type = EV_OBSERVING});
    return gather_facts(w, e);
}

static int look_closely(struct worker *w, struct err *e)
{
    struct host_result *hr = w->hr;
    if (connect_and_gather(w, e) < 0)
        return -1;
    hr->catalog = (struct catalog){.cluster = w->cluster,
                                   .host = hr->host,
                                   .facts = &hr->facts,
                                   .templates = w->options->templates,
                                   .forgotten = w->options->forgotten};
    return declare(w, e) < 0 ? -1 : observe(w, e);
}

bool worker_lost(const struct worker *w, const struct err *e)
{
    return e->code == ERR_UNREACHABLE && *w->ssh && !ssh_usable(*w->ssh);
}

void worker_disconnect(struct worker *w)
{
    ssh_close(*w->ssh);
    *w->ssh = NULL;
}

/*
 * A look changes nothing: where it has lost its connection it is made once more, over a new one. When
 * there is none to be had, what counts is how the first was lost.
 */
static int twice(struct worker *w, int (*once)(struct worker *w, struct err *e), struct err *e)
{
    if (once(w, e) == 0)
        return 0;
    if (!worker_lost(w, e))
        return -1;
    const struct err lost = *e;
    worker_disconnect(w);
    observation_free(&w->hr->observed);
    catalog_free(&w->hr->catalog);
    facts_free(&w->hr->facts);
    if (once(w, e) == 0)
        return 0;
    if (!*w->ssh && e->code == ERR_UNREACHABLE)
        *e = lost;
    return -1;
}

int worker_reach(struct worker *w, struct err *e)
{
    if (twice(w, connect_and_gather, e) < 0)
        return -1;
    w->hr->reached = true;
    return 0;
}

int worker_observe(struct worker *w, struct err *e)
{
    struct host_result *hr = w->hr;
    if (twice(w, look_closely, e) < 0)
        return -1;
    plan_make(&hr->plan, &hr->catalog, &hr->observed);
    hr->states = arena_array(&hr->plan.arena, enum step_state, hr->plan.steps.n + 1);
    hr->reached = true;
    w->emit(w, (struct event){.type = EV_PLANNED, .plan = &hr->plan});
    return 0;
}

struct query_call {
    struct worker *w;
    const struct remote_query *q;
};

static int on_answer(void *ud, char *kind, char *rest, struct err *e)
{
    struct query_call *c = ud;
    return strcmp(kind, "r") ? 0 : c->q->record(c->w->hr, rest, c->q->ud, e);
}

int worker_query(struct worker *w, const struct remote_query *q, int64_t deadline, struct err *e)
{
    struct script s;
    struct query_call call = {w, q};
    if (!*w->ssh)
        return err_set(e, ERR_UNREACHABLE, "no connection");
    if (script_init(&s, e) < 0)
        return -1;
    TRACE(w->hr->host->name, "question");
    script_prelude(&s);
    q->fragment(&s, w->hr, q->ud);
    int rc = look(w, &s, &(struct remote_handler){on_answer, &call}, deadline, e);
    script_free(&s);
    return rc;
}
