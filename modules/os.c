#include "modules/os.h"

#include <stddef.h>

#define NAMES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

/* Debian 12: package and unit names and versions from its own packages. */
static const struct os_names debian = {
    .director = NAMES("ipvsadm", "keepalived"),
    .director_pair = NAMES("nftables"),
    .real_server = NAMES("nginx"),
    .nfs_client = NAMES("nfs-common"),
    .nfs_server = NAMES("nfs-kernel-server"),
    .node_exporter = NAMES("dbus", "prometheus-node-exporter"), /* dbus: its systemd collector */
    .nginx_exporter = NAMES("prometheus-nginx-exporter"),
    .prometheus = NAMES("prometheus"),
    .nfs_service = "nfs-server.service", /* nfs-kernel-server.service is a link to it */
    .keepalived = {2, 2, 7},
};

const struct os_names *os_names(const struct facts *f, struct err *e)
{
    switch (f->family) {
    case OS_DEBIAN: return &debian;
    case OS_UNKNOWN: break;
    }
    err_set(e, ERR_FAILED, "%s is not supported", f->os_pretty ? f->os_pretty : "this system");
    err_hint(e, "clusterctl knows Debian 12");
    return NULL;
}
