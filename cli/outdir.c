#include "cli/outdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "cli/outfile.h"

static const char manifest_name[] = ".clusterctl-out";
static const char manifest_head[] =
    "# Written by clusterctl: these files are replaced and removed.\n";

struct outdir {
    char *path;
    int fd;
    VEC(char *) before, now; /* relative paths */
};

/* A relative path that stays inside: not empty, no empty, "." or ".." component. */
static bool is_inside(const char *p)
{
    for (;;) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        if (!p[n])
            return true;
        p += n + 1;
    }
}

static int write_at(const struct outdir *d, const char *rel, const char *text, size_t len,
                    struct err *e)
{
    autosb struct strbuf tmp = {0};
    sb_addf(&tmp, "%s.clusterctl-tmp", rel);
    unlinkat(d->fd, sb_str(&tmp), 0);
    int fd = openat(d->fd, sb_str(&tmp), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, "cannot write %s/%s", d->path, rel);
    bool ok = outfile_write_all(fd, text, len) == 0;
    if (close(fd) < 0 || !ok || renameat(d->fd, sb_str(&tmp), d->fd, rel) < 0) {
        err_errno(e, "cannot write %s/%s", d->path, rel);
        unlinkat(d->fd, sb_str(&tmp), 0);
        return -1;
    }
    return 0;
}

/* 1: it is, 0: it is not, -1: it cannot be read. */
static int is_empty(const char *path, struct err *e)
{
    DIR *dir = opendir(path);
    struct dirent *de = NULL;
    if (!dir)
        return err_errno(e, "cannot read the directory '%s'", path);
    do
        errno = 0;
    while ((de = readdir(dir)) && (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0));
    int rc = de ? 0 : errno ? err_errno(e, "cannot read the directory '%s'", path) : 1;
    closedir(dir);
    return rc;
}

static int not_ours(const struct outdir *d, struct err *e)
{
    err_set(e, ERR_USAGE, "'%s' holds files that clusterctl did not write", d->path);
    return err_hint(e, "name a directory that is empty or does not exist yet");
}

static void close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

/* A manifest that is read in part would leave files behind that nobody ever removes. */
static int read_manifest(struct outdir *d, struct err *e)
{
    autoclose int fd = openat(d->fd, manifest_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        int rc = is_empty(d->path, e);
        return rc == 0 ? not_ours(d, e) : rc < 0 ? -1 : 0;
    }
    __attribute__((cleanup(close_file))) FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    if (!f)
        return err_errno(e, "cannot read %s/%s", d->path, manifest_name);
    fd = -1;
    autofree char *line = NULL;
    size_t alloc = 0;
    bool first = true;
    for (ssize_t n; (n = getline(&line, &alloc, f)) > 0; first = false) {
        if (first && strcmp(line, manifest_head) != 0)
            return not_ours(d, e);
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        if (!first && is_inside(line))
            *vec_push(&d->before) = xstrdup(line);
    }
    if (!feof(f))
        return err_errno(e, "cannot read %s/%s", d->path, manifest_name);
    return first ? not_ours(d, e) : 0;
}

static int write_manifest(const struct outdir *d, bool both, struct err *e)
{
    autosb struct strbuf sb = {0};
    sb_add(&sb, manifest_head);
    for (size_t i = 0; both && i < d->before.n; i++)
        sb_addf(&sb, "%s\n", d->before.v[i]);
    for (size_t i = 0; i < d->now.n; i++)
        sb_addf(&sb, "%s\n", d->now.v[i]);
    return write_at(d, manifest_name, sb_str(&sb), sb.len, e);
}

struct outdir *outdir_open(const char *path, struct err *e)
{
    struct outdir *d = xcalloc(1, sizeof *d);
    d->path = xstrdup(path);
    d->fd = -1;
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        err_errno(e, "cannot make the directory '%s'", path);
    else if ((d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        err_errno(e, "cannot open the directory '%s'", path);
    /* Ours from the first byte on, so that a run that was killed can be run again. */
    else if (read_manifest(d, e) == 0 && write_manifest(d, true, e) == 0)
        return d;
    outdir_free(d);
    return NULL;
}

/* Every directory above the last '/'. */
static int make_parents(const struct outdir *d, const char *rel, struct err *e)
{
    autofree char *path = xstrdup(rel);
    for (char *p = path; (p = strchr(p, '/')); p++) {
        *p = '\0';
        if (mkdirat(d->fd, path, 0700) < 0 && errno != EEXIST)
            return err_errno(e, "cannot make the directory '%s/%s'", d->path, path);
        *p = '/';
    }
    return 0;
}

int outdir_write(struct outdir *d, const char *host, const char *path, const char *text, size_t len,
                 struct err *e)
{
    autosb struct strbuf rel = {0};
    sb_addf(&rel, "%s%s", host, path);
    if (path[0] != '/' || strchr(host, '/') || strchr(sb_str(&rel), '\n') ||
        !is_inside(sb_str(&rel)))
        return err_set(e, ERR_FAILED, "%s: '%s' is no path to write a file to", host, path);
    *vec_push(&d->now) = xstrdup(sb_str(&rel));
    if (make_parents(d, sb_str(&rel), e) < 0)
        return -1;
    return write_at(d, sb_str(&rel), text, len, e);
}

static bool in_list(char *const *list, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], s) == 0)
            return true;
    return false;
}

/* The file, and the directories above it that it leaves empty. */
static int remove_one(const struct outdir *d, char *rel, struct err *e)
{
    if (unlinkat(d->fd, rel, 0) < 0 && errno != ENOENT && errno != ENOTDIR)
        return err_errno(e, "cannot remove '%s/%s'", d->path, rel);
    for (char *slash; (slash = strrchr(rel, '/'));) {
        *slash = '\0';
        if (unlinkat(d->fd, rel, AT_REMOVEDIR) < 0)
            break;
    }
    return 0;
}

int outdir_commit(struct outdir *d, struct err *e)
{
    for (size_t i = 0; i < d->before.n; i++)
        if (!in_list(d->now.v, d->now.n, d->before.v[i]) && remove_one(d, d->before.v[i], e) < 0)
            return -1;
    return write_manifest(d, false, e);
}

void outdir_free(struct outdir *d)
{
    for (size_t i = 0; i < d->before.n; i++)
        xfree(d->before.v[i]);
    for (size_t i = 0; i < d->now.n; i++)
        xfree(d->now.v[i]);
    vec_free(&d->before);
    vec_free(&d->now);
    if (d->fd >= 0)
        close(d->fd);
    xfree(d->path);
    xfree(d);
}
