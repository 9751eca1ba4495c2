#pragma once
/*
 * Inside doctor/: a rule, and what it is given. Rules of one subject stand in one file with their
 * table and the shell that gathers their evidence:
 *
 *   rules_vrrp.c       directors hearing each other; who is master
 *   rules_keepalived.c the configuration that the daemon really has
 *   rules_ipvs.c       real servers in the table, and why not
 *   rules_vip.c        VIP on lo, ARP
 *   rules_http.c       vhost, port 80, default site
 *   rules_nfs.c        export, mount
 *   rules_host.c       clock, disk, SELinux, enabled units
 */
#include "doctor/doctor.h"
#include "verify/live.h"

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
    int64_t clock_offset_us;          /* the host's clock minus ours */
    int64_t clock_error_us;           /* half the round trip of the question */
};

/* What rules look at. */
struct exam {
    struct run *run;
    const struct cluster *cluster;
    const struct doctor_options *options;
    struct exam_host *hosts;            /* by index_in_cluster */
    const struct verify_report *checks; /* without settling */
    struct live live;                   /* addresses, MACs, IPVS tables */
    struct doctor_report *report;
};

/*
 * A rule names one cause. It runs after all rules above it in the list of tables, and adds findings.
 * `explains` lists the ids of the findings that are mere consequences of this one, where they are on
 * the same host ("nfs.stale") or anywhere ("*nfs.stale"): they are taken out of the report and become
 * its symptoms.
 */
struct rule {
    const char *id;
    const char *title; /* what it looks for, in the manual's words */
    void (*run)(struct exam *x);
    const char *const *explains; /* NULL-terminated, or NULL */
};

/* A subject: its rules and its shell. `gather` prints records "TAG TEXT..." with r(); NULL: none. */
struct rule_set {
    const char *subject;
    void (*gather)(struct script *s, const struct host_result *hr);
    const struct rule *rules; /* ends with a NULL id */
};

extern const struct rule_set rule_set_vrrp, rule_set_keepalived, rule_set_ipvs, rule_set_vip,
    rule_set_http, rule_set_nfs, rule_set_host;
extern const struct rule_set *const rule_sets[]; /* NULL-terminated; rules.c */

/* Begin a finding of the rule that runs; host NULL: the cluster's. Never NULL. */
struct finding *found(struct exam *x, const char *id, const struct host *host, enum remedy remedy);
/* Set its texts, made safe to print. */
void finding_cause(struct exam *x, struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void finding_fix(struct exam *x, struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void finding_symptom(struct exam *x, struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void finding_evidence(struct exam *x, struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The host's next line with this tag after `after` (NULL: the first), or NULL. */
const struct evidence *exam_line(const struct exam_host *h, const char *tag,
                                 const struct evidence *after);
struct exam_host *exam_host(const struct exam *x, const struct host *h);
/* A host's step of the plan for this resource, or NULL: as wanted. */
const struct step *exam_step(const struct exam_host *h, enum res_type type, const char *key);
/* The failed result of a check on a subject (NULL: any), or NULL. */
const struct check_result *exam_failed(const struct exam *x, const char *check_id,
                                       const char *subject);
