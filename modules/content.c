#include <string.h>

#include "modules/registry.h"
#include "modules/share.h"

/* Two servers may share an index file, but not with two texts. */
static int want_page(struct catalog *cat, const char *dir, const struct host *server, struct err *e)
{
    const char *path = arena_printf(&cat->arena, "%s/%s", dir, server->index);
    const char *text = arena_printf(&cat->arena, "%s\n", server->page);
    const struct resource *same = catalog_find(cat, RES_FILE, path);
    if (same && strcmp(same->file.content, text) != 0) {
        err_set(e, ERR_INVENTORY, "host \"%s\" and another one have different pages for %s",
                server->name, path);
        return err_hint(e, "give each host an \"index\" of its own");
    }
    if (!same)
        want_file(cat, path, (struct res_file){.content = text, .seed = true});
    return 0;
}

/*
 * The directory that is served and its first pages, where they live: on the NFS host for everyone,
 * without one on each real server. Pages are seeds: once there they are their author's.
 */
static int declare(struct catalog *cat, struct err *e)
{
    const struct cluster *c = cat->cluster;
    const struct nfs *nfs = &c->nfs;
    bool shared = share_is_nfs(c);
    const char *dir = shared ? nfs->export_path : nfs->mount_path;
    if (shared != !!(cat->host->roles & ROLE_NFS))
        return 0;
    want_dir(cat, dir,
             (struct res_dir){.owner = nfs->owner, .group = nfs->group, .mode = nfs->mode});
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));)
        if (h->page && (shared || h == cat->host) && want_page(cat, dir, h, e) < 0)
            return -1;
    return 0;
}

const struct module module_content = {
    .name = "content",
    .summary = "the served directory and its first pages",
    .roles = ROLE_NFS | ROLE_REAL_SERVER,
    .declare = declare,
};
