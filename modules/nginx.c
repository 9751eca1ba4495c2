#include "inventory/monitoring.h"
#include "modules/registry.h"
#include "modules/share.h"
#include "modules/words.h"

/* nginx' form: an IPv6 address goes in brackets. */
static json_t *address(const struct ipaddr *a)
{
    char buf[IPADDR_STRLEN];
    return json_sprintf(a->family == AF_INET6 ? "[%s]" : "%s", ipaddr_str(a, buf));
}

static json_t *listen_on(const struct ipaddr *a, unsigned port)
{
    return json_pack("{s:o, s:i}", "address", address(a), "port", (int)port);
}

/* One wildcard a port, then the own address and the VIPs; see the template for why both. */
static json_t *data(struct catalog *cat)
{
    const struct cluster *c = cat->cluster;
    json_t *ports = json_array(), *listens = json_array(), *names = json_array();
    size_t n;
    const struct port *list = service_ports(cat, &n);
    for (size_t i = 0; i < n; i++) {
        if (list[i].protocol != PROTO_TCP)
            continue;
        json_array_append_new(ports, json_integer(list[i].port));
        json_array_append_new(listens, listen_on(&cat->host->address, list[i].port));
        for (size_t k = 0; k < c->n_vips; k++)
            json_array_append_new(listens, listen_on(&c->vips[k], list[i].port));
    }
    for (size_t k = 0; k < c->n_vips; k++)
        json_array_append_new(names, address(&c->vips[k]));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:s}", "cluster", c->name, "host",
                     cat->host->name, "ports", ports, "listens", listens, "names", names, "root",
                     c->nfs.mount_path, "index", cat->host->index);
}

/* For the exporter on the same machine. */
static int declare_status(struct catalog *cat, struct err *e)
{
    if (!exporter_runs(cat->cluster, EXPORTER_NGINX, cat->host))
        return 0;
    const char *text = catalog_render(
        cat, "nginx-status.conf.tmpl",
        json_pack("{s:s, s:i}", "cluster", cat->cluster->name, "status_port", STUB_STATUS_PORT), e);
    if (!text)
        return -1;
    struct resource *conf =
        want_file(cat, "/etc/nginx/conf.d/clusterctl-status.conf",
                  (struct res_file){.content = text, .check = FILE_CHECK_NGINX});
    conf->notify = "nginx.service";
    conf->notify_how = NOTIFY_RELOAD;
    return 0;
}

static int declare(struct catalog *cat, struct err *e)
{
    size_t n;
    const struct port *ports = service_ports(cat, &n);
    if (n && ports[0].protocol != PROTO_TCP)
        return 0; /* nothing that nginx could serve */
    if (word_check(SYNTAX_NGINX, "nfs.mount", cat->cluster->nfs.mount_path, e) < 0 ||
        word_check(SYNTAX_NGINX, "index", cat->host->index, e) < 0 ||
        word_check(SYNTAX_NGINX, "the host's name", cat->host->name, e) < 0)
        return -1;
    const char *text = catalog_render(cat, "nginx.conf.tmpl", data(cat), e);
    if (!text)
        return -1;
    struct resource *conf =
        want_file(cat, "/etc/nginx/conf.d/clusterctl.conf",
                  (struct res_file){.content = text, .check = FILE_CHECK_NGINX});
    conf->notify = "nginx.service";
    conf->notify_how = NOTIFY_RELOAD;
    if (declare_status(cat, e) < 0)
        return -1;
    want_service(cat, "nginx.service", (struct res_service){0});
    return 0;
}

const struct module module_nginx = {
    .name = "nginx",
    .summary = "nginx serves the content at its own address and the VIP",
    .roles = ROLE_REAL_SERVER,
    .declare = declare,
};
