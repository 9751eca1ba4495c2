#pragma once
/* A time in the past as people give it. */
#include <stdbool.h>
#include <stdint.h>

/*
 * "10m", "2h", "1d", "90s", "1w" ago; "now", "today", "yesterday" (their midnights); "2026-01-31",
 * "2026-01-31 12:00", "2026-01-31T12:00:30", "12:00" (of today), in local time unless a "Z" follows.
 * Microseconds since 1970, seen from now_us. False: it is none of these.
 */
bool parse_since(const char *s, int64_t now_us, int64_t *out);
