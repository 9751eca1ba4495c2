#pragma once
/* What the types that write files (file, block) and look at them (dir too) share. */
#include "engine/restype.h"

/*
 * Shell: ob_content INDEX PATH, put_file and edit_block. A file is written beside its target, made
 * durable, checked by its own program, and renamed: at no moment is there half a file.
 */
extern const char putfile_functions[];

/* One stat(1) for many paths: records "TYPE:PATH stat MODE OWNER GROUP KIND". */
void putfile_stat(struct script *s, const char *type, const struct resource *const *list, size_t n);

/* The record "INDEX content BASE64" of a regular file. */
void putfile_content(struct script *s, const struct resource *r);

struct file_stat {
    unsigned mode;
    const char *owner, *group;
    bool regular, directory;
};
int putfile_parse_stat(struct arena *a, char *value, struct file_stat *out, struct err *e);

/* A record's base64 into a NUL-terminated text; files with NUL bytes are refused. */
int putfile_parse_content(struct arena *a, const char *value, const char **text, size_t *len,
                          struct err *e);

/* The words MODE OWNER:GROUP. */
void putfile_mode(struct script *s, unsigned mode, const char *owner, const char *group);

/* The words CHECK UNIT HOW RELOADD that put_file and edit_block take for checks and notifications. */
void putfile_args(struct script *s, const struct resource *want, enum file_check check,
                  bool daemon_reload);

/* ` <<'EOF'` with text in base64: nothing in a file can end a here-document early. */
void putfile_heredoc(struct script *s, const char *text, size_t len);

/* Impact that a change of a file has through what it notifies. */
enum impact putfile_impact(const struct resource *want);
