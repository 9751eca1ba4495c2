#include "inventory/monitoring.h"
#include "modules/monitoring.h"
#include "modules/registry.h"

/* node_exporter's collectors, by the roles of the hosts that have what they look at. */
static const struct {
    const char *name;
    unsigned roles;
} collectors[] = {
    {"cpu", ROLE_ANY},         {"diskstats", ROLE_ANY}, {"filesystem", ROLE_ANY},
    {"loadavg", ROLE_ANY},     {"meminfo", ROLE_ANY},   {"netdev", ROLE_ANY},
    {"stat", ROLE_ANY},        {"systemd", ROLE_ANY},   {"textfile", ROLE_ANY},
    {"uname", ROLE_ANY},       {"ipvs", ROLE_DIRECTOR}, {"mountstats", ROLE_REAL_SERVER},
    {"nfs", ROLE_REAL_SERVER}, {"nfsd", ROLE_NFS},
};

static json_t *collectors_of(const struct host *h)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(collectors); i++)
        if (h->roles & collectors[i].roles)
            json_array_append_new(list, json_string(collectors[i].name));
    return list;
}

/* The units that somebody may ask about; what a host does not have is none of its metrics. */
static json_t *units(void)
{
    return json_pack("[s, s, s, s, s]", "keepalived", "nginx", "nfs-server", "prometheus.*", "ssh");
}

static int drop_in(struct catalog *cat, const char *unit, const char *template, json_t *data,
                   struct err *e)
{
    json_object_set_new(data, "cluster", json_string(cat->cluster->name));
    const char *text = catalog_render(cat, template, data, e);
    if (!text)
        return -1;
    struct resource *file =
        want_file(cat, arena_printf(&cat->arena, "/etc/systemd/system/%s.d/clusterctl.conf", unit),
                  (struct res_file){.content = text, .daemon_reload = true});
    file->notify = unit;
    file->notify_how = NOTIFY_RESTART;
    file->costless = true;
    return 0;
}

static json_t *listen_at(const struct catalog *cat, unsigned exporter)
{
    char address[IPADDR_STRLEN], monitor[IPADDR_STRLEN];
    ipaddr_str(&cat->host->address, address);
    ipaddr_str(&monitoring_host(cat->cluster)->address, monitor);
    return json_pack("{s:s, s:i, s:s}", "address", address, "port", (int)exporters[exporter].port,
                     "monitor", monitor);
}

/* Where the daemons listen, and what they look at: there before they are. */
static int declare(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    if (exporter_runs(c, EXPORTER_NODE, cat->host)) {
        json_t *data = listen_at(cat, EXPORTER_NODE);
        json_object_set_new(data, "collectors", collectors_of(cat->host));
        json_object_set_new(data, "units", units());
        if (drop_in(cat, NODE_EXPORTER_UNIT, "node-exporter.dropin.tmpl", data, e) < 0)
            return -1;
    }
    if (exporter_runs(c, EXPORTER_NGINX, cat->host)) {
        json_t *data = listen_at(cat, EXPORTER_NGINX);
        json_object_set_new(data, "status_port", json_integer(STUB_STATUS_PORT));
        if (drop_in(cat, NGINX_EXPORTER_UNIT, "nginx-exporter.dropin.tmpl", data, e) < 0)
            return -1;
    }
    if (cat->host != monitoring_host(c))
        return 0;
    return drop_in(cat, PROMETHEUS_UNIT, "prometheus.dropin.tmpl",
                   json_pack("{s:s, s:i, s:i}", "config", PROMETHEUS_YML, "port", PROMETHEUS_PORT,
                             "retention", (int)c->monitoring.retention_days),
                   e);
}

const struct module module_exporters = {
    .name = "exporters",
    .summary = "where Prometheus and its exporters listen, before they are installed",
    .roles = ROLE_ANY,
    .declare = declare,
};
