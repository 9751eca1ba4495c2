#pragma once
/* How a scheduler should have spread requests made one after the other by one client. */
#include <stdbool.h>
#include <stddef.h>

enum spread_kind {
    SPREAD_TURNS,   /* in turn, by weight (wrr) or not (rr): the shares are exact */
    SPREAD_AMONG,   /* in turn, but among the requests of others: shares follow weights by chance */
    SPREAD_LOAD,    /* by open connections (lc, wlc, sed, nq): shares follow weights on the whole */
    SPREAD_ONE,     /* one client gets one server (sh, mh, dh, lblc, lblcr, fo, persistence) */
    SPREAD_UNKNOWN, /* ovf and what we do not know: nothing to hold it against */
};

struct spread {
    unsigned weight; /* as in the table; 0 takes no new connections */
    unsigned hits;
    unsigned low, high; /* out: what is acceptable */
    double expected;    /* out */
};

enum spread_kind spread_kind(const char *scheduler, bool persistent);
/* Does the scheduler look at weights? rr and lc only want them not to be 0. */
bool spread_weighted(const char *scheduler);

/*
 * Fill in expected, low and high for `total` requests. In turns: full cycles give each server
 * exactly its weight; a cut one, wherever it began, at most its weight and at least what the others
 * cannot take; and one more or less for other clients in between. By load: half of the share, and
 * at least 2, either way. Among others: that much, and 4.5 times the standard deviation of the
 * binomial distribution, outside of which one of 100,000 series is.
 */
void spread_bounds(enum spread_kind kind, bool weighted, struct spread *v, size_t n,
                   unsigned total);
bool spread_within(const struct spread *v, size_t n);
/* One turn of the scheduler: the weights' sum over their greatest common divisor; at least 1. */
unsigned spread_cycle(bool weighted, const struct spread *v, size_t n);
