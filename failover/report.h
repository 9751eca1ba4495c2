#pragma once
/*
 * What a failover test found. Filled in by failover.c, read by the renderers in cli/. Strings belong
 * to the report and are safe to print; times are microseconds since the trial's load began, but where
 * they say otherwise.
 */
#include "base/mem.h"
#include "base/vec.h"
#include "failover/scenario.h"
#include "probe/load.h"

enum mark_kind {
    MARK_FAULT,     /* the fault went in, by the host's clock where that could be read */
    MARK_DETECTED,  /* a director said in its log that it had noticed */
    MARK_MOVED,     /* this machine's neighbour entry of the VIP changed */
    MARK_UNDO,      /* the fault was taken back */
    MARK_RECOVERED, /* every part is healthy again */
};
const char *mark_name(enum mark_kind k); /* "fault", "detected", "VIP moved", ... */

struct mark {
    int64_t at_us;
    int64_t error_us;  /* how far off it may be: half a round trip when it is a host's clock */
    enum mark_kind kind;
    const char *text;  /* "LVS-node01 entered MASTER", "VIP at 52:54:00:0a:01:83 (LVS-node01)" */
};

enum trial_verdict {
    TRIAL_PASS,    /* within the budget */
    TRIAL_OVER,    /* more outage than the budget allows */
    TRIAL_FAILED,  /* the fault could not be made, or the cluster did not recover */
    TRIAL_SKIPPED, /* not possible on this cluster; the reason says why */
};
const char *verdict_name(enum trial_verdict v); /* "pass", "over budget", "failed", "skipped" */

/* Predicted from the configuration in force; low and high: the fault hits a timer at any phase. */
struct prediction {
    int64_t low_us, high_us;
    const char *how; /* "2 to 3 adverts of 0.1 s + skew 0.001 s", "nothing: planned" */
};

/* A count of answers by backend. */
struct share {
    size_t answered; /* good answers before, during (fault to undo) and after */
    size_t before, during, after;
};

struct measured {
    size_t requests, ok, lost;
    size_t by_outcome[LOAD_OUTCOMES];
    /* From the first lost request's due time to the last one's, plus one interval; 0: none lost. */
    int64_t outage_us, outage_from_us;
    bool partial;            /* good answers came between lost ones: only a part of clients saw it */
    int64_t gap_us;          /* the longest time between two good answers' due times */
    int64_t worst_us, median_us; /* latency of good answers, from when they were due */
    int64_t detection_us;    /* fault to the first MARK_DETECTED; -1: not seen */
    int64_t takeover_us;     /* fault to the first MARK_MOVED after it; -1: not seen */
};

/* One scenario, once. */
struct trial {
    const struct scenario *scenario;
    unsigned round;    /* from 1 */
    const char *host;  /* who had the fault; NULL: skipped before one was chosen */
    const char *began; /* wall clock, "2026-11-22T14:03:11Z" */
    enum trial_verdict verdict;
    const char *reason; /* not passed: why */
    struct prediction predicted;
    struct measured measured;
    struct share *shares;   /* one for each of the report's backends */
    VEC(struct mark) marks; /* in the order of time */
    struct load_log log;
};

/* Medians over a scenario's rounds that were carried out. */
struct scenario_summary {
    const struct scenario *scenario;
    unsigned rounds, passed, over, failed, skipped;
    int64_t outage_us, worst_outage_us, takeover_us, detection_us; /* -1: not seen */
    size_t lost, worst_lost;
    int64_t worst_latency_us;
    struct prediction predicted; /* of the first round */
};

struct failover_report {
    const char *cluster, *vip, *url; /* url: what was asked for */
    const char *began;               /* wall clock */
    unsigned rate, timeout_ms, repeat;
    int64_t budget_us;
    const char *const *backends; /* names of the real servers, in the order of classify()'s numbers */
    size_t n_backends;
    const char *timers; /* "VRRPv3, advert 0.1 s, priorities 254/253, checks every 0.5 s" */
    VEC(struct trial *) trials;
    VEC(struct scenario_summary) summaries;
    bool interrupted;
    struct arena arena;
};

/* Fill in trial->measured and shares from its log and marks. */
void trial_measure(struct failover_report *r, struct trial *t);
/* Fill in the summaries from the trials. */
void failover_summarise(struct failover_report *r);
bool failover_passed(const struct failover_report *r); /* no trial over budget or failed */
void failover_free(struct failover_report *r);
