/*
 * Runs a command and makes one of the calls that change files fail, of whichever process among all that
 * the command starts; see usage(). The kernel asks us about each such call (SECCOMP_RET_USER_NOTIF), so
 * that nothing escapes: not stdio's own writes, not a shell's, not copy_file_range().
 *
 * Counted are: writes to regular files and what makes them last (write, pwrite64, writev, pwritev,
 * copy_file_range, sendfile, ftruncate, fallocate, fsync, fdatasync, syncfs, close of one that is open for
 * writing), and what changes a folder (open with O_CREAT, mkdir, rename, link, symlink, chmod, chown). unlink
 * and rmdir are not: a full disk lets files go.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* DATA needs room on the disk, ENTRY too (for a name); what is neither fails by itself only (EIO). */
enum kind { SYNC, DATA, ENTRY };

static const struct call {
    int nr;
    const char *name;
    enum kind kind;
    int fd_arg;    /* which argument is the file; -1: by path */
    int flags_arg; /* open: counted only with O_CREAT */
} calls[] = {
    {SYS_write, "write", DATA, 0, -1},
    {SYS_pwrite64, "pwrite", DATA, 0, -1},
    {SYS_writev, "writev", DATA, 0, -1},
    {SYS_pwritev, "pwritev", DATA, 0, -1},
    {SYS_copy_file_range, "copy_file_range", DATA, 2, -1},
    {SYS_sendfile, "sendfile", DATA, 0, -1},
    {SYS_fallocate, "fallocate", DATA, 0, -1},
    {SYS_ftruncate, "ftruncate", SYNC, 0, -1},
    {SYS_fsync, "fsync", SYNC, 0, -1},
    {SYS_fdatasync, "fdatasync", SYNC, 0, -1},
    {SYS_syncfs, "syncfs", SYNC, 0, -1},
    {SYS_close, "close", SYNC, 0, -1},
    {SYS_openat, "open", ENTRY, -1, 2},
    {SYS_mkdirat, "mkdir", ENTRY, -1, -1},
    {SYS_renameat2, "rename", SYNC, -1, -1},
    {SYS_linkat, "link", ENTRY, -1, -1},
    {SYS_symlinkat, "symlink", ENTRY, -1, -1},
    {SYS_fchmodat, "chmod", SYNC, -1, -1},
    {SYS_fchownat, "chown", SYNC, -1, -1},
    {SYS_fchmod, "chmod", SYNC, 0, -1},
    {SYS_fchown, "chown", SYNC, 0, -1},
#ifdef SYS_open /* those that newer machines no longer have */
    {SYS_open, "open", ENTRY, -1, 1},
    {SYS_creat, "open", ENTRY, -1, -1},
    {SYS_mkdir, "mkdir", ENTRY, -1, -1},
    {SYS_rename, "rename", SYNC, -1, -1},
    {SYS_renameat, "rename", SYNC, -1, -1},
    {SYS_link, "link", ENTRY, -1, -1},
    {SYS_symlink, "symlink", ENTRY, -1, -1},
    {SYS_chmod, "chmod", SYNC, -1, -1},
    {SYS_chown, "chown", SYNC, -1, -1},
    {SYS_lchown, "chown", SYNC, -1, -1},
#endif
};
enum { N_CALLS = sizeof calls / sizeof *calls };

static unsigned long wanted, count, failed;
static bool full;
static FILE *trace;

static void usage(void)
{
    fprintf(stderr, "usage: inject once|full N TRACE COMMAND [ARGUMENT...]\n\n"
                    "  once  the N-th call fails with EIO\n"
                    "  full  from the N-th on there is no room: ENOSPC, after half of what a first write has\n"
                    "  N     0: none, to see how many there are\n"
                    "  TRACE a file: one line for each call that was counted\n");
    exit(64);
}

static const struct call *call_of(int nr)
{
    for (size_t i = 0; i < N_CALLS; i++)
        if (calls[i].nr == nr)
            return &calls[i];
    return NULL;
}

/*
 * Nobody gets a handler for SIGCHLD, though told so. It would interrupt calls that wait for our answer, and those
 * that are never interrupted without us: dash takes a close() for done whatever it returns, and then reads a pipe for
 * ever that it has still open for writing. Its `wait` would never return without that handler: no script here has one.
 */
static const struct sock_filter keep_sigchld[] = {
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigaction, 0, 6),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIGCHLD, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])), /* NULL: it asks */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
enum { N_KEEP = sizeof keep_sigchld / sizeof *keep_sigchld };

/* Installed in the command's first process; the descriptor that its calls are heard on, sent to us. */
static int install_filter(void)
{
    struct sock_filter code[N_KEEP + N_CALLS + 3];
    size_t n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, nr));
    memcpy(code + n, keep_sigchld, sizeof keep_sigchld);
    n += N_KEEP;
    for (size_t i = 0; i < N_CALLS; i++)
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].nr,
                                                 (unsigned char)(N_CALLS - i), 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    struct sock_fprog prog = {.len = (unsigned short)n, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

/* The very file that the process has open there: same place in it, same flags. -1: none. */
static int their_file(uint32_t pid, int fd)
{
    int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (pidfd < 0)
        return -1;
    int ours = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    close(pidfd);
    return ours;
}

static bool counts(const struct call *c, const struct seccomp_notif *req)
{
    struct stat st;
    if (c->flags_arg >= 0)
        return req->data.args[c->flags_arg] & O_CREAT;
    if (c->fd_arg < 0)
        return true;
    int fd = their_file(req->pid, (int)req->data.args[c->fd_arg]);
    if (fd < 0)
        return false;
    bool folder_synced = c->nr == SYS_fsync || c->nr == SYS_syncfs || c->nr == SYS_fdatasync;
    bool yes = fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || (S_ISDIR(st.st_mode) && folder_synced));
    if (yes && c->nr == SYS_close)
        yes = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
    close(fd);
    return yes;
}

/* A full disk takes what still fits: half of it, done in their stead. 0: nothing did. */
static int64_t write_half(const struct seccomp_notif *req)
{
    static char buf[1 << 20];
    size_t len = req->data.args[2] / 2;
    char path[64];
    if (req->data.nr != SYS_write || len == 0)
        return 0;
    if (len > sizeof buf)
        len = sizeof buf;
    snprintf(path, sizeof path, "/proc/%u/mem", req->pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    int fd = their_file(req->pid, (int)req->data.args[0]);
    ssize_t n = mem < 0 || fd < 0 ? -1 : pread(mem, buf, len, (off_t)req->data.args[1]);
    if (n > 0)
        n = write(fd, buf, (size_t)n);
    if (mem >= 0)
        close(mem);
    if (fd >= 0)
        close(fd);
    return n > 0 ? n : 0;
}

static void tell(const struct seccomp_notif *req, const struct call *c, bool fails)
{
    char path[64], comm[64] = "?";
    snprintf(path, sizeof path, "/proc/%u/comm", req->pid);
    FILE *f = fopen(path, "re");
    if (f) {
        if (fgets(comm, sizeof comm, f))
            comm[strcspn(comm, "\n")] = '\0';
        fclose(f);
    }
    fprintf(trace, "%lu %s %s%s\n", count, comm, c->name, fails ? " FAILED" : "");
}

/* What the call is answered; 0 and *go: it takes place. */
static void answer(const struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
    const struct call *c = call_of(req->data.nr);
    *resp = (struct seccomp_notif_resp){.id = req->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    if (!c || !counts(c, req))
        return;
    count++;
    bool fails = wanted && (full ? count >= wanted && c->kind != SYNC : count == wanted);
    tell(req, c, fails);
    if (!fails)
        return;
    bool first = failed++ == 0;
    resp->flags = 0;
    if (full && first && (resp->val = write_half(req)) > 0)
        return;
    resp->error = full ? -ENOSPC : -EIO;
}

static void listen_on(int fd)
{
    struct seccomp_notif req;
    struct seccomp_notif_resp resp;
    memset(&req, 0, sizeof req); /* the kernel insists */
    if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0)
        return;
    answer(&req, &resp);
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static pid_t start(char **argv, int *listener)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        char go;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        int fd = install_filter();
        if (send(pair[1], &fd, sizeof fd, 0) < 0 || fd < 0 || recv(pair[1], &go, 1, 0) != 1)
            _exit(125);
        execvp(argv[0], argv);
        _exit(127);
    }
    int theirs = -1;
    if (pid < 0 || recv(pair[0], &theirs, sizeof theirs, 0) != sizeof theirs || theirs < 0)
        return -1;
    *listener = their_file((uint32_t)pid, theirs);
    if (*listener < 0 || fcntl(*listener, F_SETFD, FD_CLOEXEC) < 0 || send(pair[0], "", 1, 0) != 1)
        return -1;
    close(pair[0]);
    close(pair[1]);
    return pid;
}

/* Until nobody is left that could call. Returns the command's own wait status. */
static int serve(pid_t pid, int listener, int signals)
{
    struct pollfd fds[] = {{.fd = listener, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    int status = 0;
    for (bool ended = false; !ended || !(fds[0].revents & POLLHUP);) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents & POLLIN)
            listen_on(listener);
        if (fds[1].revents & POLLIN) {
            struct signalfd_siginfo info;
            if (read(signals, &info, sizeof info) > 0 && waitpid(pid, &status, WNOHANG) == pid)
                ended = true;
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 5 || (strcmp(argv[1], "once") != 0 && strcmp(argv[1], "full") != 0))
        usage();
    full = strcmp(argv[1], "full") == 0;
    wanted = strtoul(argv[2], NULL, 10);
    trace = fopen(argv[3], "we");
    if (!trace)
        return perror(argv[3]), 125;
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    int signals = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK), listener;
    pid_t pid = start(argv + 4, &listener);
    if (pid < 0)
        return perror("inject: cannot start"), 125;
    int status = serve(pid, listener, signals);
    if (fclose(trace) != 0)
        return 125;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
