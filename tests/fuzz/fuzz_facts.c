/* What a host is, as it says: records of facts.c, a line each, and what becomes of them. */
#include "engine/members.h"
#include "engine/plan.h"
#include "engine/script.h"
#include "fuzz.h"
#include "fuzz_cluster.h"

static void in_range(const struct facts *f)
{
    HOLDS(f->keepalived.major < 1000000 && f->keepalived.minor < 1000000);
    HOLDS(f->keepalived.patch < 1000000);
    for (size_t i = 0; i < f->ifaces.n; i++) {
        const struct iface *n = &f->ifaces.v[i];
        HOLDS(*n->name && n->mac);
        for (size_t k = 0; k < n->addresses.n; k++) {
            const struct iface_address *a = &n->addresses.v[k];
            const char *found = NULL;
            HOLDS(a->prefix <= ipaddr_bits(&a->address) && a->label);
            HOLDS(facts_has_address(f, &a->address, &found) && found);
        }
    }
    for (size_t i = 0; i < f->members.n; i++)
        HOLDS(f->members.v[i].port && f->members.v[i].name && f->members.v[i].user);
}

static void remembered(struct strbuf *out, const struct facts *f)
{
    const struct cluster *c = fuzz_cluster();
    const struct catalog cat = {.cluster = c, .host = &c->hosts[F_LVS1], .facts = f};
    members_text(out, &cat);
}

/* What a deploy writes down of the members is what the next one reads. */
static void members_last(const struct facts *f)
{
    struct facts again = {0};
    autosb struct strbuf once = {0}, twice = {0};
    remembered(&once, f);
    const char *rest = sb_str(&once);
    for (char *line; (line = fuzz_line(&rest)); free(line))
        members_record(&again, line);
    remembered(&twice, &again);
    HOLDS(!strcmp(sb_str(&once), sb_str(&twice)));
    facts_free(&again);
}

/* Everything that it remembers is to be taken back. */
static void taken_back(const struct facts *f)
{
    const struct cluster *c = fuzz_cluster();
    struct catalog cat = {.cluster = c, .host = &c->hosts[F_LVS1], .facts = f};
    struct observation o;
    struct plan p;
    struct err e = {0};
    if (owned_removals(&cat, OWNED_PURGE, &e) == 0) {
        observation_init(&o, &cat);
        for (size_t i = 0; i < cat.list.n; i++)
            o.have[i].gone = cat.list.v[i]->gone;
        plan_make(&p, &cat, &o);
        HOLDS(p.steps.n <= f->owned.n + 1);
        for (size_t i = 0; i < p.steps.n; i++) {
            struct script s = {0};
            HOLDS(*p.steps.v[i].summary);
            plan_apply(&s, &p.steps.v[i]);
            HOLDS(s.text.len > 0);
            script_free(&s);
        }
        plan_free(&p);
        observation_free(&o);
    }
    catalog_free(&cat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct facts f = {0};
    struct err e = {0};
    autofree char *text = fuzz_text(data, size);
    const char *rest = text;
    int rc = 0;
    for (char *line; rc == 0 && (line = fuzz_line(&rest)); free(line))
        rc = facts_record(&f, line, &e);
    HOLDS(rc == 0 || *e.msg);
    if (rc == 0) {
        in_range(&f);
        members_last(&f);
        taken_back(&f);
        rc = facts_finish(&f, &fuzz_cluster()->hosts[F_LVS1], &e);
        HOLDS(rc < 0 ? *e.msg && *e.hint : f.root && f.systemd && f.release);
    }
    facts_free(&f);
    return 0;
}
