#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

const char signals_notice[] = "interrupting: remote steps in progress are finished by their hosts; "
                              "again to quit at once";

/* timeout(1) and some terminals send one signal twice: this close together they are one. */
enum { SAME_SIGNAL_MS = 250 };

static int cancel_fd = -1;
static atomic_llong first_ms; /* 0: none yet */
static atomic_bool screen_taken, notice_due;
static const char *_Atomic screen_end = "\033[?25h"; /* the cursor */

static void say(const char *s)
{
    ssize_t ignored = write(STDERR_FILENO, s, strlen(s));
    (void)ignored;
}

/* Only what signal-safety(7) allows. */
static void on_signal(int sig)
{
    (void)sig;
    int saved = errno;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long ms = (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1, first = 0;
    if (atomic_compare_exchange_strong(&first_ms, &first, ms)) {
        uint64_t one = 1;
        ssize_t ignored = write(cancel_fd, &one, sizeof one);
        (void)ignored;
        if (screen_taken) {
            notice_due = true;
        } else {
            say("\nclusterctl: ");
            say(signals_notice);
            say("\n");
        }
    } else if (ms - first >= SAME_SIGNAL_MS) {
        if (screen_taken)
            say(screen_end);
        say("\n");
        _exit(130);
    }
    errno = saved;
}

int signals_init(struct err *e)
{
    static const int list[] = {SIGINT, SIGTERM, SIGHUP};
    if (cancel_fd >= 0)
        return 0;
    cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cancel_fd < 0)
        return err_errno(e, "cannot make an eventfd");
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
        sigemptyset(&sa.sa_mask);
        if (sigaction(list[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
            continue;
        sigaction(list[i], &sa, NULL);
    }
    return 0;
}

int signals_fd(void)
{
    return cancel_fd;
}

bool signals_seen(void)
{
    return first_ms != 0;
}

void signals_screen(bool taken)
{
    screen_taken = taken;
}

void signals_screen_end(const char *sequence)
{
    screen_end = sequence;
}

bool signals_take_notice(void)
{
    return atomic_exchange(&notice_due, false);
}
