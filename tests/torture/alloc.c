/*
 * Fails allocations, one after the other: a library for LD_PRELOAD. At the n-th allocation the program is
 * forked; the child gets NULL for it and runs to its end, the parent waits for that and goes on. One run of
 * the program thus shows what becomes of it for every n. It must have one thread and change no files.
 *
 *   TORTURE_DIR    a folder: "N STATUS" a line in `ends` (wait(2)), "total N" at the end; what the
 *                  children print in N.out and N.err
 *   TORTURE_EVERY  k: the k-th, the 2k-th, ... (1)
 *   TORTURE_ONLY   n: no forking, this one fails (for programs that change files)
 *   TORTURE_REST   set: every later allocation fails as well
 *
 * glibc's own calls (strdup, getline, stdio, setlocale) come by here, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that does not end by itself in this time hangs. */
enum { CHILD_S = 20 };

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

static const char *dir;
static unsigned long count, every, only;
static bool rest, failing, child;
static int ends_fd = -1;

static unsigned long number(const char *name, unsigned long otherwise)
{
    const char *s = getenv(name);
    return s ? strtoul(s, NULL, 10) : otherwise;
}

static __attribute__((constructor)) void begin(void)
{
    char path[4096];
    dir = getenv("TORTURE_DIR");
    if (!dir)
        return;
    only = number("TORTURE_ONLY", 0);
    rest = getenv("TORTURE_REST");
    snprintf(path, sizeof path, "%s/ends", dir);
    ends_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    count = 0;
    every = only ? 0 : number("TORTURE_EVERY", 1);
}

/* What the parent has printed so far, and from now on the child's own. */
static void divert(int fd, const char *suffix)
{
    char path[4096], buf[4096];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "%s/%lu.%s", dir, count, suffix);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    for (ssize_t n; (n = read(from, buf, sizeof buf)) > 0;)
        if (write(to, buf, (size_t)n) != n)
            _exit(99);
    close(from);
    dup2(to, fd);
    close(to);
}

/*
 * Not fork(), which takes locks that whoever allocates may hold; nor _Fork(): the child's C library would
 * know of its new thread id, and not unlock what the old one has locked (setlocale()'s rwlock).
 */
static pid_t duplicate(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

/* dprintf() would allocate. */
static void tell(const char *fmt, unsigned long n, int status)
{
    char line[64];
    int len = snprintf(line, sizeof line, fmt, n, status);
    if (write(ends_fd, line, (size_t)len) != len)
        _exit(99);
}

static __attribute__((destructor)) void end(void)
{
    if (!child && ends_fd >= 0)
        tell("total %lu\n", count, 0);
}

/* Whether this allocation fails. */
static bool fails(void)
{
    if (failing)
        return rest;
    if (child || ends_fd < 0)
        return false;
    count++;
    if (count == only)
        return failing = child = true;
    if (!every || count % every)
        return false;
    pid_t pid = duplicate();
    if (pid == 0) {
        child = failing = true;
        alarm(CHILD_S);
        divert(STDOUT_FILENO, "out");
        divert(STDERR_FILENO, "err");
        return true;
    }
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    tell("%lu %d\n", count, status);
    return false;
}

static bool refused(void)
{
    int saved = errno;
    bool no = fails();
    errno = no ? ENOMEM : saved;
    return no;
}

void *malloc(size_t n)
{
    return refused() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return refused() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return refused() ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    return refused() ? NULL : __libc_memalign(align, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
    if (refused())
        return ENOMEM;
    *p = __libc_memalign(align, n);
    return *p ? 0 : ENOMEM;
}
