#pragma once
/* Made-up trials: a log with holes where the test wants them, without a cluster or a clock. */
#include "failover/report.h"

enum { SYNTH_RATE = 100, SYNTH_INTERVAL = 1000000 / SYNTH_RATE }; /* requests a second, us */

/* A trial of `n` requests, all answered in 1 ms, by the report's backends in turn. */
struct trial *synth_trial(struct failover_report *r, const char *scenario, unsigned round,
                          size_t n);
/* Requests from..to-1 get `o`; a timeout takes 1 s, everything else 2 ms. */
void synth_lose(struct trial *t, size_t from, size_t to, enum load_outcome o);
void synth_mark(struct trial *t, enum mark_kind kind, int64_t at_us, int64_t error_us,
                const char *text);
