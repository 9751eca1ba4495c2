#pragma once
/*
 * The directory of --out: DIR/HOST/PATH, every file 0600 and replaced atomically. A file in it,
 * ".clusterctl-out", names what we wrote: a directory that holds anything and has no such file is
 * not ours and is refused; what an earlier run wrote and this one did not is removed.
 */
#include <stddef.h>

#include "base/err.h"

struct outdir;

struct outdir *outdir_open(const char *path, struct err *e);
/* `path` is absolute: the path of the file on the host. */
int outdir_write(struct outdir *d, const char *host, const char *path, const char *text, size_t len,
                 struct err *e);
/* Write down what is ours and remove what an earlier run left behind. */
int outdir_commit(struct outdir *d, struct err *e);
void outdir_free(struct outdir *d);
