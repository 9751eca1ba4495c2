#include "verify/drained.h"

enum wish drain_wish(struct run *r, const struct host *rs)
{
    const struct cluster *c = run_cluster(r);
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR));) {
        const struct host_result *hr = run_result_of(r, h);
        enum wish w = hr->reached ? facts_wish(&hr->facts, rs) : WISH_NONE;
        if (w != WISH_NONE)
            return w;
    }
    return WISH_NONE;
}

bool drained(struct run *r, const struct host *rs)
{
    return drain_wish(r, rs) != WISH_NONE;
}

unsigned weight_wanted(struct run *r, const struct host *rs)
{
    return drained(r, rs) ? 0 : rs->weight;
}
