#include "modules/registry.h"
#include "modules/share.h"

/* Without httpd_use_nfs nginx gets "permission denied" from the share (httpd_selinux(8)). */
static int declare(struct catalog *cat, struct err *e)
{
    enum selinux_mode mode = cat->facts->selinux;
    enum selinux_policy policy = cat->cluster->selinux;
    if (mode != SELINUX_IS_PERMISSIVE && mode != SELINUX_ENFORCING)
        return 0;
    if (policy == SELINUX_PERMISSIVE && mode == SELINUX_ENFORCING) {
        err_set(e, ERR_FAILED, "SELinux is enforcing, and turning that off is not supported yet");
        return err_hint(e,
                        "set selinux to \"manage\", or run `setenforce 0` and set it to \"leave\"");
    }
    if (policy == SELINUX_MANAGE && share_is_nfs(cat->cluster))
        want_sebool(cat, "httpd_use_nfs");
    return 0;
}

const struct module module_selinux = {
    .name = "selinux",
    .summary = "SELinux lets nginx read the share",
    .roles = ROLE_REAL_SERVER,
    .declare = declare,
};
