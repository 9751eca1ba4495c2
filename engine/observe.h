#pragma once
/* Observation: what is. One record of the same type for each resource of the catalog. */
#include "base/err.h"
#include "engine/catalog.h"

struct script;

struct observation {
    const struct catalog *catalog;
    struct resource *have; /* one for each catalog entry, same index */
    struct arena arena;
};

void observation_init(struct observation *o, const struct catalog *c);
/* The script that observes everything in the catalog. */
void observe_script(struct script *s, const struct catalog *c);
/* The shell functions that the types in the catalog use: once in every script. */
void observe_functions(struct script *s, const struct catalog *c);
/* The fragment that observes one resource again, after a step. */
void observe_one(struct script *s, const struct resource *r);
/* Forget what is known of one resource, before it is observed again. */
void observation_clear(struct observation *o, size_t index);
/* Take one record "INDEX FIELD VALUE" of the script's output. */
int observe_record(struct observation *o, char *record, struct err *e);
void observation_free(struct observation *o);
