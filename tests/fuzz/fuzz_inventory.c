/*
 * Inventories: every complaint has a place in the file, nothing of it can steer a terminal, no
 * password is shown; and what is accepted can be rendered.
 */
#include "base/quote.h"
#include "engine/run.h"
#include "fuzz.h"
#include "inventory/load.h"
#include "modules/registry.h"

/* Inventories of the corpus have it in their passwords. */
#define SECRET "zq7X"

static size_t count(const char *text, size_t size, const char *what)
{
    size_t n = 0, len = strlen(what);
    for (const char *p = text; (p = memmem(p, size - (size_t)(p - text), what, len)); p += len)
        n++;
    return n;
}

/* The characters of a line and one more, or 0: there is no such line. */
static unsigned columns(const char *text, size_t size, unsigned line)
{
    const char *end = text + size;
    for (; line > 1; line--) {
        text = memchr(text, '\n', (size_t)(end - text));
        if (!text++)
            return 0;
    }
    unsigned n = 1;
    for (; text < end && *text != '\n'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void complaints(const struct diagnostics *d, const char *text, size_t size)
{
    autosb struct strbuf shown = {0};
    HOLDS(d->list.n > 0);
    for (size_t i = 0; i < d->list.n; i++) {
        const struct diagnostic *g = &d->list.v[i];
        HOLDS(*g->message && g->column >= 1 && g->line >= 1);
        HOLDS(g->column <= columns(text, size, g->line));
    }
    diagnostics_print(d, "inventory.json", &shown);
    HOLDS(fuzz_is_shown(sb_str(&shown), shown.len, true));
    if (count(text, size, "\"auth_pass\": \"" SECRET) == count(text, size, SECRET))
        HOLDS(!strstr(sb_str(&shown), SECRET));
}

static void model(const struct cluster *c)
{
    HOLDS(c->n_vips && c->n_services && c->n_hosts && cluster_count(c, ROLE_DIRECTOR));
    for (size_t i = 0; i < c->n_hosts; i++) {
        const struct host *h = &c->hosts[i];
        HOLDS(h->roles && h->index_in_cluster == i && cluster_host(c, h->name) == h);
        HOLDS(h->weight <= 65535 && cluster_host_at(c, &h->address, ROLE_ANY) == h);
    }
    for (size_t i = 0; i < c->n_services; i++) {
        bool known = false;
        for (size_t k = 0; k < c->n_vips; k++)
            known |= ipaddr_eq(&c->services[i].vip, &c->vips[k]);
        HOLDS(known && c->services[i].port);
    }
}

static void rendered(const struct catalog *cat)
{
    for (size_t i = 0; i < cat->list.n; i++) {
        const struct resource *r = cat->list.v[i];
        HOLDS(r->index == i && fuzz_is_safe(r->key));
        if (r->type == RES_FILE && r->file.content)
            HOLDS(strlen(r->file.content) == r->file.len);
    }
}

/* Keepalived as Debian 12 has it; older ones lack what an inventory may want, which is then said.
 */
static const struct version versions[] = {{2, 2, 7}, {2, 2, 7}, {2, 1, 5}, {1, 3, 5}};

static size_t sum(const char *text, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n = n * 31 + (unsigned char)text[i];
    return n;
}

/* One host, as that takes most of the time; which one, and with what version, `pick` says. */
static void can_be_rendered(const struct cluster *c, size_t pick)
{
    static const struct template_set templates;
    const struct host *h = &c->hosts[pick / ARRAY_LEN(versions) % c->n_hosts];
    struct version v = versions[pick % ARRAY_LEN(versions)];
    struct err e = {0};
    struct facts facts = {0};
    facts_assume(&facts, c, h);
    facts.keepalived = v;
    struct catalog cat = {.cluster = c, .host = h, .facts = &facts, .templates = &templates};
    int rc = modules_declare(&module_table, &cat, &e);
    if (rc < 0 && (version_cmp(v, versions[0]) == 0 || !strstr(e.msg, "keepalived")))
        fuzz_broken(__FILE__, __LINE__, e.msg);
    rendered(&cat);
    catalog_free(&cat);
    facts_free(&facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostics diags = {0};
    struct err e = {0};
    autofree char *text = xmalloc(size + 1);
    if (size)
        memcpy(text, data, size);
    /* As from a host: no command of the input's is to be run here. */
    const struct cluster nobody = {0};
    struct cluster *c =
        inventory_parse_kept(text, size, "inventory.json", "/base", &nobody, &diags, &e);
    if (c) {
        HOLDS(diags.list.n == 0);
        model(c);
        can_be_rendered(c, sum(text, size));
        cluster_free(c);
    } else {
        HOLDS(e.code == ERR_INVENTORY);
        complaints(&diags, text, size);
    }
    diagnostics_free(&diags);
    return 0;
}
