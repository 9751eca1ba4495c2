#include "modules/registry.h"
#include "modules/share.h"

static int declare(struct catalog *cat, struct err *e)
{
    enum selinux_mode mode = cat->facts->selinux;
    enum selinux_policy policy = cat->cluster->selinux;
    const struct os *os = cat->facts->release->os;
    bool off = policy == SELINUX_PERMISSIVE || policy == SELINUX_DISABLED;
    bool on = mode == SELINUX_IS_PERMISSIVE || mode == SELINUX_ENFORCING;
    (void)e;
    /* Where it is off now, a boot may bring it: its configuration says, or RHEL's default. */
    if (off && (mode != SELINUX_ABSENT || os->family == OS_EL))
        want_selinux(cat, policy, policy == SELINUX_DISABLED && os->selinux_arg);
    /* Without httpd_use_nfs nginx gets "permission denied" from the share (httpd_selinux(8)). */
    if (policy == SELINUX_MANAGE && on && cat->host->roles & ROLE_REAL_SERVER &&
        share_is_nfs(cat->cluster))
        want_sebool(cat, "httpd_use_nfs");
    return 0;
}

const struct module module_selinux = {
    .name = "selinux",
    .summary = "SELinux lets nginx read the share, or is off",
    .roles = ROLE_DIRECTOR | ROLE_REAL_SERVER | ROLE_NFS,
    .declare = declare,
};
