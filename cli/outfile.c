#include "cli/outfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"

int outfile_write_all(int fd, const char *text, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, text + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return 0;
}

/* mkstemp() makes files that only we can read; a report is for whom the umask says. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* A file beside the target, open; its name in `tmp`. */
static int open_beside(const char *path, struct strbuf *tmp, struct err *e)
{
    struct stat st;
    /* Renaming over a device or a directory is never what was meant. */
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        err_set(e, ERR_USAGE, "'%s' is not a regular file", path);
        return err_hint(e, "name a file to write or to replace");
    }
    sb_addf(tmp, "%s.XXXXXX", path);
    int fd = mkstemp(tmp->s);
    return fd < 0 ? err_errno(e, "cannot write '%s'", path) : fd;
}

int outfile_check(const char *path, struct err *e)
{
    autosb struct strbuf tmp = {0};
    int fd = open_beside(path, &tmp, e);
    if (fd < 0)
        return -1;
    close(fd);
    unlink(tmp.s);
    return 0;
}

int outfile_write(const char *path, const char *text, size_t len, struct err *e)
{
    autosb struct strbuf tmp = {0};
    int fd = open_beside(path, &tmp, e);
    if (fd < 0)
        return -1;
    bool ok = outfile_write_all(fd, text, len) == 0 && fchmod(fd, usual_mode()) == 0 &&
              fsync(fd) == 0;
    if (close(fd) < 0 || !ok || rename(tmp.s, path) < 0) {
        err_errno(e, "cannot write '%s'", path);
        unlink(tmp.s);
        return -1;
    }
    return 0;
}
