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
    autoclose int fd = openat(d->fd, sb_str(&tmp), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, "cannot write %s/%s", d->path, rel);
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, text + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_errno(e, "cannot write %s/%s", d->path, rel);
            unlinkat(d->fd, sb_str(&tmp), 0);
            return -1;
        }
        done += (size_t)n;
    }
    if (renameat(d->fd, sb_str(&tmp), d->fd, rel) < 0) {
        err_errno(e, "cannot write %s/%s", d->path, rel);
        unlinkat(d->fd, sb_str(&tmp), 0);
        return -1;
    }
    return 0;
}

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    bool empty = true;
    for (struct dirent *de; dir && empty && (de = readdir(dir));)
        empty = strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0;
    if (dir)
        closedir(dir);
    return empty;
}

static int read_manifest(struct outdir *d, struct err *e)
{
    int fd = openat(d->fd, manifest_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT && is_empty(d->path))
        return 0;
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    char *line = NULL;
    size_t alloc = 0;
    if (!f || getline(&line, &alloc, f) < 0 || strcmp(line, manifest_head) != 0) {
        xfree(line);
        if (f)
            fclose(f);
        err_set(e, ERR_USAGE, "'%s' holds files that clusterctl did not write", d->path);
        return err_hint(e, "name a directory that is empty or does not exist yet");
    }
    for (ssize_t n; (n = getline(&line, &alloc, f)) > 0;) {
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        if (is_inside(line))
            *vec_push(&d->before) = xstrdup(line);
    }
    xfree(line);
    fclose(f);
    return 0;
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
