#pragma once
/* One file that the operator named, whole or not at all: written beside its place, then renamed. */
#include <stddef.h>

#include "base/err.h"

int outfile_write(const char *path, const char *text, size_t len, struct err *e);
