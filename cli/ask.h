#pragma once
/* A question to the operator before something is done. */
#include <stddef.h>

#include "base/err.h"
#include "cli/term.h"

/* Wait for a line of the terminal's, which is cut to `size`; -1 with ERR_INTERRUPTED. */
int ask_line(char *buf, size_t size, struct err *e);
/*
 * Print `question` on standard error and wait for a line. 0: it was "y" or "yes"; -1: anything else,
 * an interruption, or (ERR_USAGE) nobody is at standard input, which then needs `option`.
 */
int ask_yes(const char *question, const char *option, struct err *e);
