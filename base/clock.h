#pragma once
/* Monotonic time in milliseconds, deadlines on it, and the wall clock. */
#include <stdint.h>

int64_t clock_ms(void);
/* The same clock in microseconds. */
int64_t clock_us(void);

/* Now by the wall clock, for people: "2026-01-31T12:00:00Z". */
enum { CLOCK_WALL_LEN = 32 };
const char *clock_wall(char buf[static CLOCK_WALL_LEN]);

enum { DEADLINE_NEVER = -1 };

static inline int64_t deadline_in(int64_t ms) { return clock_ms() + ms; }

/* Milliseconds left, 0 when past; -1 (as poll() likes it) for DEADLINE_NEVER. */
int deadline_left(int64_t deadline);
