#pragma once
/*
 * The operator's own journal: two JSON lines for each run that was to change hosts, one when it
 * begins and one when it has ended, in $CLUSTERCTL_JOURNAL (empty: none), else
 * clusterctl/journal.jsonl in $XDG_STATE_HOME or ~/.local/state.
 */
#include "base/err.h"
#include "base/strbuf.h"

/* Append the object `line` (without its newline) and make it durable. */
int journal_append(const struct strbuf *line, struct err *e);
