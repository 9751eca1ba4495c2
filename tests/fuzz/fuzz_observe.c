/*
 * What is, as a host says: the first byte picks the host, the lines are records of any resource
 * that its modules declare. What they lead to is planned and carried out as far as its text.
 */
#include "engine/plan.h"
#include "engine/restype.h"
#include "fuzz.h"
#include "fuzz_cluster.h"
#include "modules/registry.h"

static struct catalog catalogs[F_HOSTS];

static void declare_all(void)
{
    static const struct template_set templates;
    static struct facts facts[F_HOSTS];
    const struct cluster *c = fuzz_cluster();
    for (size_t i = 0; i < F_HOSTS; i++) {
        struct err e = {0};
        facts_assume(&facts[i], c, &c->hosts[i]);
        catalogs[i] = (struct catalog){
            .cluster = c, .host = &c->hosts[i], .facts = &facts[i], .templates = &templates};
        want_owned(&catalogs[i]);
        if (modules_declare(&module_table, &catalogs[i], &e) < 0)
            fuzz_broken(__FILE__, __LINE__, e.msg);
    }
}

static void step(const struct step *s)
{
    struct script text = {0};
    HOLDS(*s->summary && s->want->index == s->have->index);
    /* A password, ours or the host's own, is shown nowhere. */
    HOLDS(!s->diff || !strstr(s->diff, "zq7Xpass"));
    for (const char *p = s->diff; p && (p = strstr(p, "auth_pass "));)
        HOLDS(!strncmp(p += strlen("auth_pass "), "********", 8));
    plan_apply(&text, s);
    HOLDS(text.text.len > 0);
    script_free(&text);
}

/* Only of what was spoken of: what is wanted in place of nothing is always the same. */
static void plan(const struct catalog *c, const struct observation *o)
{
    struct plan p = {.catalog = c};
    for (size_t i = 0; i < c->list.n; i++) {
        const struct resource *w = c->list.v[i];
        const struct resource nothing = {
            .type = w->type, .key = w->key, .module = w->module, .index = i};
        HOLDS(o->have[i].type == w->type && o->have[i].index == i);
        if (memcmp(&nothing, &o->have[i], sizeof nothing) != 0)
            plan_diff(&p, w, &o->have[i]);
    }
    for (size_t i = 0; i < p.steps.n; i++)
        step(&p.steps.v[i]);
    plan_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct observation o;
    struct err e = {0};
    if (!catalogs[0].cluster)
        declare_all();
    if (!size)
        return 0;
    const struct catalog *c = &catalogs[data[0] % F_HOSTS];
    autofree char *text = fuzz_text(data + 1, size - 1);
    const char *rest = text;
    int rc = 0;
    observation_init(&o, c);
    for (char *line; rc == 0 && (line = fuzz_line(&rest)); free(line))
        rc = observe_record(&o, line, &e);
    HOLDS(rc == 0 || *e.msg);
    if (rc == 0)
        plan(c, &o);
    observation_free(&o);
    return 0;
}
