/* Host clocks against ours, as far as the answers to one question tell. */
#include "base/clock.h"
#include "base/parse.h"
#include "failover/fault.h"

/* GNU date: nanoseconds. Three samples, as the first line out of a shell is often the slowest. */
const char clock_sh[] = "for c in 1 2 3; do r clock \"$(date +%s%N)\"; done\n";

/*
 * A sample was taken after the question was sent and before its line came back. The line's way back
 * is a pipe, sshd and one network latency, far shorter than the question's way there with an exec
 * and a shell to start: so the arrival is the estimate, and the rest of the bracket its error.
 */
void clock_sample(struct clock_offset *c, const char *ns, int64_t sent_us)
{
    int64_t now = clock_us();
    uint64_t theirs;
    if (!parse_u64(ns, 0, INT64_MAX, &theirs))
        return;
    int64_t offset = now - (int64_t)(theirs / 1000);
    if (c->known && offset >= c->offset_us)
        return;
    c->known = true;
    c->offset_us = offset;
    c->error_us = now - sent_us;
}

int64_t clock_ours(const struct clock_offset *c, const char *ns)
{
    uint64_t theirs;
    if (!c->known || !parse_u64(ns, 0, INT64_MAX, &theirs))
        return 0;
    return (int64_t)(theirs / 1000) + c->offset_us;
}
