#pragma once
/* One file that the operator named, whole or not at all: written beside its place, then renamed. */
#include <stddef.h>

#include "base/err.h"

/* All of it, or -1 with errno. */
int outfile_write_all(int fd, const char *text, size_t len);
/* Could it be written? For a command whose work would be lost if not. Leaves nothing behind. */
int outfile_check(const char *path, struct err *e);
int outfile_write(const char *path, const char *text, size_t len, struct err *e);
