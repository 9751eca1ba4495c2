#pragma once
/*
 * --facts FILE: what hosts are, said instead of looked at. A JSON object:
 *
 *     { "all":   { "os_id": "rocky", "os_version": "9" },
 *       "roles": { "director": { "keepalived": "2.2.8", "interface": "ens192" } },
 *       "hosts": { "LVS-node01": { "keepalived": "2.1.5" } } }
 *
 * Each part may be left out; what is said of a host comes before what is said of its role, and that
 * before what is said of all.
 */
#include "engine/facts.h"

/* What is given of each host, by index_in_cluster; NULL: the file is no good. Everything of it is a's. */
const struct facts_given *facts_file_load(const char *path, const struct cluster *c,
                                          struct arena *a, struct err *e);
