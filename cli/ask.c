#include "cli/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/signals.h"

/* A line of the terminal's, which gives one at a time; more than fits is no answer of ours. */
int ask_line(char *buf, size_t size, struct err *e)
{
    struct pollfd p[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                         {.fd = signals_fd(), .events = POLLIN}};
    ssize_t n;
    do {
        while (poll(p, 2, -1) < 0 && errno == EINTR)
            ;
        if (signals_seen())
            return err_set(e, ERR_INTERRUPTED, "interrupted");
        n = read(STDIN_FILENO, buf, size - 1);
    } while (n < 0 && errno == EINTR);
    buf[n < 0 ? 0 : n] = '\0';
    buf[strcspn(buf, "\r\n")] = '\0';
    return 0;
}

int ask_yes(const char *question, const char *option, struct err *e)
{
    char answer[64];
    if (!isatty(STDIN_FILENO)) {
        err_set(e, ERR_USAGE, "nobody is there to ask: standard input is no terminal");
        return err_hint(e, "add %s to go on without being asked", option);
    }
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    if (ask_line(answer, sizeof answer, e) < 0)
        return -1;
    if (!strcasecmp(answer, "y") || !strcasecmp(answer, "yes"))
        return 0;
    return err_set(e, ERR_FAILED, "nothing was changed");
}
