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

/*
 * A count of good answers by backend. Which part of the trial a request belongs to is told by when it
 * was due: without a mark of the fault all is "before", without one of the undoing all that follows
 * the fault is "during".
 */
struct share {
    size_t answered; /* before + during + after */
    size_t before, during, after;
};

/*
 * From a lost request's due time to that of the last one after it with less than SPELL_GAP_US of
 * nothing but good answers between any two, plus one interval. Half a second of good answers, fifty of
 * them at the usual rate, is more than luck with one dead real server among two.
 */
enum { SPELL_GAP_US = 500 * 1000 };
struct spell {
    int64_t from_us, length_us;
};

/*
 * An interval is 1/rate: the time that one request stands for, and the resolution of outage and gap.
 * Every time is a due time: when the client wanted something, not when the prober came to it.
 */
struct measured {
    size_t requests, ok, lost; /* lost: every outcome but LOAD_OK; ok + lost = requests */
    size_t by_outcome[LOAD_OUTCOMES];
    size_t lost_before;      /* of the lost: due before the fault, so not its doing */
    size_t lost_after;       /* of the lost: due after the fault was taken back */
    /*
     * All the time in which a client could not count on an answer: the spells' lengths together.
     */
    int64_t outage_us;
    struct spell *spells;    /* in the order of time; in the report's arena */
    size_t n_spells;
    bool partial;            /* good answers came within a spell: only a part of clients saw it */
    /*
     * The longest time between two good answers' due times; one interval when none was lost. The
     * load's beginning and its end count as good answers, or an outage that never ended would not
     * show.
     */
    int64_t gap_us;
    int64_t worst_us, median_us; /* latency of good answers, from when they were due; -1: none */
    /* The fault's time is known to its mark's error_us: what seems to precede it by less is 0. */
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
    const char *unwatched;  /* why the VIP's MAC could not be watched; NULL: it was */
    /* The longest time that a director's health checks stood still after the fault, as keepalived's own
     * log has it, and that director; 0 and NULL: they did not. */
    int64_t stood_us;
    const char *stood;
    VEC(struct mark) marks; /* in the order of time */
    struct load_log log;
};

/*
 * Medians over a scenario's rounds that were carried out: those that passed or went over the budget.
 * A median of an even number is the mean of the middle two; of takeover and detection, it is that of
 * the rounds that saw one.
 */
struct scenario_summary {
    const struct scenario *scenario;
    unsigned rounds, passed, over, failed, skipped; /* rounds: all of them */
    /* -1: not seen, or no round was carried out */
    int64_t outage_us, worst_outage_us, takeover_us, detection_us;
    size_t lost, worst_lost;
    int64_t worst_latency_us;    /* -1: no good answer */
    struct prediction predicted; /* of the first round carried out */
};

struct failover_report {
    const char *cluster, *vip, *url; /* url: what was asked for */
    const char *began;               /* wall clock */
    unsigned rate, timeout_ms, repeat;
    int64_t budget_us;
    const char *const *backends; /* names of the real servers, in the order of classify()'s numbers */
    size_t n_backends;
    const char *timers; /* "VRRPv3, advert 0.1 s, priorities 254/253, checks every 0.5 s" */
    /* Directors where keepalived runs with another configuration than the inventory's, from which the
     * timers and predictions are: "LVS-master, LVS-node01"; NULL: none. */
    const char *drifted;
    VEC(struct trial *) trials; /* in the arena, but for their marks and logs */
    VEC(struct scenario_summary) summaries;
    bool interrupted;
    struct arena arena;
};

/* The report's backends must be there. Allocates from the report's arena. */
void trial_measure(struct failover_report *r, struct trial *t);
/* Was it carried out, so that its numbers count? */
bool trial_counts(const struct trial *t);
/*
 * More outage than may be: any loss for a planned scenario, more than the budget for the others.
 * Says nothing about a trial that was not carried out.
 */
bool trial_over_budget(const struct failover_report *r, const struct trial *t);
/*
 * Why a trial where nothing went wrong has shown nothing all the same: the fault's victim carried no
 * traffic, or nothing came of the fault. NULL: it counts. In the report's arena.
 */
const char *trial_objection(struct failover_report *r, const struct trial *t);
/* More outage than was predicted, by more than the load can resolve? */
bool trial_over_prediction(const struct trial *t);
/* The first mark of a kind, or NULL. */
const struct mark *trial_mark(const struct trial *t, enum mark_kind kind);

/* Fill in the summaries from the trials: one a scenario, in the order of its first trial. */
void failover_summarise(struct failover_report *r);
/* At least one trial passed, and none went over the budget or failed: nothing tried proves nothing. */
bool failover_passed(const struct failover_report *r);
void failover_free(struct failover_report *r); /* what it holds, trials and their logs; not `r` */
