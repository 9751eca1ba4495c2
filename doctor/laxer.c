/* What the inventory asks for, and the defaults would not: no fault of any host, but to be known.
 */
#include <string.h>
#include <sys/stat.h>

#include "doctor/nfs.h"
#include "doctor/rule.h"

static bool root_on_the_share(const struct cluster *c)
{
    return c->nfs.export_path && nfs_has_option(c->nfs.export_options, "no_root_squash");
}

/* root is nobody by root_squash, so that whoever makes nobody root undoes it. */
static bool nobody_is_root(const struct cluster *c)
{
    return c->nfs.export_path && nfs_has_option(c->nfs.export_options, "anonuid=0");
}

static bool nobody_is_in_roots_group(const struct cluster *c)
{
    return c->nfs.export_path && nfs_has_option(c->nfs.export_options, "anongid=0");
}

static bool anyone_writes(const struct cluster *c)
{
    return c->nfs.export_path && c->nfs.mode & S_IWOTH;
}

static bool the_group_writes(const struct cluster *c)
{
    return c->nfs.export_path && c->nfs.mode & S_IWGRP && !anyone_writes(c);
}

static bool any_port(const struct cluster *c)
{
    return c->nfs.export_path && nfs_has_option(c->nfs.export_options, "insecure");
}

static bool no_firewall(const struct cluster *c)
{
    return c->firewall == FIREWALL_DISABLE;
}

static bool no_selinux(const struct cluster *c)
{
    return c->selinux == SELINUX_PERMISSIVE;
}

static bool selinux_disabled(const struct cluster *c)
{
    return c->selinux == SELINUX_DISABLED;
}

static bool keys_on_trust(const struct cluster *c)
{
    for (size_t i = 0; i < c->n_hosts; i++)
        if (c->hosts[i].ssh.host_key == HOST_KEY_ACCEPT_NEW)
            return true;
    return false;
}

static bool plain_password(const struct cluster *c)
{
    return c->vrrp.version == 2 && c->vrrp.auth_pass;
}

static const struct {
    const char *id;
    bool (*asked)(const struct cluster *c);
    const char *text;
} laxer[] = {
    {"nfs.no-root-squash", root_on_the_share,
     "nfs.export_options has no_root_squash: root of any real server is root on the share"},
    {"nfs.anonuid", nobody_is_root,
     "nfs.export_options has anonuid=0: who is squashed, as root of any real server, is root on "
     "the share"},
    {"nfs.anongid", nobody_is_in_roots_group,
     "nfs.export_options has anongid=0: who is squashed, as root of any real server, is in root's "
     "group on the share"},
    {"nfs.mode", anyone_writes,
     "nfs.mode lets everybody write: any account of a real server can change what is served"},
    {"nfs.group-mode", the_group_writes,
     "nfs.mode lets the group write: any account of a real server that is in it can change what is "
     "served"},
    {"nfs.insecure", any_port,
     "nfs.export_options has insecure: any program of a real server can speak NFS, not only "
     "root's"},
    {"firewall.disabled", no_firewall,
     "firewall is \"disable\": whatever listens on a host can be reached"},
    {"selinux.permissive", no_selinux,
     "selinux is \"permissive\": a service that is broken into is not held back by it"},
    {"selinux.disabled", selinux_disabled,
     "selinux is \"disabled\": a service that is broken into is not held back by it, and files get no "
     "labels"},
    {"ssh.accept-new", keys_on_trust,
     "ssh.host_key is \"accept-new\": the first connection to a host is taken on trust"},
    {"vrrp.auth-pass", plain_password,
     "VRRP version 2 sends auth_pass in plain text: it keeps out accidents, not attackers"},
};

void exam_laxer(struct exam *x)
{
    for (size_t i = 0; i < ARRAY_LEN(laxer); i++)
        if (laxer[i].asked(x->cluster))
            *vec_push(&x->report->laxer) = (struct laxer){laxer[i].id, laxer[i].text};
}
