#include "base/quote.h"
#include "modules/registry.h"
#include "modules/share.h"

/* "ADDRESS:/path MOUNTPOINT nfs OPTIONS 0 0" (fstab(5)); an IPv6 address goes in brackets. */
static const char *fstab_line(struct catalog *cat, const char *source)
{
    const struct nfs *nfs = &cat->cluster->nfs;
    autosb struct strbuf line = {0};
    quote_octal(&line, source);
    sb_addc(&line, ' ');
    quote_octal(&line, nfs->mount_path);
    sb_add(&line, " nfs ");
    quote_octal(&line, nfs->mount_options);
    sb_add(&line, " 0 0\n");
    return arena_strdup(&cat->arena, sb_str(&line));
}

static int declare(struct catalog *cat, struct err *e)
{
    const struct nfs *nfs = &cat->cluster->nfs;
    const struct host *server = share_host(cat->cluster);
    char buf[IPADDR_STRLEN];
    autosb struct strbuf quoted = {0};
    (void)e;
    if (!server)
        return 0;
    ipaddr_str(&server->address, buf);
    const char *source =
        arena_printf(&cat->arena, server->address.family == AF_INET6 ? "[%s]:%s" : "%s:%s", buf,
                     nfs->export_path);
    quote_octal(&quoted, nfs->mount_path);
    /* Owner and mode are those of the exported directory as soon as it is mounted: not ours. */
    want_dir(cat, nfs->mount_path, (struct res_dir){.any = true});
    want_block(cat, "/etc/fstab",
               (struct res_block){.content = fstab_line(cat, source),
                                  .drop_field = 2,
                                  .drop_value = arena_strdup(&cat->arena, sb_str(&quoted)),
                                  .check = FILE_CHECK_FSTAB});
    struct resource *mount = want_mount(
        cat, nfs->mount_path,
        (struct res_mount){.source = source, .fstype = "nfs", .options = nfs->mount_options});
    want_needs(cat, mount, server, "exported", false);
    return 0;
}

const struct module module_nfs_mount = {
    .name = "nfs-mount",
    .summary = "the share is mounted, now and at boot",
    .roles = ROLE_REAL_SERVER,
    .declare = declare,
};
