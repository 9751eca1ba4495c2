#include "inventory/monitoring.h"
#include "modules/monitoring.h"
#include "modules/registry.h"
#include "modules/words.h"

static json_t *targets(const struct cluster *c, unsigned exporter)
{
    json_t *list = json_array();
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_ANY));) {
        char address[IPADDR_STRLEN];
        if (exporter_runs(c, exporter, h))
            json_array_append_new(list, json_pack("{s:s, s:s}", "name", h->name, "address",
                                                  ipaddr_str(&h->address, address)));
    }
    return list;
}

static json_t *jobs(const struct cluster *c)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < EXPORTERS_N; i++) {
        json_t *hosts = targets(c, i);
        if (json_array_size(hosts))
            json_array_append_new(list,
                                  json_pack("{s:s, s:i, s:O}", "job", exporters[i].job, "port",
                                            (int)exporters[i].port, "targets", hosts));
        json_decref(hosts);
    }
    return list;
}

static int check_words(const struct cluster *c, struct err *e)
{
    int rc = word_check(SYNTAX_PROMETHEUS, "the cluster's name", c->name, e);
    for (const struct host *h = NULL; rc == 0 && (h = cluster_next(c, h, ROLE_ANY));)
        rc = word_check(SYNTAX_PROMETHEUS, "a host's name", h->name, e);
    return rc;
}

static void want_config(struct catalog *cat, const char *path, const char *text,
                        enum file_check check)
{
    struct resource *file =
        want_file(cat, path, (struct res_file){.content = text, .check = check, .backup = true});
    file->notify = PROMETHEUS_UNIT;
    file->notify_how = NOTIFY_RELOAD;
    file->costless = true;
}

/* The rules first: who checks the configuration looks at them too. */
static int declare_prometheus(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    if (check_words(c, e) < 0)
        return -1;
    const char *rules = monitoring_rules(cat, e), *config = NULL;
    if (rules)
        config = catalog_render(cat, "prometheus.yml.tmpl",
                                json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "cluster", c->name,
                                          "host", cat->host->name, "rules", PROMETHEUS_RULES,
                                          "interval", (int)c->monitoring.interval_s, "port",
                                          PROMETHEUS_PORT, "jobs", jobs(c)),
                                e);
    if (!config)
        return -1;
    want_config(cat, PROMETHEUS_RULES, rules, FILE_CHECK_PROMETHEUS_RULES);
    want_config(cat, PROMETHEUS_YML, config, FILE_CHECK_PROMETHEUS);
    want_service(cat, PROMETHEUS_UNIT, (struct res_service){0})->costless = true;
    return 0;
}

static int declare(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    if (exporter_runs(c, EXPORTER_NODE, cat->host))
        want_service(cat, NODE_EXPORTER_UNIT, (struct res_service){0})->costless = true;
    if (exporter_runs(c, EXPORTER_NGINX, cat->host))
        want_service(cat, NGINX_EXPORTER_UNIT, (struct res_service){0})->costless = true;
    return cat->host == monitoring_host(c) ? declare_prometheus(cat, e) : 0;
}

const struct module module_monitoring = {
    .name = "monitoring",
    .summary = "Prometheus, its exporters, and alerts that name the host at fault",
    .roles = ROLE_ANY,
    .declare = declare,
};
