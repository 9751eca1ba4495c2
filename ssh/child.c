#include "ssh/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ssh/wait.h"

enum { LOOK_MS = 5, KILL_MS = 200 };

extern char **environ;

/* Ours and the child's end of each stream. Standard input is a socket, for MSG_NOSIGNAL. */
static int make_streams(int ours[3], int theirs[3], bool one_socket)
{
    int in[2], out[2], err[2];
    for (int i = 0; i < 3; i++)
        ours[i] = theirs[i] = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in))
        return -1;
    ours[0] = in[0], theirs[0] = in[1];
    if (!one_socket) {
        if (pipe2(out, O_CLOEXEC))
            return -1;
        ours[1] = out[0], theirs[1] = out[1];
    }
    if (pipe2(err, O_CLOEXEC))
        return -1;
    ours[2] = err[0], theirs[2] = err[1];
    for (int i = 0; i < 3; i++)
        if (ours[i] >= 0 && fcntl(ours[i], F_SETFL, O_NONBLOCK))
            return -1;
    return 0;
}

static void close_all(int fds[3])
{
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static int spawn(struct child *c, const char *const *argv, const int theirs[3])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_adddup2(&actions, theirs[i] < 0 ? theirs[0] : theirs[i], i);
    posix_spawnattr_setsigdefault(&attr, &all); /* we ignore some, threads block some */
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                        POSIX_SPAWN_SETSIGMASK);
    char **args = NULL;
    memcpy(&args, &argv, sizeof args); /* execve(2) has no const for historical reasons only */
    int rc = posix_spawnp(&c->pid, argv[0], &actions, &attr, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static int start(struct child *c, const char *const *argv, bool one_socket, struct err *e)
{
    int ours[3], theirs[3];
    *c = (struct child){.in = -1, .out = -1, .err = -1};
    if (make_streams(ours, theirs, one_socket)) {
        err_errno(e, "cannot make a pipe");
        close_all(ours);
        close_all(theirs);
        return -1;
    }
    int rc = spawn(c, argv, theirs);
    close_all(theirs);
    if (rc) {
        c->pid = 0;
        close_all(ours);
        errno = rc;
        return err_errno(e, "cannot start %s", argv[0]);
    }
    c->in = ours[0], c->out = ours[1], c->err = ours[2];
    return 0;
}

int child_start(struct child *c, const char *const *argv, struct err *e)
{
    return start(c, argv, false, e);
}

int child_start_socket(struct child *c, const char *const *argv, struct err *e)
{
    return start(c, argv, true, e);
}

bool child_ended(struct child *c)
{
    pid_t got;
    if (!c->pid)
        return true;
    do
        got = waitpid(c->pid, &c->status, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return false;
    if (got < 0)
        c->status = W_EXITCODE(255, 0); /* somebody else has waited for it */
    c->pid = 0;
    return true;
}

static bool ended_by(struct child *c, int64_t deadline)
{
    while (!child_ended(c)) {
        if (deadline_left(deadline) == 0)
            return false;
        wait_pause(-1, LOOK_MS);
    }
    return true;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void child_stop(struct child *c, int64_t deadline)
{
    shut(&c->in);
    if (!ended_by(c, deadline)) {
        kill(c->pid, SIGTERM);
        if (!ended_by(c, deadline_in(KILL_MS))) {
            kill(c->pid, SIGKILL);
            ended_by(c, DEADLINE_NEVER);
        }
    }
    shut(&c->out);
    shut(&c->err);
}
