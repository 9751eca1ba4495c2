#include "failover/fault.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/quote.h"
#include "failover/fault_sh.h"

enum {
    ARM_MS = 30 * 1000, /* for one question to a host: a slow emulated machine takes seconds */
    SPARE_S = 20,       /* a timer's spare time beyond what we mean to wait */
    PREPARED_S = 60,    /* beyond that, between what is prepared and the fault */
    RETRY_MS = 3000,    /* one attempt to reach a host that was cut off */
};

const char *fault_impossible(const struct cluster *c, const struct scenario *s)
{
    if (s->id == DIRECTOR_HANDOVER && !cluster_hands_over(c))
        return "with this profile, or a single director, keepalived watches no hand-over file";
    switch (s->target) {
    case TARGET_ACTIVE:
        return cluster_count(c, ROLE_DIRECTOR) > 1 ? NULL : "there is one director only";
    case TARGET_REAL_SERVER:
        return cluster_count(c, ROLE_REAL_SERVER) > 1 ? NULL : "there is one real server only";
    case TARGET_NFS: break;
    }
    return cluster_count(c, ROLE_NFS) ? NULL : "there is no NFS host";
}

void fault_init(struct fault *f, struct run *r, const struct scenario *s, const struct service *svc,
                const struct host *host, unsigned lasts_ms, struct arena *a)
{
    const struct cluster *c = run_cluster(r);
    bool on_directors = fault_kind(s)->on_directors;
    *f = (struct fault){.run = r,
                        .scenario = s,
                        .service = svc,
                        .host = host,
                        .cuts = fault_kind(s)->cuts,
                        .lasts_ms = lasts_ms};
    f->sites = arena_array(a, struct fault_site, c->n_hosts);
    if (!on_directors)
        f->sites[f->n_sites++].host = host;
    for (const struct host *h = NULL; on_directors && (h = cluster_next(c, h, ROLE_DIRECTOR));)
        f->sites[f->n_sites++].host = h;
}

/* What passes between a question to one site and its answer. */
struct ask {
    struct fault *fault;
    struct fault_site *site;
    bool preparing;
    bool armed, injected, still_armed;
    char said[300]; /* why it could not be made */
};

static void arm_fragment(struct script *s, const struct host_result *hr, void *ud)
{
    const struct ask *a = ud;
    const struct fault *f = a->fault;
    /* A cut host cannot be told to undo it: for those the timer is the end of the fault. */
    unsigned after_s =
        (f->lasts_ms + 999) / 1000 + (f->cuts ? 0 : SPARE_S) + (a->preparing ? PREPARED_S : 0);
    script_add(s, clock_sh);
    fault_arm_sh(s, f, hr, a->preparing, after_s);
}

static void keep_text(char *to, size_t size, const char *text)
{
    autosb struct strbuf safe = {.cap = size - 1};
    quote_terminal(&safe, text, strlen(text), false);
    snprintf(to, size, "%s", sb_str(&safe));
}

static void keep_stamp(struct fault_site *site, const char *word, int64_t at)
{
    if (!strcmp(word, "began"))
        site->began_us = at;
    else if (!strcmp(word, "ended"))
        site->ended_us = at;
    else if (!strcmp(word, "undone"))
        site->undone_us = at;
}

static int on_record(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    struct ask *a = ud;
    (void)hr;
    (void)e;
    char *rest = value + strcspn(value, " ");
    if (*rest)
        *rest++ = '\0';
    if (!strcmp(value, "clock"))
        clock_sample(&a->site->clock, rest);
    else if (!strcmp(value, "armed"))
        a->armed = true;
    else if (!strcmp(value, "injected"))
        a->injected = true;
    else if (!strcmp(value, "still"))
        a->still_armed = true;
    else if (!strcmp(value, "no"))
        keep_text(a->said, sizeof a->said, rest);
    else if (!strcmp(value, "failed"))
        keep_text(a->site->failed, sizeof a->site->failed, *rest ? rest : "its commands failed");
    else
        keep_stamp(a->site, value, clock_ours(&a->site->clock, rest));
    return 0;
}

static int ask(struct ask *a, void (*fragment)(struct script *, const struct host_result *, void *),
               unsigned limit_ms, struct err *e)
{
    struct remote_query q = {.fragment = fragment, .record = on_record, .ud = a};
    a->site->clock = (struct clock_offset){0};
    return run_query_host(a->fault->run, a->site->host, &q, limit_ms, e);
}

static int inject(struct fault *f, bool preparing, struct err *e)
{
    for (size_t i = 0; i < f->n_sites; i++) {
        struct fault_site *site = &f->sites[i];
        struct ask a = {.fault = f, .site = site, .preparing = preparing};
        bool prepared = site->armed;
        /* Nobody knows what a lost answer means: there may be something to undo. */
        site->armed = true;
        if (ask(&a, arm_fragment, ARM_MS, e) < 0)
            return -1;
        /* A host that refuses the fault still has what was prepared. */
        site->armed = prepared || a.armed;
        if (!a.injected)
            return err_set(e, ERR_FAILED, "%s: the fault could not be made: %s", site->host->name,
                           a.said[0] ? a.said : "the host did not say why");
        if (f->cuts)
            run_disconnect(f->run, site->host);
    }
    f->injected_us = clock_us();
    return 0;
}

bool fault_prepares(const struct fault *f)
{
    return fault_kind(f->scenario)->prepare != NULL;
}

int fault_prepare(struct fault *f, struct err *e)
{
    return inject(f, true, e);
}

int fault_inject(struct fault *f, struct err *e)
{
    return inject(f, false, e);
}

static void undo_fragment(struct script *s, const struct host_result *hr, void *ud)
{
    (void)hr;
    (void)ud;
    script_add(s, clock_sh);
    script_add(s, fault_undo_sh);
}

/* A host that was cut off answers again once its timer has gone off. */
static int undo_site(struct fault *f, struct fault_site *site, int64_t deadline, struct err *e)
{
    for (;;) {
        struct ask a = {.fault = f, .site = site};
        int left = deadline_left(deadline);
        *e = (struct err){0};
        if (ask(&a, undo_fragment, f->cuts && left > RETRY_MS ? RETRY_MS : (unsigned)left, e) ==
            0) {
            site->armed = a.still_armed;
            if (!a.still_armed)
                return 0;
            return err_set(e, ERR_FAILED, "%s: the fault could not be undone%s%s", site->host->name,
                           a.said[0] ? ": " : "", a.said);
        }
        if (e->code == ERR_INTERRUPTED)
            run_ignore_cancel(f->run);
        if (!deadline_left(deadline)) {
            err_wrap(e, "undoing the fault");
            return err_hint(e,
                            "%s undoes it by itself: systemctl list-timers 'clusterctl-*' there "
                            "says when",
                            site->host->name);
        }
        run_disconnect(f->run, site->host);
    }
}

int fault_undo(struct fault *f, unsigned patience_ms, struct err *e)
{
    int rc = 0;
    int64_t deadline = deadline_in(patience_ms);
    for (size_t i = 0; i < f->n_sites; i++) {
        struct err mine = {0};
        if (!f->sites[i].armed || undo_site(f, &f->sites[i], deadline, &mine) == 0)
            continue;
        *e = mine;
        rc = -1;
    }
    return rc;
}
