#pragma once
/* The table that embed.py writes from the files named in meson.build. */
#include <stddef.h>

struct embedded_template {
    const char *name;
    const char *text; /* not NUL-terminated */
    size_t len;
};

extern const struct embedded_template embedded_templates[]; /* sorted by name */
extern const size_t embedded_templates_n;
extern const char *const embedded_template_names[]; /* the same names, NULL-terminated */
