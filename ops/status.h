#pragma once
/*
 * What the cluster does now: who holds the VIPs, where connections go, which parts are at work.
 * Read-only. It tells states and amounts; why something is wrong is doctor's to say.
 *
 * Every host is asked by a thread of its own on a session that stays open, so that one that hangs
 * keeps no other from being looked at. A report holds only what was asked for that very look: of a
 * host that has not answered yet it has no numbers, not those of the look before. Two things are
 * older, as they cost hosts more: the plan with its count of changes (planned_ago_ms tells its age)
 * and the versions of programs, both renewed every `plan_every_ms` and after each lost connection.
 *
 * Where rates come from: the first answer of a director, and its first after a boot, has the
 * kernel's own estimates (`ipvsadm -Ln --rate`: each 2 s a quarter of the difference is taken in,
 * so they lag by some 8 s). From its second answer on they are the growth of the kernel's counters
 * (`--stats --exact`) since its answer before, over the time between the two by its own clock.
 * /proc/net/ip_vs_stats has totals of the machine only. In direct routing answers bypass the
 * director: only what comes in can be counted there.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/run.h"

enum status_answer {
    STATUS_ANSWERED,
    STATUS_LATE,        /* still being asked; it has answered before, or may yet */
    STATUS_UNREACHABLE, /* no connection */
    STATUS_FAILED,      /* connected, but it could not be asked: not root, broken output, ... */
};

struct status_unit {
    const char *name;  /* "nginx.service" */
    const char *state; /* systemd's ActiveState; "unknown" when it did not say */
    bool active, enabled;
};

/* Every string of a report is safe to print (no control characters) and belongs to its arena. */
struct status_host {
    const struct host *host;
    enum status_answer answer;
    const char *why;        /* not answered: the reason; NULL otherwise */
    int64_t elapsed_ms;     /* of its answer; STATUS_LATE: since it was asked */
    bool planned;           /* the three below are there */
    size_t changes;         /* steps that a deploy would make, */
    size_t blocked;         /* and how many of them are blocked */
    int64_t planned_ago_ms; /* when that was found */
    struct status_unit *units;
    size_t n_units;
    /* "" where there is none, or it is not known */
    const char *kernel, *keepalived, *nginx, *nfs_utils;
};

/* A director, as to one VIP. */
struct status_director {
    const struct host *host;
    bool answered;
    const char *holds_on; /* the interface that has the VIP; NULL: none but lo */
    const char *state;    /* keepalived's word: "MASTER", "BACKUP", "FAULT"; "" when not known */
    const char *why;      /* state not known: why */
    bool without_vip;     /* keepalived runs, but not with this VIP */
    unsigned priority;    /* that keepalived runs with; 0: not known */
};

struct status_vip {
    const struct ipaddr *vip;
    struct status_director *directors;
    size_t n_directors;
    size_t holders, masters, unknown; /* unknown: directors that did not answer */
};

/* A second, in thousandths. */
struct status_rate {
    uint64_t connections, packets_in, bytes_in;
};

struct status_dest {
    const struct host *host; /* NULL: no real server of the inventory */
    struct ipaddr address;
    uint16_t port;
    uint32_t weight;
    uint64_t active, inactive;                  /* connections */
    uint64_t connections, packets_in, bytes_in; /* since the entry was made */
    struct status_rate rate;
};

struct status_service {
    const struct service *service;
    const char *name;            /* "10.1.1.140:80/tcp" */
    const struct host *director; /* whose table this is; NULL: none can be shown, and why says it */
    const char *why;
    bool holder;  /* that director holds the VIP; else another one's table is shown */
    bool present; /* the table has the service, and the rest is there */
    const char *scheduler;
    uint32_t persistence_s;
    uint64_t active, inactive, connections, packets_in, bytes_in;
    bool rated; /* the rates are there, its servers' too */
    struct status_rate rate;
    int64_t rate_over_ms; /* the counters' growth over this long; 0: the kernel's estimates */
    struct status_dest *dests;
    size_t n_dests;
};

/* The answer to "/" at a real server's own address, asked from this machine. */
struct status_page {
    unsigned port;
    long status; /* HTTP; 0: no answer, and error says why */
    const char *error;
    int64_t elapsed_us;
};

struct status_real_server {
    const struct host *host;
    bool answered;            /* over SSH: what is not about tables and pages is there */
    size_t tables, tables_of; /* directors' services that send to it, of those that are known */
    bool drained;             /* a director has it on its list: weight 0 is wanted */
    const char *missing_in;   /* directors whose table has it not, or with weight 0; NULL: none */
    const char *nginx;        /* state of nginx.service */
    bool nginx_active;
    struct status_page *pages; /* one for each TCP port of the services */
    size_t n_pages;
    size_t vips_on_lo; /* of the cluster's n_vips */
    bool wants_mount;  /* the inventory has an NFS host */
    const char *mount_point;
    const char *mount_source;               /* NULL: nothing is mounted there */
    const char *mount_type, *mount_version; /* "nfs4", "4.2"; "" when not told */
    bool mount_other;                       /* something else than the share is mounted */
    bool mount_dead;                        /* it did not answer in time, or is stale */
};

struct status_export {
    const struct host *host;
    const char *path;
    const char *const *clients; /* names of the inventory's hosts, else what exportfs says */
    size_t n_clients;
    const char *missing; /* real servers that it is not exported to; NULL: none */
};

/* Something that is not at work. */
struct status_problem {
    const char *subject; /* a host, a VIP, a service */
    const char *text;
    bool loud; /* clients lose: nobody or several hold a VIP */
};

#define STATUS_VEC(type, name)                                                                     \
    struct type *name;                                                                             \
    size_t n_##name

struct status_report {
    const struct cluster *cluster;
    char at[32]; /* wall clock at its end: "2026-01-31T12:00:00Z" */
    int64_t elapsed_ms;
    STATUS_VEC(status_host, hosts); /* by index_in_cluster */
    STATUS_VEC(status_vip, vips);
    STATUS_VEC(status_service, services);
    STATUS_VEC(status_real_server, real_servers);
    STATUS_VEC(status_export, exports);
    VEC(struct status_problem) problems; /* hosts that did not answer are not among them */
    size_t unreachable, failed, late;    /* hosts */
    struct arena arena;
};

struct status;

struct status_options {
    const struct run_options *run; /* copied; what it points to must outlive the status */
    unsigned plan_every_ms;        /* 0: at every look */
};

/* Start the threads; asks nothing yet. NULL only when there are no threads to be had. */
struct status *status_new(const struct cluster *c, const struct status_options *o, struct err *e);
/*
 * Look once. The first look waits for every host to answer or fail; later ones wait 5 s, or three
 * times as long as the slowest answer of the look before took, and report the rest as late.
 * Returns -1 only when interrupted. `out` is to be freed in both cases.
 */
int status_look(struct status *st, struct status_report *out, struct err *e);
void status_free(struct status *st);

void status_report_free(struct status_report *r);
/* The exit status of one look: 69 for a host that is unreachable, else 1 for a problem, else 0. */
enum err_code status_verdict(const struct status_report *r);
