#pragma once
/* A file that is in memory alone, for parsers that take a path. */
#include <stddef.h>

/* The path of a regular file with this content, the same one each time. Only its owner may read it.
 */
const char *fuzz_file(const void *data, size_t size);
