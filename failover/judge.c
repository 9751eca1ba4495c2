/* Did a trial that went well show anything? report.h says what is asked of one. */
#include <string.h>

#include "failover/report.h"

/* The share of who was hit; NULL: it is no real server. */
static const struct share *share_of_hit(const struct failover_report *r, const struct trial *t)
{
    for (size_t i = 0; t->host && t->shares && i < r->n_backends; i++)
        if (!strcmp(r->backends[i], t->host))
            return &t->shares[i];
    return NULL;
}

/* Nobody can miss a real server that nobody was sent to. */
static bool never_served(const struct failover_report *r, const struct trial *t)
{
    const struct share *own = share_of_hit(r, t);
    return t->scenario->target == TARGET_REAL_SERVER && (!own || !own->before);
}

/* A real server that went on being asked was not drained, whatever was lost. */
static bool went_on_serving(const struct failover_report *r, const struct trial *t)
{
    const struct share *own = share_of_hit(r, t);
    size_t during = 0;
    for (size_t i = 0; t->shares && i < r->n_backends; i++)
        during += t->shares[i].during;
    return t->scenario->id == RS_DRAIN && own && own->during * r->n_backends * 2 > during;
}

/* A fault of the active director that left the VIP where it was has shown nothing. */
static bool stayed(const struct trial *t)
{
    return t->scenario->target == TARGET_ACTIVE && t->scenario->id != DIRECTOR_RETURN &&
           !trial_mark(t, MARK_MOVED) && !trial_mark(t, MARK_DETECTED);
}

const char *trial_objection(struct failover_report *r, const struct trial *t)
{
    if (stayed(t))
        return arena_printf(&r->arena, "the VIP did not leave %s", t->host);
    if (never_served(r, t))
        return arena_printf(&r->arena,
                            "%s answered no request before the fault: nothing was tested", t->host);
    if (went_on_serving(r, t))
        return arena_printf(&r->arena,
                            "%s was drained and yet answered a good part of the requests", t->host);
    return NULL;
}
