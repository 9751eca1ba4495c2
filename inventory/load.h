#pragma once
/* Reading an inventory: file -> JSON -> table-driven decoding -> cross-host checks -> cluster. */
#include "base/err.h"
#include "inventory/cluster.h"
#include "inventory/diagnostics.h"

enum {
    INVENTORY_MAX_BYTES = 64 * 1024 * 1024, /* 100,000 hosts need about 15 MB */
    INVENTORY_MAX_DEPTH = 16,               /* the model itself needs 5 */
};

/*
 * The cluster, or NULL with every complaint in `diags` (and a one-line summary in `e`, code
 * ERR_INVENTORY; ERR_SYSTEM when the file can't be read, with no diagnostics). Touches no network.
 * The caller frees the cluster with cluster_free() and diags with diagnostics_free().
 */
struct cluster *inventory_load(const char *path, struct diagnostics *diags, struct err *e);

/* The same from memory; `name` is what messages call it; relative paths start at `base_dir`. */
struct cluster *inventory_parse(const char *text, size_t len, const char *name,
                                const char *base_dir, struct diagnostics *diags, struct err *e);

/*
 * The same for one that a host has kept. Of sources of secrets only those count that `own` takes for the
 * same field; log-in secrets are not taken from it at all.
 */
struct cluster *inventory_parse_kept(const char *text, size_t len, const char *name,
                                     const char *base_dir, const struct cluster *own,
                                     struct diagnostics *diags, struct err *e);

/* The JSON Schema (2020-12) of the very tables that decode; the caller frees it. */
char *inventory_json_schema(void);
