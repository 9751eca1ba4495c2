/* Whether files came back byte for byte, by the digests that the runs since have recorded. */
#include <string.h>

#include "cli/restoring.h"

struct seen {
    const char *host, *file;
};

/* The digest of what a host has now; "absent"; NULL: the restored inventory does not speak of it. */
static const char *digest_now(struct run *run, const char *host, const char *file,
                              char buf[static SHA256_HEX_LEN])
{
    static const enum res_type types[] = {RES_FILE, RES_BLOCK};
    const struct host *h = cluster_host(run_cluster(run), host);
    const struct host_result *hr = h ? run_result_of(run, h) : NULL;
    if (!hr || !hr->reached)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const struct resource *want = catalog_find(&hr->catalog, types[i], file);
        if (!want)
            continue;
        const struct resource *have = &hr->observed.have[want->index];
        const struct step as_is = {.want = want, .have = have};
        return record_before(&as_is, buf) ? buf : "absent";
    }
    return NULL;
}

static void compare(struct restored_files *out, struct run *run, const char *host,
                    const struct history_step *s)
{
    char buf[SHA256_HEX_LEN];
    const char *now = digest_now(run, host, s->file, buf);
    if (!now)
        out->gone++;
    else if (!strcmp(now, s->before))
        out->same++;
    else
        *vec_push(&out->differ) = arena_printf(&out->arena, "%s:%s", host, s->file);
}

/* Oldest first: what the first change found is what was there when `good` had ended. */
void restored_compare(struct restored_files *out, const struct restoring *r, struct run *run)
{
    VEC(struct seen) seen = {0};
    *out = (struct restored_files){0};
    for (size_t i = r->history.n; i-- > 0;) {
        const struct history_run *since = r->history.runs[i];
        if (strcmp(since->id, r->good->id) <= 0)
            continue;
        for (size_t k = 0; k < since->n_hosts; k++) {
            const struct history_host *h = &since->hosts[k];
            for (size_t n = 0; n < h->n_steps; n++) {
                const struct history_step *s = &h->steps[n];
                bool known = !s->file || !s->before;
                for (size_t j = 0; j < seen.n && !known; j++)
                    known = !strcmp(seen.v[j].host, h->host->name) &&
                            !strcmp(seen.v[j].file, s->file);
                if (known)
                    continue;
                *vec_push(&seen) = (struct seen){h->host->name, s->file};
                compare(out, run, h->host->name, s);
            }
        }
    }
    vec_free(&seen);
}

void restored_free(struct restored_files *f)
{
    vec_free(&f->differ);
    arena_free(&f->arena);
}
