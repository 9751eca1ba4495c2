/* A host's lines are not to be trusted: sizes are capped, and what is no JSON object is left out. */
#include "ops/history_parse.h"

#include <jansson.h>
#include <string.h>

int records_take(struct records *r, char *value, struct err *e)
{
    size_t n = strcspn(value, " ");
    r->bytes += strlen(value);
    if (r->lines.n >= RECORDS_MAX_LINES || r->bytes > RECORDS_MAX_BYTES)
        return err_set(e, ERR_PROTOCOL, "its records are longer than makes sense");
    if (!value[n])
        return 0;
    value[n] = '\0';
    if (run_id_valid(value))
        *vec_push(&r->lines) = (struct record_line){arena_strdup(&r->arena, value),
                                                    arena_strdup(&r->arena, value + n + 1)};
    return 0;
}

void records_free(struct records *r)
{
    vec_free(&r->lines);
    arena_free(&r->arena);
}

struct build {
    struct history *out;
    size_t alloc;
};

static struct history_run *run_of(struct build *b, const struct cluster *c, const char *id)
{
    struct history *h = b->out;
    for (size_t i = 0; i < h->n; i++)
        if (!strcmp(h->runs[i]->id, id))
            return h->runs[i];
    vec_grow((void **)&h->runs, h->n, &b->alloc, sizeof(struct history_run *));
    struct history_run *r = arena_new(&h->arena, struct history_run);
    r->id = arena_strdup(&h->arena, id);
    r->hosts = arena_array(&h->arena, struct history_host, c->n_hosts);
    h->runs[h->n++] = r;
    return r;
}

static struct history_host *host_of(struct history_run *r, const struct host *h)
{
    if (!r->n_hosts || r->hosts[r->n_hosts - 1].host != h)
        r->hosts[r->n_hosts++].host = h;
    return &r->hosts[r->n_hosts - 1];
}

/* The member as text of the arena, unless another host has said so already. */
static void take_text(struct arena *a, const json_t *line, const char *key, const char **field)
{
    const char *s = json_string_value(json_object_get(line, key));
    if (s && !*field)
        *field = arena_strdup(a, s);
}

static void take_head(struct arena *a, const json_t *line, struct history_run *r,
                      struct history_host *h)
{
    const struct {
        const char *key, **field;
    } texts[] = {
        {"began", &r->began},         {"command", &r->command},
        {"who", &r->who},             {"version", &r->version},
        {"inventory", &r->inventory}, {"inventory_sha256", &r->inventory_sha},
        {"templates", &r->templates}, {"template_dir", &r->template_dir},
        {"undoes", &r->undoes},       {"restores", &r->restores},
        {"ssh_user", &h->ssh_user},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        take_text(a, line, texts[i].key, texts[i].field);
    r->part |= json_is_true(json_object_get(line, "part"));
    r->inventory_secret |= json_is_true(json_object_get(line, "inventory_secret"));
}

static void take_end(struct arena *a, const json_t *line, struct history_run *r)
{
    const char *s = json_string_value(json_object_get(line, "outcome"));
    take_text(a, line, "ended", &r->ended);
    take_text(a, line, "error", &r->error);
    r->verified |= json_is_true(json_object_get(line, "verified"));
    for (enum run_outcome o = RUN_DONE; s && o <= RUN_INTERRUPTED; o++)
        if (!strcmp(s, run_outcome_name(o)))
            r->outcome = o;
}

static void take_step(struct arena *a, const json_t *line, struct history_run *r,
                      struct history_host *h)
{
    /* Twice the room at each power of two. */
    if ((h->n_steps & (h->n_steps - 1)) == 0) {
        size_t room = h->n_steps ? h->n_steps * 2 : 1;
        struct history_step *more = arena_array(a, struct history_step, room);
        if (h->n_steps)
            memcpy(more, h->steps, h->n_steps * sizeof *more);
        h->steps = more;
    }
    struct history_step *s = &h->steps[h->n_steps++];
    r->changes++;
    take_text(a, line, "step", &s->summary);
    take_text(a, line, "impact", &s->impact);
    take_text(a, line, "file", &s->file);
    take_text(a, line, "before", &s->before);
}

static void take_line(struct build *b, const struct cluster *c, const struct host *host,
                      const struct record_line *l)
{
    json_t *line = json_loads(l->json, JSON_REJECT_DUPLICATES, NULL);
    struct arena *a = &b->out->arena;
    if (json_is_object(line)) {
        struct history_run *r = run_of(b, c, l->id);
        struct history_host *h = host_of(r, host);
        json_int_t planned = json_integer_value(json_object_get(line, "planned"));
        if (json_object_get(line, "run"))
            take_head(a, line, r, h);
        if (planned > 0 && planned < RECORDS_MAX_LINES) {
            h->planned += (size_t)planned;
            r->planned += (size_t)planned;
        }
        if (json_is_string(json_object_get(line, "step")))
            take_step(a, line, r, h);
        if (json_object_get(line, "outcome"))
            take_end(a, line, r);
    }
    json_decref(line);
}

static int newest_first(const void *a, const void *b)
{
    const struct history_run *const *x = a, *const *y = b;
    return strcmp((*y)->id, (*x)->id);
}

void history_build(struct history *out, const struct cluster *c, const struct records *all)
{
    struct build b = {.out = out};
    for (size_t i = 0; i < c->n_hosts; i++)
        for (size_t k = 0; k < all[i].lines.n; k++)
            take_line(&b, c, &c->hosts[i], &all[i].lines.v[k]);
    if (!out->n)
        return;
    qsort(out->runs, out->n, sizeof *out->runs, newest_first);
    /* From here on the arena owns it all. */
    struct history_run **own = arena_array(&out->arena, struct history_run *, out->n);
    memcpy(own, out->runs, out->n * sizeof *own);
    xfree(out->runs);
    out->runs = own;
}
