#pragma once
/* Unified diffs of small texts (configuration files), with 3 lines of context. */
#include "base/strbuf.h"

/*
 * Append a diff of `old` and `new` (NULL: the file does not exist). Nothing is appended when they are
 * equal. Files of more than UDIFF_MAX_LINES differing lines get one hunk that replaces everything.
 */
enum { UDIFF_MAX_LINES = 4000 };
void udiff(struct strbuf *out, const char *path, const char *old, const char *new);
