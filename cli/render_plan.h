#pragma once
/* A plan as text with diffs, or as JSON. */
#include <stdio.h>

#include "cli/term.h"
#include "engine/run.h"

/* What a dry run found, in numbers. */
struct plan_totals {
    size_t changes, blocked, hosts_changed, hosts_unknown;
    enum impact impact;
};

/* Count one host's result in. */
void plan_total(struct plan_totals *t, const struct host_result *hr);
/* The host's part of a dry run's output. */
void print_plan(FILE *f, const struct style *st, const struct host_result *hr);
/* Its last line. */
void print_totals(FILE *f, const struct plan_totals *t);

/* Fields "changes", "blocked", "impact", "steps" of the open object. */
void json_plan(struct strbuf *sb, const struct plan *p);
void json_step(struct strbuf *sb, const char *key, const struct step *s, size_t no, size_t of,
               bool with_diff);
