#include "synth.h"

struct trial *synth_trial(struct failover_report *r, const char *scenario, unsigned round, size_t n)
{
    struct trial *t = arena_new(&r->arena, struct trial);
    *vec_push(&r->trials) = t;
    t->scenario = scenario_find(scenario);
    t->round = round;
    t->log = (struct load_log){.v = xcalloc(n + 1, sizeof *t->log.v), .n = n, .rate = SYNTH_RATE};
    for (size_t i = 0; i < n; i++) {
        int64_t due = (int64_t)i * SYNTH_INTERVAL;
        t->log.v[i] = (struct load_record){
            .due_us = due,
            .sent_us = due + 20,
            .done_us = due + 1000,
            .status = 200,
            .backend = r->n_backends ? (int)(i % r->n_backends) : 0,
        };
    }
    return t;
}

void synth_lose(struct trial *t, size_t from, size_t to, enum load_outcome o)
{
    for (size_t i = from; i < to; i++) {
        struct load_record *q = &t->log.v[i];
        q->outcome = o;
        q->done_us = q->due_us + (o == LOAD_TIMEOUT ? 1000000 : 2000);
        q->status = o == LOAD_WRONG ? 502 : 0;
        q->backend = LOAD_NOBODY;
    }
}

void synth_mark(struct trial *t, enum mark_kind kind, int64_t at_us, int64_t error_us,
                const char *text)
{
    *vec_push(&t->marks) =
        (struct mark){.at_us = at_us, .error_us = error_us, .kind = kind, .text = text};
}
