#include "cli/directors.h"

/* 0.0.0: nobody knows. */
static struct version version_of(const struct session *s, const struct host *h, struct err *e)
{
    struct facts offline = {.assume_family = s->options.assume_family};
    const struct facts *f = &offline;
    struct facts_given none = {0};
    struct version v = {0};
    if (s->run && !run_result_of(s->run, h)->reached)
        return v;
    if (s->run)
        f = &run_result_of(s->run, h)->facts;
    else if (facts_give(&offline, s->in->cluster, h,
                        s->options.given ? &s->options.given[h->index_in_cluster] : &none, e) < 0)
        f = NULL;
    if (f)
        v = f->keepalived.major ? f->keepalived : f->release->keepalived;
    facts_free(&offline);
    return v;
}

int directors_agree(const struct session *s, struct err *e)
{
    const struct cluster *c = s->in->cluster;
    const struct host *first = NULL;
    struct version of_first = {0};
    if (c->vrrp.mixed_versions || s->options.destroy || s->in->units)
        return 0;
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR));) {
        struct err ignored = {0}; /* said when it is rendered */
        struct version v = version_of(s, h, &ignored);
        if (!v.major)
            continue;
        if (first && v.major != of_first.major) {
            err_set(e, ERR_FAILED,
                    "%s has keepalived %u.%u.%u and %s %u.%u.%u: adverts of the one are not "
                    "what the other expects",
                    first->name, of_first.major, of_first.minor, of_first.patch, h->name, v.major,
                    v.minor, v.patch);
            return err_hint(e, "give both the same system, or set \"vrrp\": {\"mixed_versions\": true}: "
                               "then adverts are of whole seconds, as both know them");
        }
        first = h;
        of_first = v;
    }
    return 0;
}
