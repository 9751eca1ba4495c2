#pragma once
/* Monotonic time in milliseconds, and deadlines on it. */
#include <stdint.h>

int64_t clock_ms(void);
/* The same clock in microseconds. */
int64_t clock_us(void);

enum { DEADLINE_NEVER = -1 };

static inline int64_t deadline_in(int64_t ms) { return clock_ms() + ms; }

/* Milliseconds left, 0 when past; -1 (as poll() likes it) for DEADLINE_NEVER. */
int deadline_left(int64_t deadline);
