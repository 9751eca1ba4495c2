#include "modules/registry.h"

/*
 * The order of a host's steps. What has reasons:
 *
 *   network     before everything that needs one: a host that loses its connection has lost nothing
 *               else, and has promised nothing to other hosts.
 *   arp         first of what matters: it needs no package, and on a machine whose real server
 *               answers ARP for the VIP nothing else works. Before vip in any case.
 *   packages    before everything that configures them; needs nothing from other hosts, so that
 *               all hosts install at once.
 *   exporters   before packages, which start their daemons at once: how they are to listen.
 *   selinux,    before the services that they would hinder.
 *   firewall
 *   content     before nfs_export, so that what is exported is never an empty directory.
 *   nfs_mount   before nginx, which serves from it.
 *   vip         last on a real server: from there on it "serves", and may be counted on.
 *   metrics     before keepalived, which starts a script of it.
 *   keepalived  last of what serves on a director; waits for the real servers.
 *   monitoring  nobody waits for it.
 *   members     last of all: see there.
 */
static const struct module *const list[] = {
    &module_hostname,
    &module_network,
    &module_arp,
    &module_exporters,
    &module_packages,
    &module_selinux,
    &module_ipvs,
    &module_firewall,
    &module_content,
    &module_nfs_export,
    &module_nfs_mount,
    &module_nginx,
    &module_vip,
    &module_metrics,
    &module_sync,
    &module_keepalived,
    &module_monitoring,
    &module_members,
    NULL,
};

const struct module_table module_table = {.list = list};
