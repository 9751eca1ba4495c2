#include "base/quote.h"
#include "modules/registry.h"
#include "modules/share.h"

/* Taken at start only: a running nfsd refuses new times. */
static int declare_times(struct catalog *cat, const struct os *os, struct err *e)
{
    const struct cluster *c = cat->cluster;
    json_t *data =
        json_pack("{s:s, s:i}", "cluster", c->name, "lease_time", (int)c->nfs.lease_s);
    if (nfs_is_v3(&c->nfs))
        json_object_set_new(data, "v3", json_true());
    const char *text = catalog_render(cat, "nfs.conf.tmpl", data, e);
    if (!text)
        return -1;
    struct resource *file =
        want_file(cat, "/etc/nfs.conf.d/clusterctl.conf", (struct res_file){.content = text});
    file->notify = os->nfs_service;
    file->notify_how = NOTIFY_RESTART;
    return 0;
}

/*
 * The real servers and nobody else. A blank between client and options would open the share to
 * everyone (exports(5)), so the whole line is put together here. The article's own lines for the
 * same path are taken out: exportfs would merge them with ours.
 */
static int declare(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    const struct os *os = cat->facts->release->os;
    const char *path = c->nfs.export_path;
    size_t n = 0;
    const char **clients =
        arena_array(&cat->arena, const char *, cluster_count(c, ROLE_REAL_SERVER) + 1);
    autosb struct strbuf quoted = {0}, line = {0};
    if (!path)
        return 0;
    quote_octal(&quoted, path);
    sb_add(&line, sb_str(&quoted));
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));) {
        char buf[IPADDR_STRLEN];
        clients[n] = arena_strdup(&cat->arena, ipaddr_str(&h->address, buf));
        sb_addf(&line, " %s(%s)", clients[n++], c->nfs.export_options);
    }
    sb_addc(&line, '\n');
    want_block(cat, "/etc/exports",
               (struct res_block){.content = arena_strdup(&cat->arena, sb_str(&line)),
                                  .drop_field = 1,
                                  .drop_value = arena_strdup(&cat->arena, sb_str(&quoted))});
    if (os->nfs_conf_d && declare_times(cat, os, e) < 0)
        return -1;
    want_service(cat, os->nfs_service, (struct res_service){0});
    want_export(cat, path,
                (struct res_export){.clients = clients, .options = c->nfs.export_options})
        ->provides = "exported";
    return 0;
}

const struct module module_nfs_export = {
    .name = "nfs-export",
    .summary = "the share is exported to the real servers",
    .roles = ROLE_NFS,
    .declare = declare,
};
