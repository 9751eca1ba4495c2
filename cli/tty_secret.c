#include "cli/tty_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/signals.h"

static int stop_fd = -1; /* readable: Ctrl-Z */

static void on_stop(int sig)
{
    const uint64_t one = 1;
    int saved = errno;
    (void)sig;
    ssize_t ignored = write(stop_fd, &one, sizeof one);
    (void)ignored;
    errno = saved;
}

static void say(int fd, const char *s)
{
    for (size_t n = strlen(s); n;) {
        ssize_t put = write(fd, s, n);
        if (put < 0 && errno != EINTR)
            return;
        if (put > 0) {
            s += put;
            n -= (size_t)put;
        }
    }
}

struct quiet {
    int fd;
    struct termios before;
    struct sigaction stop;
};

static int begin(struct quiet *t, const char *prompt, struct err *e)
{
    struct sigaction sa = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    sigemptyset(&sa.sa_mask);
    if (tcgetattr(t->fd, &t->before))
        return err_errno(e, "cannot read the terminal's settings");
    struct termios quiet = t->before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    quiet.c_lflag |= ICANON | ISIG;
    sigaction(SIGTSTP, &sa, &t->stop);
    if (tcsetattr(t->fd, TCSAFLUSH, &quiet)) { /* what was typed before the question is no answer */
        sigaction(SIGTSTP, &t->stop, NULL);
        return err_errno(e, "cannot turn the terminal's echo off");
    }
    say(t->fd, prompt);
    return 0;
}

static void end(const struct quiet *t)
{
    tcsetattr(t->fd, TCSAFLUSH, &t->before);
    sigaction(SIGTSTP, &t->stop, NULL);
    say(t->fd, "\n");
}

/* Wait for a line. 1: the process is to be suspended first. */
static int await(const struct quiet *t, char *buf, size_t size, struct err *e)
{
    struct pollfd p[] = {{.fd = t->fd, .events = POLLIN},
                         {.fd = signals_fd(), .events = POLLIN},
                         {.fd = stop_fd, .events = POLLIN}};
    while (poll(p, ARRAY_LEN(p), -1) < 0 && errno == EINTR)
        ;
    if (signals_seen())
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    if (p[2].revents)
        return 1;
    ssize_t n = read(t->fd, buf, size - 1);
    if (n < 0)
        return err_errno(e, "cannot read from the terminal");
    buf[n] = '\0';
    if ((size_t)n == size - 1 && buf[n - 1] != '\n')
        return err_set(e, ERR_FAILED, "more was typed than a secret can be");
    buf[strcspn(buf, "\r\n")] = '\0';
    return 0;
}

int tty_secret(const char *prompt, char *buf, size_t size, struct err *e)
{
    autoclose int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    autoclose int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct quiet t = {.fd = fd};
    int rc;
    if (fd < 0)
        return err_set(e, ERR_FAILED, "there is no terminal to ask on");
    if (stop < 0)
        return err_errno(e, "cannot make an eventfd");
    stop_fd = stop;
    do {
        uint64_t times;
        if (begin(&t, prompt, e))
            return -1;
        rc = await(&t, buf, size, e);
        end(&t);
        if (rc == 1 && read(stop, &times, sizeof times) > 0)
            raise(SIGTSTP); /* on this thread, before it is caught again; goes on with SIGCONT */
    } while (rc == 1);
    if (rc < 0)
        explicit_bzero(buf, size);
    return rc;
}
