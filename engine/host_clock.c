#include "engine/host_clock.h"

#include "base/clock.h"
#include "base/parse.h"

/* A line through a pipe, sshd and a local network. */
enum { LEAST_ERROR_US = 1000 };

/* GNU date: nanoseconds. Several samples, as the first line out of a shell is often the slowest. */
const char clock_sh[] = "for c in 1 2 3 4 5 6; do r clock \"$(date +%s%N)\"; done\n";

/*
 * The line that took the least time to arrive tells most: what it took beyond the network's latency
 * was a scheduler's doing. How far the others lag behind it says how far it may be off itself.
 */
void clock_sample(struct clock_offset *c, const char *ns)
{
    int64_t now = clock_us();
    uint64_t theirs;
    if (!parse_u64(ns, 0, INT64_MAX, &theirs))
        return;
    int64_t offset = now - (int64_t)(theirs / 1000);
    if (!c->known || offset < c->offset_us)
        c->offset_us = offset;
    if (!c->known || offset > c->latest_us)
        c->latest_us = offset;
    c->known = true;
    c->error_us = c->latest_us - c->offset_us;
    if (c->error_us < LEAST_ERROR_US)
        c->error_us = LEAST_ERROR_US;
}

int64_t clock_ours(const struct clock_offset *c, const char *ns)
{
    uint64_t theirs;
    if (!c->known || !parse_u64(ns, 0, INT64_MAX, &theirs))
        return 0;
    return (int64_t)(theirs / 1000) + c->offset_us;
}
