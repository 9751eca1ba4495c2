#pragma once
/*
 * Does a version of keepalived know what a configuration says? For versions whose daemon cannot be
 * asked (`keepalived -t`), and for tests of what is rendered for any. The keywords are those that our
 * template uses and their likes, not all that keepalived has.
 */
#include "base/err.h"
#include "engine/os.h"

/* The first line that the version would ignore, refuse, cut or round. 0, or -1 with an error. */
int keepalived_lint(const char *text, struct version v, struct err *e);
