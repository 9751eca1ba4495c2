#pragma once
/* Inside rules_nfs*.c: the server's side and the mounts'. */
#include "doctor/lines.h"

enum { NFS_PORT = 2049 }; /* all that NFSv4 needs (RFC 8881, 2.9) */

/* The host that everybody mounts from, or NULL. */
const struct host *nfs_server_of(const struct cluster *c);
/* Its answer; NULL: there is none to go by. */
const struct exam_host *nfs_server_asked(const struct exam *x);
/* Whether it says that its server runs and listens. */
bool nfs_serves(const struct exam_host *server);

/* The mounts' rules (rules_mount.c). */
void nfs_gather_client(struct script *s, const char *path, const struct host *server);
void nfs_firewalled(struct exam *x);
void nfs_mounted_elsewhere(struct exam *x);
void nfs_not_mounted(struct exam *x);
void nfs_stale(struct exam *x);
void nfs_mounted_read_only(struct exam *x);
void nfs_not_in_fstab(struct exam *x);
