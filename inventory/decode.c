#include "inventory/decode.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "inventory/values.h"

static void where_add(struct strbuf *sb, const struct where *w)
{
    if (!w || !w->up)
        return;
    where_add(sb, w->up);
    if (w->key)
        pointer_add(sb, w->key);
    else
        sb_addf(sb, "/%zu", w->index);
}

char *where_pointer(const struct where *w)
{
    struct strbuf sb = {0};
    where_add(&sb, w);
    return sb_detach(&sb);
}

#define complain(d, w, ...) diagnostics_add((d)->diags, where_pointer(w), __VA_ARGS__)

void decode_defaults(struct decoder *d, const struct table *t, void *out)
{
    struct diagnostics none = {0};
    struct decoder quiet = {
        .arena = d->arena, .diags = &none, .base_dir = d->base_dir, .profile = d->profile};
    const struct where top = {0};
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];
        const char *def = d->profile == PROFILE_ARTICLE && f->article ? f->article : f->def;
        if (!def)
            continue;
        json_t *v = json_loads(def, JSON_DECODE_ANY, NULL);
        if (!v || decode_value(&quiet, f, v, out, &top) < 0)
            abort(); /* a default that its own rule refuses */
        json_decref(v);
    }
}

static void unknown_key(struct decoder *d, const struct table *t, const char *key,
                        const struct where *w)
{
    autosb struct strbuf all = {0};
    const char *names[33];
    for (size_t i = 0; i < t->n_fields; i++) {
        names[i] = t->fields[i].name;
        sb_addf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    names[t->n_fields] = NULL;
    complain(d, w, "unknown key %s", decode_show(d, key));
    diagnostics_at_key(d->diags);
    const char *near = nearest_word(key, names);
    if (near)
        diagnostics_hint(d->diags, "did you mean \"%s\"?", near);
    else
        diagnostics_hint(d->diags, "known keys here: %s", sb_str(&all));
}

static bool known(const struct table *t, const char *key)
{
    for (size_t i = 0; i < t->n_fields; i++)
        if (strcmp(t->fields[i].name, key) == 0)
            return true;
    return false;
}

void decode_object(struct decoder *d, const struct table *t, const json_t *json, void *out,
                   const struct where *w, struct seen *seen)
{
    *seen = (struct seen){0};
    if (json && !json_is_object(json)) {
        complain(d, w, "%s must be an object, not %s", t->what, decode_type_of(json));
        seen->bad = UINT32_MAX;
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];
        const json_t *v = json_object_get(json, f->name);
        struct where at = {.up = w, .key = f->name};
        if (v) {
            n++;
            seen->given |= UINT32_C(1) << i;
            if (decode_value(d, f, v, out, &at) == 0)
                continue;
        } else if (f->required) {
            complain(d, w, "the %s has no \"%s\"", t->what, f->name);
            if (f->choices)
                diagnostics_hint(d->diags, "give one of %s", decode_choice_list(d, f->choices));
        } else {
            continue;
        }
        seen->bad |= UINT32_C(1) << i;
    }
    if (n == json_object_size(json))
        return;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)json, key, v) if (!known(t, key))
        unknown_key(d, t, key, &(struct where){.up = w, .key = key});
}
