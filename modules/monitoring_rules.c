#include <string.h>

#include "inventory/monitoring.h"
#include "modules/monitoring.h"
#include "modules/share.h"
#include "modules/words.h"

/*
 * An alert fires at the third evaluation that finds it, two intervals after the first. Rates need
 * some samples, and a minute of them so that one of keepalived's checks more or less is nothing.
 */
enum { CONFIRM_INTERVALS = 2, RATE_INTERVALS = 4, RATE_AT_LEAST_S = 60 };

static json_t *vips(const struct cluster *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_vips; i++) {
        char buf[IPADDR_STRLEN];
        json_array_append_new(list, json_string(ipaddr_str(&c->vips[i], buf)));
    }
    return list;
}

/* Each real server of each service, as a director's table has it. */
static json_t *members(const struct cluster *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_services; i++)
        for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));) {
            const struct service *s = &c->services[i];
            char vip[IPADDR_STRLEN], address[IPADDR_STRLEN];
            json_array_append_new(list,
                                  json_pack("{s:s, s:i, s:s, s:s, s:s}", "vip",
                                            ipaddr_str(&s->vip, vip), "port", (int)s->port, "proto",
                                            s->protocol == PROTO_TCP ? "TCP" : "UDP", "address",
                                            ipaddr_str(&h->address, address), "host", h->name));
        }
    return list;
}

/* nginx counts the connections of all services together: one that goes by weights alone. */
static json_t *spread(const struct cluster *c, struct arena *a)
{
    const struct service *s = &c->services[0];
    size_t directors = cluster_count(c, ROLE_DIRECTOR);
    char vip[IPADDR_STRLEN];
    if (c->n_services != 1 || s->protocol != PROTO_TCP || s->persistence_s ||
        (strcmp(s->scheduler, "rr") != 0 && strcmp(s->scheduler, "wrr") != 0))
        return json_null();
    /* The directors' checks of one server, connections in a thousand seconds. */
    unsigned checks = (unsigned)(directors * 1000 * 1000 / s->check.interval_ms);
    return json_pack("{s:s, s:i, s:s}", "vip", ipaddr_str(&s->vip, vip), "port", (int)s->port,
                     "checks", seconds_str(a, checks));
}

static bool has_nginx(const struct cluster *c)
{
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));)
        if (exporter_runs(c, EXPORTER_NGINX, h))
            return true;
    return false;
}

const char *monitoring_rules(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    const struct os *os = cat->facts->release->os;
    unsigned interval = c->monitoring.interval_s, window = RATE_INTERVALS * interval;
    return catalog_render(cat, "prometheus.rules.tmpl",
                          json_pack("{s:s, s:i, s:i, s:o, s:o, s:o, s:b, s:s?}", "cluster", c->name,
                                    "confirm", (int)(CONFIRM_INTERVALS * interval), "window",
                                    (int)(window < RATE_AT_LEAST_S ? RATE_AT_LEAST_S : window),
                                    "vips", vips(c), "members", members(c), "spread",
                                    spread(c, &cat->arena), "nginx", has_nginx(c), "nfs",
                                    share_is_nfs(c) ? os->nfs_service : NULL),
                          e);
}
