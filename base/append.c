#include "base/append.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"

/* Whether what is there ends in the middle of a line; its size. */
static int look_at_end(int fd, off_t *size, bool *badly)
{
    struct stat st;
    char last = '\n';
    if (fstat(fd, &st) || (st.st_size && pread(fd, &last, 1, st.st_size - 1) != 1))
        return -1;
    *size = st.st_size;
    *badly = last != '\n';
    return 0;
}

/* What a full disk still took of it, unless somebody who knows of no lock has written behind it. */
static void take_back(int fd, off_t size, ssize_t written)
{
    struct stat st;
    int saved = errno;
    if (written > 0 && fstat(fd, &st) == 0 && st.st_size == size + written && ftruncate(fd, size))
        errno = 0; /* nothing more can be done: the next one begins a new line */
    errno = saved;
}

int append_lines(int fd, const char *text, size_t len)
{
    bool badly;
    off_t size;
    ssize_t n;
    autosb struct strbuf all = {0};
    if (flock(fd, LOCK_EX) || look_at_end(fd, &size, &badly))
        return -1;
    sb_add(&all, badly ? "\n" : "");
    sb_addn(&all, text, len);
    /* One write(): it does not mix with those of others. */
    do
        n = write(fd, all.s, all.len);
    while (n < 0 && errno == EINTR);
    if (n >= 0 && (size_t)n != all.len)
        errno = ENOSPC;
    if (n != (ssize_t)all.len || fsync(fd)) {
        take_back(fd, size, n);
        return -1;
    }
    return flock(fd, LOCK_UN);
}
