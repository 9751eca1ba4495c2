#include "doctor/lines.h"

#include <string.h>

void add_lines(struct exam *x, struct finding *f, const struct exam_host *h, const char *tag,
               const char *what)
{
    for (const struct evidence *l = NULL; (l = exam_line(h, tag, l));)
        finding_evidence(x, f, "%s: %s: %s", h->host->name, what, l->text);
}

bool take_steps(struct exam *x, struct finding *f, const struct exam_host *h, enum res_type type,
                const char *begin)
{
    const struct plan *p = &h->result->plan;
    bool any = false;
    for (size_t i = 0; h->result->reached && i < p->steps.n; i++) {
        const struct step *s = &p->steps.v[i];
        if (s->want->type != type || strncmp(s->want->key, begin, strlen(begin)) != 0)
            continue;
        finding_step(x, f, s);
        any |= !s->blocked;
    }
    return any;
}
