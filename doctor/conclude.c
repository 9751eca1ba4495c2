/* From what the rules found to causes: consequences become symptoms of what they come from. */
#include <string.h>

#include "doctor/rule.h"

enum { NOBODY = -1 };

static bool like(const char *pattern, const char *id)
{
    size_t n = strlen(pattern);
    return n && pattern[n - 1] == '*' ? !strncmp(pattern, id, n - 1) : !strcmp(pattern, id);
}

static bool covers(const struct claim *c, const char *id, const char *host)
{
    return like(c->pattern, id) && (!c->host || (host && !strcmp(c->host, host)));
}

static int index_of(const struct doctor_report *r, const struct finding *f)
{
    for (size_t i = 0; i < r->findings.n; i++)
        if (r->findings.v[i] == f)
            return (int)i;
    return NOBODY;
}

/* The cause at the end of the chain; from[i] is what finding i comes from, or NOBODY. */
static int root(const int *from, int i)
{
    while (from[i] != NOBODY)
        i = from[i];
    return i;
}

/* Claims stand in the order of their findings, so that the earlier of two wins. */
static void link_findings(struct exam *x, int *from)
{
    const struct doctor_report *r = x->report;
    for (size_t c = 0; c < x->claims.n; c++) {
        int by = index_of(r, x->claims.v[c].by);
        for (int i = 0; by != NOBODY && i < (int)r->findings.n; i++) {
            const struct finding *f = r->findings.v[i];
            if (from[i] == NOBODY && root(from, by) != i && covers(&x->claims.v[c], f->id, f->host))
                from[i] = by;
        }
    }
}

static void move_symptoms(struct exam *x, struct finding *cause, const struct finding *f)
{
    finding_symptom(x, cause, "%s%s%s", f->host ? f->host : "", f->host ? ": " : "",
                    f->cause ? f->cause : f->id);
    for (size_t i = 0; i < f->symptoms.n; i++)
        finding_symptom(x, cause, "%s", f->symptoms.v[i]);
}

static void drop_finding(struct finding *f)
{
    vec_free(&f->symptoms);
    vec_free(&f->evidence);
}

static void keep_causes(struct doctor_report *r, const int *from)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->findings.n; i++) {
        if (from[i] == NOBODY)
            r->findings.v[kept++] = r->findings.v[i];
        else
            drop_finding(r->findings.v[i]);
    }
    r->findings.n = kept;
}

/* Every step of the host's plan is part of some finding. */
static bool steps_accounted_for(const struct exam *x, const char *host)
{
    for (size_t i = 0; i < x->n_hosts; i++) {
        const struct host_result *hr = x->hosts[i].result;
        if (strcmp(x->hosts[i].host->name, host) != 0)
            continue;
        bool all = hr->reached && hr->plan.steps.n > 0;
        for (size_t k = 0; k < hr->plan.steps.n; k++)
            all &= exam_step_known(x, &hr->plan.steps.v[k]);
        return all;
    }
    return false;
}

/* The finding that a failed check is a symptom of, or NOBODY. */
static int explained(const struct exam *x, const int *from, const struct check_result *c)
{
    for (size_t i = 0; i < x->claims.n; i++) {
        int by = index_of(x->report, x->claims.v[i].by);
        if (by != NOBODY && covers(&x->claims.v[i], c->id, c->subject))
            return root(from, by);
    }
    return NOBODY;
}

static void explain_checks(struct exam *x, const int *from)
{
    struct doctor_report *r = x->report;
    for (size_t i = 0; x->checks && i < x->checks->results.n; i++) {
        const struct check_result *c = &x->checks->results.v[i];
        if (c->status != CHECK_FAIL ||
            (!strcmp(c->id, "config.converged") && steps_accounted_for(x, c->subject)))
            continue;
        int by = explained(x, from, c);
        if (by != NOBODY)
            finding_symptom(x, r->findings.v[by], "%s %s: %s", c->id, c->subject, c->reason);
        else
            *vec_push(&r->unexplained) =
                arena_printf(&r->arena, "%s %s: %s", c->id, c->subject, c->reason);
    }
}

static void note_silent_hosts(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++)
        if (x->hosts[i].result->reached && !x->hosts[i].asked)
            *vec_push(&x->report->unexplained) = arena_printf(
                &x->report->arena, "%s was reached, but did not answer the questions of the rules",
                x->hosts[i].host->name);
}

void exam_conclude(struct exam *x)
{
    struct doctor_report *r = x->report;
    int *from = xcalloc(r->findings.n + 1, sizeof *from);
    for (size_t i = 0; i < r->findings.n; i++)
        from[i] = NOBODY;
    link_findings(x, from);
    explain_checks(x, from);
    for (int i = 0; i < (int)r->findings.n; i++)
        if (from[i] != NOBODY)
            move_symptoms(x, r->findings.v[root(from, i)], r->findings.v[i]);
    keep_causes(r, from);
    xfree(from);
    note_silent_hosts(x);
}
