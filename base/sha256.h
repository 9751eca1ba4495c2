#pragma once
/* SHA-256 (FIPS 180-4) of text in memory, for telling two states of a file apart. */
#include <stddef.h>

enum { SHA256_HEX_LEN = 64 + 1 };

/* Lower-case hex, as sha256sum(1) prints it. Returns out. */
const char *sha256_hex(const void *data, size_t n, char out[static SHA256_HEX_LEN]);
