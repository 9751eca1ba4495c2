#pragma once
/* Reading an inventory: file -> JSON -> table-driven decoding -> cross-host checks -> cluster. */
#include "base/err.h"
#include "base/vec.h"
#include "inventory/cluster.h"

enum {
    INVENTORY_MAX_BYTES = 64 * 1024 * 1024, /* 100,000 hosts need about 15 MB */
    INVENTORY_MAX_DEPTH = 16,               /* the model itself needs 5 */
};

/* One complaint about an inventory. */
struct diagnostic {
    unsigned line, column;  /* from 1; column in characters */
    char *pointer;          /* RFC 6901 JSON pointer, "" for the whole file */
    char *message;          /* what is wrong and why */
    char *hint;             /* what to do, or NULL */
};

struct diagnostics {
    VEC(struct diagnostic) list; /* in file order */
};

/*
 * The cluster, or NULL with every complaint in `diags` (and a one-line summary in `e`, code
 * ERR_INVENTORY; ERR_SYSTEM when the file can't be read, with no diagnostics). Touches no network.
 * The caller frees the cluster with cluster_free() and diags with diagnostics_free().
 */
struct cluster *inventory_load(const char *path, struct diagnostics *diags, struct err *e);

/* The same from memory; `name` is what messages call it; relative paths are taken from `base_dir`. */
struct cluster *inventory_parse(const char *text, size_t len, const char *name, const char *base_dir,
                                struct diagnostics *diags, struct err *e);

void diagnostics_free(struct diagnostics *d);

/* The JSON Schema (2020-12) of the very tables that decode; the caller frees it. */
char *inventory_json_schema(void);
