#pragma once
/*
 * The one table of operating systems: which releases clusterctl knows, and what things are called
 * on each. What differs between systems is a field here, not an `if` elsewhere.
 */
#include <stdbool.h>

#include "base/err.h"

struct version {
    unsigned major, minor, patch;
};
/* <0, 0, >0 */
int version_cmp(struct version a, struct version b);

enum os_family { OS_DEBIAN, OS_EL };
enum package_manager { PACKAGES_APT, PACKAGES_DNF, PACKAGES_YUM };

/* The paths and units of what packages bring. */
struct os {
    enum os_family family;
    enum package_manager manager;
    /* Packages, each a NULL-terminated list. NULL: the system has none that we know of. */
    const char *const *director, *const *director_pair, *const *real_server, *const *nfs_client, *const *nfs_server;
    const char *const *node_exporter, *const *nginx_exporter, *const *prometheus;
    const char *repository;  /* a package that brings the repository of nginx; NULL: not needed */
    const char *nfs_service; /* the unit itself: `systemctl is-enabled` says "alias" of an alias */
    bool nfs_conf_d;         /* nfsd's settings are read from /etc/nfs.conf.d */
    bool selinux_arg;        /* only its command line keeps SELinux out of a kernel (RHEL 9 on) */
    bool moved;              /* nft knows what templates/files/moved.nft.tmpl asks of it */
    bool sync_maxlen;        /* ipvsadm --sync-maxlen (1.28) */
};

/* A release: a row of the table. */
struct os_release {
    const char *ids;         /* os-release(5): ID; several, separated by blanks */
    unsigned oldest, newest; /* majors of VERSION_ID */
    const struct os *os;
    struct version keepalived; /* what it ships, for when a host can't tell yet */
};

/* What a host says of itself in /etc/os-release; any may be NULL. */
struct os_said {
    const char *id, *version, *like, *pretty;
};

/*
 * The row of what was found. With `assume`, for a release that is not in the table: the row of the
 * same ID or, by ID_LIKE, of the same family whose number is the nearest. NULL and an error, which
 * names what was found, for anything else.
 */
const struct os_release *os_find(const struct os_said *said, bool assume, struct err *e);

/* "apt", "dnf", "yum" */
const char *manager_name(enum package_manager m);
