/* The runs that two hosts remember: lines "HOST ID JSON", HOST being a or b. */
#include "fuzz.h"
#include "ops/history_parse.h"

enum { A, B, HOSTS };

static void run(const struct history_run *r)
{
    size_t planned = 0, changes = 0;
    HOLDS(run_id_valid(r->id) && r->n_hosts >= 1 && r->n_hosts <= HOSTS);
    HOLDS(run_outcome_name(r->outcome));
    for (size_t i = 0; i < r->n_hosts; i++) {
        const struct history_host *h = &r->hosts[i];
        HOLDS(h->host && (i == 0 || h->host != r->hosts[0].host));
        planned += h->planned;
        changes += h->n_steps;
        for (size_t k = 0; k < h->n_steps; k++)
            HOLDS(h->steps[k].summary);
    }
    HOLDS(planned == r->planned && changes == r->changes);
}

static void look_up(const struct history *h, const struct history_run *r)
{
    struct err e = {0};
    HOLDS(history_find(h, r->id, &e) == r);
    const struct history_run *before = history_good_before(h, r->id);
    HOLDS(!before || (strcmp(before->id, r->id) < 0 && before->outcome == RUN_DONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host hosts[HOSTS] = {{.name = "a"}, {.name = "b", .index_in_cluster = B}};
    const struct cluster c = {.hosts = hosts, .n_hosts = HOSTS};
    struct records records[HOSTS] = {0};
    struct history h = {0};
    struct err e = {0};
    autofree char *text = fuzz_text(data, size);
    const char *rest = text;
    for (char *line; (line = fuzz_line(&rest)); free(line))
        if ((*line == 'a' || *line == 'b') && line[1] == ' ')
            HOLDS(records_take(&records[*line == 'a' ? A : B], line + 2, &e) == 0 || *e.msg);
    history_build(&h, &c, records);
    for (size_t i = 0; i < h.n; i++) {
        HOLDS(i == 0 || strcmp(h.runs[i]->id, h.runs[i - 1]->id) < 0);
        run(h.runs[i]);
        look_up(&h, h.runs[i]);
    }
    history_last_change(&h);
    history_free(&h);
    records_free(&records[A]);
    records_free(&records[B]);
    return 0;
}
