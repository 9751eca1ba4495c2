#pragma once
/* A catalog in words: what --offline prints. Deterministic to the byte. */
#include "base/strbuf.h"
#include "engine/catalog.h"

/* One line a resource, in the order in which they are made true. */
void list_catalog(struct strbuf *out, const struct catalog *c);
/* One resource without the newline. */
void list_resource(struct strbuf *out, const struct resource *r);
