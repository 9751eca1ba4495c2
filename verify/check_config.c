/* config.converged: nothing is left to do on the host. */
#include "verify/check.h"

enum { SHOW_STEPS = 5 };

static void list_pending(const struct host_result *hr, struct strbuf *list, size_t *pending)
{
    for (size_t i = 0; i < hr->plan.steps.n; i++) {
        if (hr->states && hr->states[i] == STEP_DONE)
            continue;
        const struct step *s = &hr->plan.steps.v[i];
        if (++*pending > SHOW_STEPS)
            continue;
        list_add(list, "%s", s->summary);
        if (s->blocked)
            sb_addf(list, " (%s)", s->blocked);
    }
    if (*pending > SHOW_STEPS)
        sb_addf(list, " and %zu more", *pending - SHOW_STEPS);
}

void check_converged(struct ctx *x, const struct subject *s, struct check_result *out)
{
    const struct host_result *hr = run_result_of(x->run, s->host);
    autosb struct strbuf list = {0};
    size_t pending = 0;
    if (!hr->reached || (!hr->ok && hr->err.code != ERR_NONE)) {
        check_fail(x, out, "%s", hr->err.msg[0] ? hr->err.msg : "the host was not reached");
        if (hr->err.hint[0])
            check_hint(x, out, "%s", hr->err.hint);
        return;
    }
    list_pending(hr, &list, &pending);
    if (pending) {
        check_evidence(x, out, "%zu of %zu resources as wanted", hr->catalog.list.n - pending,
                       hr->catalog.list.n);
        check_fail(x, out, "%zu to do: %s", pending, sb_str(&list));
        check_hint(x, out, "clusterctl deploy --dry-run shows it, clusterctl deploy does it");
        return;
    }
    check_pass(x, out, "%zu resources as wanted", hr->catalog.list.n);
}
