#pragma once
/* Every module, in the order in which a host's catalog is filled. */
#include "engine/module.h"

extern const struct module_table module_table;
/* Drain and hand over: what is wished for (run_scope.wishes), and nothing else. */
extern const struct module_table module_table_drain;

/*
 * What is asked for with units (run_options.units), and nothing else: every unit that the modules
 * above want on the host runs, or is stopped. The second table only marks units as having to be
 * told of a change, which the first then does; a run that is cut off between them leaves it to the
 * next deploy.
 */
extern const struct module_table module_table_units, module_table_mark;

extern const struct module module_hostname, module_network, module_arp, module_packages, module_selinux,
    module_ipvs, module_firewall, module_content, module_nfs_export, module_nfs_mount, module_nginx,
    module_vip, module_sync, module_keepalived, module_exporters, module_metrics, module_monitoring,
    module_members;
