/*
 * Looks at all hosts, as status takes them: "N RECORD" is of host N (0 to 4); the others say what
 * they say in the unit tests. The report is made into text and JSON.
 */
#include <jansson.h>
#include <stdio.h>

#include "../unit/ops/bed.h"
#include "cli/render_status.h"
#include "fuzz.h"

static void hosts_are_safe(const struct status_report *r)
{
    HOLDS(r->n_hosts == BED_HOSTS && r->n_vips == 1 && r->n_services == 1);
    for (size_t i = 0; i < r->n_hosts; i++) {
        const struct status_host *h = &r->hosts[i];
        HOLDS(fuzz_is_safe(h->why) && fuzz_is_safe(h->nginx) && fuzz_is_safe(h->nfs_utils));
        for (size_t k = 0; k < h->n_units; k++)
            HOLDS(fuzz_is_safe(h->units[k].name) && fuzz_is_safe(h->units[k].state));
    }
    for (size_t i = 0; i < r->n_real_servers; i++) {
        const struct status_real_server *s = &r->real_servers[i];
        HOLDS(fuzz_is_safe(s->nginx) && fuzz_is_safe(s->mount_source));
        HOLDS(fuzz_is_safe(s->mount_type) && fuzz_is_safe(s->mount_version));
        HOLDS(s->tables <= s->tables_of && s->vips_on_lo <= r->n_vips);
    }
}

static void rest_is_safe(const struct status_report *r)
{
    for (size_t i = 0; i < r->vips[0].n_directors; i++) {
        const struct status_director *d = &r->vips[0].directors[i];
        HOLDS(fuzz_is_safe(d->holds_on) && fuzz_is_safe(d->state) && fuzz_is_safe(d->why));
    }
    HOLDS(fuzz_is_safe(r->services[0].scheduler) && fuzz_is_safe(r->services[0].why));
    for (size_t i = 0; i < r->n_exports; i++)
        for (size_t k = 0; k < r->exports[i].n_clients; k++)
            HOLDS(fuzz_is_safe(r->exports[i].clients[k]));
    for (size_t i = 0; i < r->problems.n; i++)
        HOLDS(fuzz_is_safe(r->problems.v[i].subject) && fuzz_is_safe(r->problems.v[i].text));
}

static void as_json(const struct status_report *r)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    print_status_json(f, r);
    fclose(f);
    HOLDS(n && text[n - 1] == '\n' && fuzz_is_shown(text, n - 1, false));
    json_t *v = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    HOLDS(json_is_object(v));
    json_decref(v);
    free(text);
}

static void as_text(const struct status_report *r)
{
    const struct style plain = {0};
    autosb struct strbuf out = {0};
    status_text(&out, &plain, r);
    HOLDS(out.len && fuzz_is_shown(out.s, out.len, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bed *b;
    autofree char *text = fuzz_text(data, size);
    const char *rest = text;
    bool begun[BED_HOSTS] = {0};
    void *state;
    if (!b) {
        bed_setup(&state);
        b = state;
    }
    for (char *line; (line = fuzz_line(&rest)); free(line)) {
        size_t host = (size_t)(*line - '0');
        struct err e = {0};
        if (host >= BED_HOSTS || line[1] != ' ')
            continue;
        if (!begun[host])
            look_begin(&b->looks[host], &b->results[host]);
        begun[host] = true;
        HOLDS(look_record(&b->looks[host], line + 2, &e) == 0 || *e.msg);
    }
    const struct status_report *r = bed_report(b);
    hosts_are_safe(r);
    rest_is_safe(r);
    /* These take most of the time: of some inputs only. */
    if (size % 16 == 1)
        as_text(r);
    else if (size % 16 < 4)
        as_json(r);
    const char *const lines[] = {bed_active, bed_backup, bed_web, bed_web, bed_nfs};
    for (size_t i = 0; i < BED_HOSTS; i++)
        if (begun[i])
            HOLDS(bed_answer(b, i, lines[i]) == 0);
    return 0;
}
