#pragma once
/* What a host says while its logs are read. Internal to ops/. */
#include "ops/logs_tail.h"

/* The handler of the stream; ud is the tail. */
int log_take(void *ud, char *kind, char *rest, struct err *e);
/* Our realtime, in microseconds since 1970. */
int64_t log_wall_us(void);
/*
 * How far the host's clock is ahead of ours, in microseconds; 0 for one that may well be right. What
 * its answers took to get here makes it seem behind: to correct two clocks that are right by two
 * such errors would spoil the order of their lines.
 */
int64_t log_clock_ahead(const struct log_tail *t);
