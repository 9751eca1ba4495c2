#pragma once
/*
 * Inside doctor/: a rule, and what it is given. Rules of one subject stand in one file with their
 * table and the shell that gathers their evidence:
 *
 *   rules_reach.c      hosts that cannot be looked at at all
 *   rules_vrrp.c       directors hearing each other; who is master
 *   rules_vrid.c       another machine's virtual_router_id
 *   rules_keepalived.c the configuration that the daemon really has
 *   rules_ipvs.c       real servers in the table, and why not
 *   rules_vip.c        VIP on lo, ARP
 *   rules_http.c       vhost, port 80, default site
 *   rules_nfs.c        export; rules_mount.c: the mounts
 *   rules_selinux.c    what it denied
 *   rules_host.c       clock, disk, enabled units, packages
 *   rules_drift.c      what is left of a host's plan when no rule above knew it
 */
#include "doctor/doctor.h"
#include "probe/vrrp.h"
#include "verify/live.h"

struct script;

/* More lines, or longer ones, are left out: what a host says must not fill our memory. */
enum { EXAM_MAX_LINES = 10000, EXAM_LINE_MAX = 1000 };

/* One line of a host's answer, in order: a tag and its text ("journal", "Nov 22 ... keepalived"). */
struct evidence {
    const char *tag;
    const char *text; /* safe to print */
};

struct exam_host {
    const struct host *host;
    const struct host_result *result; /* facts, observation, plan; result->reached */
    bool asked;                       /* the evidence below is complete */
    VEC(struct evidence) lines;
    bool clock_known;
    int64_t clock_offset_us; /* the host's clock minus ours */
    int64_t clock_error_us;  /* half the round trip of the question */
    int64_t asked_at_us;     /* our clock when the question was written */
    struct arena arena;      /* of the lines: each host's is filled by a thread of its own */
};

/* "Whatever finding or failed check has an id like this, on that host, comes from `by`." */
struct claim {
    const struct finding *by;
    const char *pattern; /* an id; with a '*' at its end, all that begin so */
    const char *host;    /* NULL: anywhere */
};

/* What rules look at. */
struct exam {
    struct run *run;
    const struct cluster *cluster;
    const struct doctor_options *options;
    struct exam_host *hosts;            /* by index_in_cluster */
    size_t n_hosts;
    const struct verify_report *checks; /* without settling */
    struct live live;                   /* addresses, MACs, IPVS tables */
    struct vrrp_advert adverts[VRRP_MAX_HEARD]; /* heard meanwhile on our link to the VIP */
    size_t n_adverts;
    char heard_on[16]; /* that link's name */
    struct doctor_report *report;
    /* The core's own. */
    const struct rule *rule; /* that runs */
    VEC(struct claim) claims;
    VEC(const struct step *) steps; /* of plans, that findings account for */
};

/*
 * A rule names one cause. It runs after all rules above it in the list of tables, and adds findings.
 * `explains` lists the ids of the findings and failed checks that are mere consequences of this one,
 * where they are on the same host ("nfs.stale") or anywhere ("*nfs.stale"); a '*' at the end stands
 * for any rest ("*nfs.*"). They are taken out of the report and become its symptoms. Checks whose
 * subject is no host ("http.vip") need the first '*'. Of two that explain each other, the earlier
 * one wins. A finding of the cluster (host NULL) explains on any host.
 *
 * config.converged needs no mention: it is explained when findings account for every step of the
 * host's plan (finding_step()), and what they leave becomes config.drift.
 */
struct rule {
    const char *id;
    const char *title; /* what it looks for, in the manual's words */
    void (*run)(struct exam *x);
    const char *const *explains; /* NULL-terminated, or NULL */
};

/*
 * A subject: its rules and its shell. `gather` (NULL: none) adds shell that prints records "TAG
 * TEXT..." with r() or, from a pipe, `COMMAND 2>&1 | each TAG`. It runs in a subshell of its own,
 * its input and errors /dev/null, in the C locale, not under set -e; it changes nothing on the host.
 * Whatever might hang goes under timeout(1): all sets together have 180 s, and should take two.
 * Tags are shared by all sets: begin them with the subject ("nfs.mount").
 */
struct rule_set {
    const char *subject;
    void (*gather)(struct script *s, const struct host_result *hr);
    const struct rule *rules; /* ends with a NULL id */
};

extern const struct rule_set rule_set_reach, rule_set_vrrp, rule_set_vrid, rule_set_keepalived,
    rule_set_ipvs, rule_set_vip, rule_set_http, rule_set_nfs, rule_set_selinux, rule_set_host, rule_set_drift;
extern const struct rule_set *const rule_sets[]; /* NULL-terminated; rules.c */

/*
 * Begin a finding of the rule that runs; host NULL: the cluster's. Never NULL, and stays where it
 * is. `id` is a literal, commonly the rule's own.
 */
struct finding *found(struct exam *x, const char *id, const struct host *host, enum remedy remedy);
/* Set or add its texts, made safe to print; what is there already is not repeated. */
void finding_cause(struct exam *x, struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void finding_fix(struct exam *x, struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void finding_symptom(struct exam *x, struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void finding_evidence(struct exam *x, struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* This step of a plan is part of it (a symptom: "to do: SUMMARY"); NULL steps are ignored. */
void finding_step(struct exam *x, struct finding *f, const struct step *step);
/* This one finding explains `pattern` on that host (NULL: anywhere), besides its rule's list. */
void finding_explains(struct exam *x, struct finding *f, const char *pattern,
                      const struct host *host);

/* The host's next line with this tag after `after` (NULL: the first), or NULL. */
const struct evidence *exam_line(const struct exam_host *h, const char *tag,
                                 const struct evidence *after);
struct exam_host *exam_host(const struct exam *x, const struct host *h);
/* A host's step of the plan for this resource (key NULL: any of the type), or NULL: as wanted. */
const struct step *exam_step(const struct exam_host *h, enum res_type type, const char *key);
/* Whether a finding accounts for the step. */
bool exam_step_known(const struct exam *x, const struct step *step);
/* The failed result of a check on a subject (NULL: any), or NULL. */
const struct check_result *exam_failed(const struct exam *x, const char *check_id,
                                       const char *subject);
/* A finding so far with this id, on this host (NULL: any), or NULL. */
const struct finding *exam_found(const struct exam *x, const char *id, const struct host *host);

/*
 * For `explains`: what directors say of a real server whose page does not come. Not all of "ipvs.*":
 * an entry, or a table, that somebody took out is a cause of its own.
 */
#define NO_ANSWER                                                                                  \
    "*ipvs.server-down", "*ipvs.server-silent", "*ipvs.port-closed", "*ipvs.check-fails", "*ipvs.table"

/* The parts of doctor_examine(), for tests: an exam is {0} but for what the rules look at. */
void exam_init(struct exam *x, struct run *r, const struct doctor_options *o,
               struct doctor_report *report);
void exam_forget(struct exam_host *h); /* what it has said */
void exam_record(struct exam_host *h, char *value); /* "TAG TEXT..."; cut up in place */
void exam_run(struct exam *x, const struct rule_set *const *sets); /* NULL-terminated */
void exam_conclude(struct exam *x);
void exam_laxer(struct exam *x);
void exam_free(struct exam *x);
