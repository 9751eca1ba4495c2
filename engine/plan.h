#pragma once
/* A plan: what must change on one host, in order; empty when the host is as wanted. */
#include "base/strbuf.h"
#include "base/vec.h"
#include "engine/catalog.h"
#include "engine/observe.h"

struct step {
    const struct resource *want;
    const struct resource *have;
    const char *summary; /* "write /etc/nginx/conf.d/clusterctl.conf" */
    const char *diff;    /* unified diff, secrets starred out; NULL when there is nothing to show */
    const char *blocked; /* not NULL: can't be done by us, and why */
    const char *hint;    /* with blocked: what to do; else: when the connection is lost in it */
    enum impact impact;
    unsigned todo;       /* type-specific bits, from the type's diff to its apply */
};

/* todo of a network's step: the interface is taken down; a confirm step follows. */
enum { STEP_NETWORK_LIVE = 1 };

struct plan {
    const struct catalog *catalog;
    VEC(struct step) steps;
    struct arena arena;
};

/* Compare every resource of the catalog with what was observed. */
void plan_make(struct plan *p, const struct catalog *want, const struct observation *have);
/* The same for one resource: at most one step. */
void plan_diff(struct plan *p, const struct resource *want, const struct resource *have);
/* The shell of a step. */
struct script;
void plan_apply(struct script *s, const struct step *step);
enum impact plan_impact(const struct plan *p);
/* What is right only after a boot, in words; NULL: nothing. */
const char *plan_wants_boot(const struct catalog *want, const struct observation *have);
void plan_free(struct plan *p);

/* For a type's diff(): add a step for `want`. */
struct step *plan_step(struct plan *p, const struct resource *want, const struct resource *have,
                       enum impact impact, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* For a type's diff(): whether an earlier step notifies this unit, and how strongly. */
enum notify plan_notified(const struct plan *p, const char *unit);
/* For a type's diff(): attach a unified diff of old (NULL: no file) and new text, secrets out. */
void step_set_diff(struct plan *p, struct step *s, const char *path, const char *old,
                   const char *new);
