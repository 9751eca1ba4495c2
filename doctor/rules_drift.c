/* What a host's plan still holds when every rule above has taken what it knows. */
#include "doctor/rule.h"

enum { SHOWN_STEPS = 8 };

static const struct step *next_unknown(const struct exam *x, const struct host_result *hr,
                                       size_t *at)
{
    while (*at < hr->plan.steps.n) {
        const struct step *s = &hr->plan.steps.v[(*at)++];
        if (!exam_step_known(x, s))
            return s;
    }
    return NULL;
}

static void look_at(struct exam *x, const struct exam_host *h)
{
    const struct step *s;
    const char *blocked = NULL, *hint = NULL;
    size_t n = 0;
    struct finding *f = NULL;
    for (size_t at = 0; (s = next_unknown(x, h->result, &at)); n++) {
        if (!f)
            f = found(x, "config.drift", h->host, REMEDY_DEPLOY);
        if (s->blocked && !blocked) {
            blocked = s->blocked;
            hint = s->hint;
        }
        if (n < SHOWN_STEPS)
            finding_evidence(x, f, "%s: to do: %s%s%s", h->host->name, s->summary,
                             s->blocked ? ": " : "", s->blocked ? s->blocked : "");
        *vec_push(&x->steps) = s;
    }
    if (!f)
        return;
    finding_cause(x, f, "%zu thing%s on %s %s not as the inventory wants", n, n == 1 ? "" : "s",
                  h->host->name, n == 1 ? "is" : "are");
    if (n > SHOWN_STEPS)
        finding_evidence(x, f, "%s: and %zu more", h->host->name, n - SHOWN_STEPS);
    if (blocked) {
        f->remedy = REMEDY_MANUAL;
        finding_fix(x, f, "%s; then: clusterctl deploy", hint ? hint : blocked);
    } else {
        finding_fix(x, f,
                    "clusterctl deploy --dry-run shows it; clusterctl deploy (or doctor "
                    "--fix) puts it right");
    }
}

static void drift(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++)
        if (x->hosts[i].result->reached)
            look_at(x, &x->hosts[i]);
}

static const struct rule rules[] = {
    {"config.drift", "something on the host is not as the inventory wants it", drift, NULL},
    {0},
};

const struct rule_set rule_set_drift = {.subject = "drift", .rules = rules};
