#pragma once
/*
 * What is wrong with the cluster, and why. Every rule looks at what the run observed, what the
 * checks of verify/ saw, and what the hosts said when asked for evidence; it names a cause. A cause
 * swallows its consequences: they become its symptoms, not findings of their own.
 */
#include "base/mem.h"
#include "base/vec.h"
#include "verify/verify.h"

enum remedy {
    REMEDY_DEPLOY, /* clusterctl deploy (or doctor --fix) puts it right */
    REMEDY_MANUAL, /* somebody must decide or do something: `fix` says what */
};

/* Strings are safe to print and belong to the report. */
struct finding {
    const char *id;             /* "vrrp.blocked": stable */
    const char *host;           /* NULL: the cluster as a whole */
    const char *cause;          /* one sentence: what is wrong */
    VEC(const char *) symptoms; /* what one sees of it: failed checks' subjects and reasons, ... */
    VEC(const char *) evidence; /* the very lines: "LVS-master: nft list ruleset: ... drop" */
    const char *fix;            /* what to do, with the command */
    enum remedy remedy;
};

/* Something that the inventory asks for and that is laxer than the default: no finding, a reminder.
 */
struct laxer {
    const char *id;   /* "nfs.no-root-squash": stable */
    const char *text; /* what, and what it means */
};

struct doctor_report {
    VEC(struct finding *) findings; /* causes only */
    /* Failed checks, and hosts that gave no evidence, that no cause explains: said, not guessed. */
    VEC(const char *) unexplained;
    VEC(struct laxer) laxer;
    size_t rules, checks, hosts, hosts_asked; /* how much was looked at */
    struct arena arena;
};

struct doctor_options {
    const struct ssh_cancel *cancel;
};

/*
 * After run_execute(r, RUN_OBSERVE, ...) and http_global_init(). Changes nothing. 0 when the
 * examination was carried out, whatever it found; -1 when it could not be (interrupted). `out` is
 * to be freed in both cases.
 */
int doctor_examine(struct run *r, const struct doctor_options *o, struct doctor_report *out,
                   struct err *e);
void doctor_free(struct doctor_report *report);
