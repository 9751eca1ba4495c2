#pragma once
/*
 * The table of resource types. A type's file holds its shell (functions that go once into a
 * script's prelude, and the calls), its parser and its diff:
 *
 *   observe   calls that print records `r INDEX FIELD VALUE` for `n` resources of this type
 *   parse     one record's FIELD and VALUE into the observed twin
 *   diff      zero or one step for want against have
 *   apply     shell that carries the step out and fails (set -e) when it does not take effect
 *
 * A type whose resources leave something behind also knows the way back (owned.h). Its shell `undo`
 * has two functions: pre_TYPE KEY ARG prints what is there before us, undo_TYPE KEY ARG BEFORE puts
 * that back. The second may be run again after it was cut off at any point, and "?" as BEFORE means
 * that nobody looked.
 *
 *   own_arg   appends a word that both need besides the key; NULL: none ("-")
 *   gone      what undo_TYPE does, for the plan; false: nothing, by what was there before
 */
#include "engine/owned.h"
#include "engine/plan.h"
#include "engine/script.h"

struct res_ops {
    const char *name;
    const char *functions; /* POSIX shell functions, or NULL */
    void (*observe)(struct script *s, const struct resource *const *list, size_t n);
    int (*parse)(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e);
    void (*diff)(struct plan *p, const struct resource *want, const struct resource *have);
    void (*apply)(struct script *s, const struct step *step);
    const char *undo; /* NULL: nothing of this type is owned */
    void (*own_arg)(struct strbuf *arg, const struct resource *want);
    bool (*gone)(struct strbuf *words, const struct owned *o, enum impact *impact);
};

const struct res_ops *res_ops(enum res_type t);
/* res_selinux.c: has it been told to the next boot only? */
bool selinux_wants_boot(const struct resource *want, const struct resource *have);

extern const struct res_ops res_hostname_ops, res_packages_ops, res_port_ops, res_dir_ops,
    res_file_ops, res_block_ops, res_sysctl_ops, res_kmod_ops, res_address_ops, res_firewall_ops,
    res_sebool_ops, res_selinux_ops, res_export_ops, res_mount_ops, res_service_ops, res_network_ops,
    res_confirm_ops, res_owned_ops;
