#include "engine/observe.h"

#include <string.h>

#include "base/parse.h"
#include "engine/restype.h"

void observation_init(struct observation *o, const struct catalog *c)
{
    *o = (struct observation){.catalog = c};
    o->have = arena_array(&o->arena, struct resource, c->list.n ? c->list.n : 1);
    for (size_t i = 0; i < c->list.n; i++)
        observation_clear(o, i);
}

void observation_clear(struct observation *o, size_t index)
{
    const struct resource *w = o->catalog->list.v[index];
    o->have[index] = (struct resource){
        .type = w->type, .key = w->key, .module = w->module, .index = index};
}

static void observe_type(struct script *s, const struct catalog *c, enum res_type t)
{
    VEC(const struct resource *) list = {0};
    for (size_t i = 0; i < c->list.n; i++)
        if (c->list.v[i]->type == t && !c->list.v[i]->gone)
            *vec_push(&list) = c->list.v[i];
    if (list.n)
        res_ops(t)->observe(s, list.v, list.n);
    vec_free(&list);
}

void observe_functions(struct script *s, const struct catalog *c)
{
    const char *done[RES_TYPES] = {0};
    for (size_t i = 0; i < c->list.n; i++) {
        enum res_type t = c->list.v[i]->type;
        const char *f = res_ops(t)->functions;
        bool seen = !f;
        for (size_t k = 0; k < RES_TYPES && !seen; k++)
            seen = done[k] == f;
        if (seen)
            continue;
        done[t] = f;
        script_add(s, f);
    }
    owned_observe_functions(s, c);
}

void observe_script(struct script *s, const struct catalog *c)
{
    observe_functions(s, c);
    script_add(s, "{\n:\n");
    for (int t = 0; t < RES_TYPES; t++)
        observe_type(s, c, (enum res_type)t);
    for (size_t i = 0; i < c->list.n; i++)
        if (c->list.v[i]->gone)
            owned_observe(s, c->list.v[i]);
    script_add(s, "} </dev/null\n");
}

void observe_one(struct script *s, const struct resource *r)
{
    if (r->gone)
        owned_observe(s, r);
    else
        res_ops(r->type)->observe(s, &r, 1);
}

/* "12", or "TYPE:KEY" from commands that print for many at once (stat). */
static const struct resource *record_target(const struct observation *o, const char *token)
{
    uint64_t index;
    const char *colon = strchr(token, ':');
    if (!colon)
        return parse_u64(token, 0, o->catalog->list.n - 1, &index) ? o->catalog->list.v[index] : NULL;
    for (size_t i = 0; i < o->catalog->list.n; i++) {
        const struct resource *r = o->catalog->list.v[i];
        const char *type = res_ops(r->type)->name;
        size_t n = strlen(type);
        if (n == (size_t)(colon - token) && !strncmp(type, token, n) && !strcmp(r->key, colon + 1))
            return r;
    }
    return NULL;
}

int observe_record(struct observation *o, char *record, struct err *e)
{
    const char *token = parse_word(&record), *field = parse_word(&record);
    if (!token || !field || !o->catalog->list.n)
        return err_set(e, ERR_PROTOCOL, "the host sent an observation that is cut short");
    const struct resource *want = record_target(o, token);
    if (!want)
        return err_set(e, ERR_PROTOCOL, "the host reported on something that was not asked for");
    if (want->gone) {
        o->have[want->index].gone = want->gone;
        return 0;
    }
    if (res_ops(want->type)->parse(&o->have[want->index], want, &o->arena, field, record, e) < 0)
        return err_wrap(e, "%s %s", res_ops(want->type)->name, want->key);
    return 0;
}

void observation_free(struct observation *o)
{
    arena_free(&o->arena);
}
