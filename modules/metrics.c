#include "base/quote.h"
#include "engine/paths.h"
#include "modules/registry.h"
#include "modules/share.h"

#define METRICS_SH "/etc/clusterctl/metrics.sh"
#define UNIT "clusterctl-metrics.service"

/* Debian's directory for node_exporter's textfile collector. */
#define TEXTFILE "/var/lib/prometheus/node-exporter/clusterctl.prom"

/* Seconds between two looks: no scrape may be faster than 2 s, nobody needs one. */
enum { EVERY_S = 5, EVERY_AT_LEAST_S = 2 };

static json_t *data(struct catalog *cat)
{
    const struct cluster *c = cat->cluster;
    unsigned interval = c->monitoring.interval_s;
    unsigned every = interval < EVERY_S ? EVERY_AT_LEAST_S : EVERY_S;
    bool mounts = (cat->host->roles & ROLE_REAL_SERVER) && share_is_nfs(c);
    json_t *vips = json_array();
    autosb struct strbuf mount = {0};
    for (size_t i = 0; i < c->n_vips; i++) {
        char buf[IPADDR_STRLEN];
        json_array_append_new(vips, json_string(ipaddr_str(&c->vips[i], buf)));
    }
    quote_sh(&mount, c->nfs.mount_path);
    json_t *j = json_pack("{s:s, s:s, s:s, s:i, s:b, s:o}", "cluster", c->name, "textfile",
                          TEXTFILE, "run_dir", RUN_DIR, "every", (int)every, "director",
                          (cat->host->roles & ROLE_DIRECTOR) != 0, "vips", vips);
    if (mounts)
        json_object_set_new(j, "mount", json_pack("{s:s}", "quoted", sb_str(&mount)));
    return j;
}

/* keepalived starts it, so it is there before keepalived reads its name. */
static int declare_notify(struct catalog *cat, struct err *e)
{
    const char *text = catalog_render(
        cat, "vrrp-notify.sh.tmpl",
        json_pack("{s:s, s:s}", "cluster", cat->cluster->name, "run_dir", RUN_DIR), e);
    if (!text)
        return -1;
    want_file(cat, VRRP_NOTIFY_SH, (struct res_file){.content = text});
    return 0;
}

/* What no exporter knows: who holds the VIPs, the VRRP state, whether the share answers. */
static int declare(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    if (!c->monitoring.wanted || (!(cat->host->roles & ROLE_DIRECTOR) && !share_is_nfs(c)))
        return 0;
    if ((cat->host->roles & ROLE_DIRECTOR) && declare_notify(cat, e) < 0)
        return -1;
    const char *script = catalog_render(cat, "metrics.sh.tmpl", data(cat), e), *unit = NULL;
    if (script)
        unit = catalog_render(cat, "metrics.service.tmpl",
                              json_pack("{s:s, s:s}", "cluster", c->name, "script", METRICS_SH), e);
    if (!unit)
        return -1;
    struct resource *files[] = {
        want_file(cat, METRICS_SH, (struct res_file){.content = script}),
        want_file(
            cat, "/etc/systemd/system/" UNIT,
            (struct res_file){.content = unit, .daemon_reload = true, .check = FILE_CHECK_SYSTEMD}),
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        files[i]->notify = UNIT;
        files[i]->notify_how = NOTIFY_RESTART;
        files[i]->costless = true;
    }
    want_service(cat, UNIT, (struct res_service){0})->costless = true;
    return 0;
}

const struct module module_metrics = {
    .name = "metrics",
    .summary = "the VRRP state, the VIPs and the share in words that Prometheus understands",
    .roles = ROLE_DIRECTOR | ROLE_REAL_SERVER,
    .declare = declare,
};
