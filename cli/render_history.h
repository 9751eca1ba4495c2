#pragma once
/* The runs that hosts remember, for people and as JSON. */
#include <stdio.h>

#include "cli/term.h"
#include "ops/history.h"

void print_history(FILE *f, const struct style *st, const struct history *h);
/* One run with its steps. */
void print_run(FILE *f, const struct style *st, const struct history_run *r);
/* One object a line; `steps`: each host's steps too. */
void print_run_json(FILE *f, const struct history_run *r, bool steps);
/* "20261126T071500Z-3fa9 (deploy by anna@ops1)" */
void run_words(struct strbuf *out, const struct history_run *r);
