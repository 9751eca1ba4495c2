#pragma once
/*
 * A module turns a part of the inventory into resources of a host's catalog. It is pure: it looks
 * at the catalog's cluster, host and facts, and does no I/O.
 */
#include "engine/catalog.h"

struct module {
    const char *name;
    const char *summary;
    unsigned roles; /* enum role bits of the hosts it applies to */
    int (*declare)(struct catalog *cat, struct err *e);
};

/* The registry, in the order in which catalogs are filled; ends with a NULL name. */
struct module_table {
    const struct module *const *list; /* NULL-terminated */
};

/* Fill a catalog for cat->host by every module that applies. */
int modules_declare(const struct module_table *modules, struct catalog *cat, struct err *e);
