#pragma once
/* Host clocks against ours, as far as the answers to one question tell. */
#include <stdbool.h>
#include <stdint.h>

/* How far a host's clock is from ours: its realtime plus offset_us is our clock_us(). */
struct clock_offset {
    bool known;
    int64_t offset_us;
    int64_t error_us;  /* the spread of the samples */
    int64_t latest_us; /* the largest of their offsets */
};

/* Shell: one record `clock NS` a sample, for clock_sample(). */
extern const char clock_sh[];
/* Take in a record's value that came just now. */
void clock_sample(struct clock_offset *c, const char *ns);
/* A host's time in nanoseconds since 1970, by our clock; 0 when not known. */
int64_t clock_ours(const struct clock_offset *c, const char *ns);
