#pragma once
/* From the lines of records to runs. Internal to ops/. */
#include "ops/history.h"

/* One host's lines as they came. */
struct record_line {
    const char *id, *json;
};
struct records {
    VEC(struct record_line) lines;
    size_t bytes;
    struct arena arena;
};
enum { RECORDS_MAX_LINES = 20000, RECORDS_MAX_BYTES = 8 * 1024 * 1024 };

/* "ID JSON". Lines of names that are no run's are dropped. */
int records_take(struct records *r, char *value, struct err *e);
void records_free(struct records *r);
/* `all` has an element for each host of the cluster. What makes no sense is left out. */
void history_build(struct history *out, const struct cluster *c, const struct records *all);
