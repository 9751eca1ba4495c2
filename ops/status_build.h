#pragma once
/* A report from looks. Pure: nothing here asks anybody. Internal to ops/. */
#include "ops/look.h"

/* What the parts of a report are made from. */
struct build {
    struct status_report *out;
    const struct cluster *cluster;
    const struct look *const *looks; /* by index_in_cluster; NULL: still being asked */
    int64_t now_ms;
};

/* `waited_ms`: for how long a host without a look has been asked. */
void status_build(struct status_report *out, const struct cluster *c,
                  const struct look *const *looks, const int64_t *waited_ms, int64_t now_ms);

void build_services(struct build *b);     /* status_table.c; after the VIPs */
void build_real_servers(struct build *b); /* status_servers.c */
void build_exports(struct build *b);
void build_problems(struct build *b); /* status_problems.c; after all else */

/* The look of a host that has answered, or NULL. */
const struct look *build_look(const struct build *b, const struct host *h);
/* Remote text in the report's arena, safe to print, at most `max` bytes of it. */
const char *build_shown(const struct build *b, const char *s, size_t max);
/* A unit of a host that has answered, or NULL when it is not wanted there. */
const struct status_unit *build_unit(const struct build *b, const struct host *h, const char *name);
/* Append ", " unless empty, and the text. */
void build_list(struct strbuf *sb, const char *s);
