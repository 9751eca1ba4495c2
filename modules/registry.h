#pragma once
/* Every module, in the order in which a host's catalog is filled. */
#include "engine/module.h"

extern const struct module_table module_table;
/* Drain and hand over: what is wished for (run_scope.wishes), and nothing else. */
extern const struct module_table module_table_drain;

extern const struct module module_hostname, module_network, module_arp, module_packages, module_selinux,
    module_ipvs, module_firewall, module_content, module_nfs_export, module_nfs_mount, module_nginx,
    module_vip, module_sync, module_keepalived, module_exporters, module_metrics, module_monitoring,
    module_members;
