#include "verify/drained.h"

bool drained(struct run *r, const struct host *rs)
{
    const struct cluster *c = run_cluster(r);
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR));) {
        const struct host_result *hr = run_result_of(r, h);
        if (hr->reached && facts_wish(&hr->facts, rs) != WISH_NONE)
            return true;
    }
    return false;
}

unsigned weight_wanted(struct run *r, const struct host *rs)
{
    return drained(r, rs) ? 0 : rs->weight;
}
