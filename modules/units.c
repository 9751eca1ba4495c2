/*
 * The units of a host, without the rest of a deploy: those that the modules want there, picked out
 * of the whole catalog, so that there is no second list of them.
 */
#include <string.h>

#include "base/strlist.h"
#include "modules/registry.h"

/* Units that have something to reload; the others are left alone by it. */
static bool reloads(const char *unit)
{
    static const char *const units[] = {"keepalived.service", "nginx.service", "nfs-server.service",
                                        "prometheus.service", NULL};
    return strlist_contains(units, unit);
}

static bool is_named(const struct unit_wish *w, const char *unit)
{
    size_t n = w->service ? strlen(w->service) : 0;
    if (!w->service)
        return true;
    if (!strcmp(w->service, "nfs"))
        return !strcmp(unit, "nfs-server.service");
    return !strncmp(unit, w->service, n) && (!unit[n] || !strcmp(unit + n, ".service"));
}

static bool is_ours(const char *unit)
{
    return !strncmp(unit, "clusterctl-", strlen("clusterctl-"));
}

static bool is_chosen(const struct unit_wish *w, const struct resource *r)
{
    bool idle = w->verb == UNITS_RELOAD && !reloads(r->key);
    return r->type == RES_SERVICE && !r->gone && !idle && is_named(w, r->key);
}

static int each(struct catalog *cat, void (*want)(struct catalog *cat, const struct resource *unit),
                struct err *e)
{
    const struct unit_wish *w = cat->facts->units;
    if (!w || !w->hosts[cat->host->index_in_cluster])
        return 0;
    struct catalog all = {.cluster = cat->cluster,
                          .host = cat->host,
                          .facts = cat->facts,
                          .templates = cat->templates};
    int rc = modules_declare(&module_table, &all, e);
    if (w->verb != UNITS_STOP) {
        for (size_t i = 0; rc == 0 && i < all.list.n; i++)
            if (is_chosen(w, all.list.v[i]))
                want(cat, all.list.v[i]);
    } else { /* the service before what it stands on: a VIP, the connections' news */
        for (size_t i = 0; rc == 0 && i < 2 * all.list.n; i++) {
            const struct resource *r = all.list.v[i % all.list.n];
            if (is_chosen(w, r) && is_ours(r->key) == (i >= all.list.n))
                want(cat, r);
        }
    }
    catalog_free(&all);
    return rc;
}

static void want_unit(struct catalog *cat, const struct resource *unit)
{
    bool stopped = cat->facts->units->verb == UNITS_STOP;
    struct resource *r = want_service(cat, arena_strdup(&cat->arena, unit->key),
                                      (struct res_service){.stopped = stopped});
    r->costless = unit->costless;
}

static void want_mark(struct catalog *cat, const struct resource *unit)
{
    bool reload = cat->facts->units->verb == UNITS_RELOAD;
    if (!cat->list.n) {
        want_dir(cat, "/var/lib/clusterctl", (struct res_dir){.mode = 0700});
        want_dir(cat, "/var/lib/clusterctl/pending", (struct res_dir){.any = true});
    }
    want_file(cat,
              arena_printf(&cat->arena, "/var/lib/clusterctl/pending/%s.%s", unit->key,
                           reload ? "reload" : "restart"),
              (struct res_file){.content = ""});
}

static int declare_units(struct catalog *cat, struct err *e)
{
    return each(cat, want_unit, e);
}

static int declare_marks(struct catalog *cat, struct err *e)
{
    return each(cat, want_mark, e);
}

static const struct module units = {
    .name = "units",
    .summary = "the host's units, running or stopped",
    .roles = ROLE_ANY,
    .declare = declare_units,
};

static const struct module marks = {
    .name = "marks",
    .summary = "units that have to be told of a change",
    .roles = ROLE_ANY,
    .declare = declare_marks,
};

static const struct module *const list_units[] = {&units, NULL}, *const list_marks[] = {&marks, NULL};

const struct module_table module_table_units = {.list = list_units};
const struct module_table module_table_mark = {.list = list_marks};
