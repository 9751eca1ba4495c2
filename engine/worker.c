#include "engine/worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/trace.h"
#include "engine/members.h"

/*
 * A look at a host: one shell, which is asked twice. What there is to observe depends on the facts.
 */
struct look {
    struct script script;
    struct remote remote;
    struct remote_handler handler;
    int (*record)(struct host_result *hr, char *record, struct err *e);
    struct host_result *hr;
};

static int on_line(void *ud, char *kind, char *rest, struct err *e)
{
    struct look *l = ud;
    return strcmp(kind, "r") ? 0 : l->record(l->hr, rest, e);
}

static int look_open(struct look *l, struct worker *w, struct err *e)
{
    *l = (struct look){.hr = w->hr, .handler = {.line = on_line, .ud = l}};
    if (script_init(&l->script, e) < 0)
        return -1;
    script_prelude(&l->script);
    return remote_open(&l->remote, *w->ssh, &l->script, &l->handler, e);
}

/* Sends the rest, and the end. */
static int look_finish(struct look *l, struct err *e)
{
    int64_t deadline = deadline_in(WORKER_LOOK_MS);
    script_end(&l->script);
    return remote_send(&l->remote, &l->script, deadline, e) < 0
               ? -1
               : remote_finish(&l->remote, deadline, e);
}

static void look_close(struct look *l)
{
    remote_close(&l->remote);
    script_free(&l->script);
}

static int fact(struct host_result *hr, char *record, struct err *e)
{
    return facts_record(&hr->facts, record, e);
}

static int gather_facts(struct worker *w, struct look *l, struct err *e)
{
    struct host_result *hr = w->hr;
    int64_t deadline = deadline_in(WORKER_LOOK_MS);
    TRACE(hr->host->name, "facts");
    l->record = fact;
    hr->facts.wishes = w->wishes;
    hr->facts.units = w->options->units;
    hr->facts.assume_family = w->options->assume_family;
    facts_script(&l->script, w->cluster, hr->host, &hr->facts);
    remote_mark(&l->script);
    return remote_send(&l->remote, &l->script, deadline, e) < 0
               ? -1
               : remote_await(&l->remote, deadline, e);
}

static int observed(struct host_result *hr, char *record, struct err *e)
{
    return observe_record(&hr->observed, record, e);
}

static int observe(struct worker *w, struct look *l, struct err *e)
{
    struct host_result *hr = w->hr;
    TRACE(hr->host->name, "observe");
    l->record = observed;
    observation_init(&hr->observed, &hr->catalog);
    observe_script(&l->script, &hr->catalog);
    return look_finish(l, e) < 0 ? err_wrap(e, "observing") : 0;
}

/*
 * A host that is to be emptied is there because another one remembers it, which may lie, or because its
 * address has changed.
 */
static int check_stays(const struct catalog *c, const struct cluster *stays, struct err *e)
{
    char address[IPADDR_STRLEN];
    const char *on;
    for (size_t i = 0; stays && i < stays->n_hosts; i++) {
        const struct host *h = &stays->hosts[i];
        if (!facts_has_address(c->facts, &h->address, &on))
            continue;
        err_set(e, ERR_FAILED, "this is %s of the inventory: it has its address %s, and nothing of it is "
                               "taken back", h->name, ipaddr_str(&h->address, address));
        return err_hint(e, "if its address was changed in the inventory, \"deploy --forget %s\"; if not, the "
                           "host that remembers it as another one says what is not so", c->host->name);
    }
    return 0;
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
    if (check_stays(c, w->options->stays, e) < 0 || check_cluster(c, e) < 0 ||
        owned_removals(c, w->options->purge ? OWNED_PURGE : OWNED_ALL, e) < 0)
        return -1;
    owned_order(c);
    return 0;
}

static int reach(struct worker *w, struct err *e)
{
    if (!*w->ssh) {
        w->emit(w, (struct event){.type = EV_CONNECTING});
        *w->ssh = ssh_connect(w->hr->host, w->options->cancel, e);
        if (!*w->ssh)
            return -1;
    }
    w->emit(w, (struct event){.type = EV_OBSERVING});
    return 0;
}

/* What there is to observe; a host that is not ours to change is not observed. */
static int wants(struct worker *w, struct err *e)
{
    struct host_result *hr = w->hr;
    hr->catalog = (struct catalog){.cluster = w->cluster,
                                   .host = hr->host,
                                   .facts = &hr->facts,
                                   .templates = w->options->templates,
                                   .forgotten = w->options->forgotten};
    return facts_finish(&hr->facts, hr->host, e) < 0 ? -1 : declare(w, e);
}

static int ask_closely(struct worker *w, struct look *l, struct err *e)
{
    struct err ignored = {0};
    if (gather_facts(w, l, e) < 0)
        return err_wrap(e, "gathering facts");
    if (wants(w, e) == 0)
        return observe(w, l, e);
    look_finish(l, &ignored); /* so that the session can be used for something else */
    return -1;
}

static int ask_facts(struct worker *w, struct look *l, struct err *e)
{
    if (gather_facts(w, l, e) < 0 || look_finish(l, e) < 0)
        return err_wrap(e, "gathering facts");
    return facts_finish(&w->hr->facts, w->hr->host, e);
}

static int look(struct worker *w, int (*ask)(struct worker *w, struct look *l, struct err *e),
                struct err *e)
{
    struct look l;
    if (reach(w, e) < 0)
        return -1;
    int rc = look_open(&l, w, e) < 0 ? err_wrap(e, "gathering facts") : ask(w, &l, e);
    look_close(&l);
    return rc;
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
static int twice(struct worker *w, int (*ask)(struct worker *w, struct look *l, struct err *e),
                 struct err *e)
{
    if (look(w, ask, e) == 0)
        return 0;
    if (!worker_lost(w, e))
        return -1;
    const struct err lost = *e;
    worker_disconnect(w);
    observation_free(&w->hr->observed);
    catalog_free(&w->hr->catalog);
    facts_free(&w->hr->facts);
    if (look(w, ask, e) == 0)
        return 0;
    if (!*w->ssh && e->code == ERR_UNREACHABLE)
        *e = lost;
    return -1;
}

int worker_reach(struct worker *w, struct err *e)
{
    if (twice(w, ask_facts, e) < 0)
        return -1;
    w->hr->reached = true;
    return 0;
}

int worker_observe(struct worker *w, struct err *e)
{
    struct host_result *hr = w->hr;
    if (twice(w, ask_closely, e) < 0)
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
    script_end(&s);
    int rc = remote_run(*w->ssh, &s, &(struct remote_handler){on_answer, &call}, deadline, e);
    script_free(&s);
    return rc;
}
