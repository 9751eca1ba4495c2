#pragma once
/* What every test file here needs. cmocka.h wants the first four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/load.h"

/* The whole of a file, or the test fails. The caller frees it. */
static inline char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("cannot open %s", path);
    struct strbuf sb = {0};
    char buf[4096];
    for (size_t n; (n = fread(buf, 1, sizeof buf, f)) > 0;)
        sb_addn(&sb, buf, n);
    fclose(f);
    return sb_detach(&sb);
}

/* The checkout, from the environment that meson.build sets. */
static inline char *source_path(const char *file)
{
    const char *root = getenv("SOURCE_ROOT");
    struct strbuf sb = {0};
    sb_addf(&sb, "%s/%s", root ? root : ".", file);
    return sb_detach(&sb);
}
