#pragma once
/* From bytes to a JSON tree, with every complaint that can be made before its meaning is known. */
#include <jansson.h>

#include "inventory/diagnostics.h"

/*
 * NULL, with one complaint, when the text is no JSON. Duplicate keys make a complaint each, and the
 * tree still comes, with the last of them. The caller owns the tree.
 */
json_t *inventory_json(const char *text, size_t len, struct diagnostics *diags);
