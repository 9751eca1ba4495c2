/*
 * Through other hosts: the system's ssh carries the bytes (ssh -W), and verifies the host key of
 * each host on the way. Its standard input and output are the socket that libssh2 takes for the
 * connection; the host at its end is verified and logged in to by ourselves, as always.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ssh/openssh.h"

enum { LAST_WORDS_MS = 500 };

bool jump_wanted(const struct host *h)
{
    const char *const *jump = h->ssh.jump;
    return jump && jump[0] && (jump[1] || strcmp(jump[0], "none") != 0);
}

void jump_list(const struct host *h, size_t n, struct strbuf *out)
{
    const char *const *jump = h->ssh.jump;
    for (size_t i = 0; jump_wanted(h) && i < n && jump[i]; i++)
        sb_addf(out, "%s%s", i ? "," : "", jump[i]);
}

int jump_connect(struct ssh *s, struct err *e)
{
    const char *const *jump = s->host->ssh.jump;
    bool v6 = strchr(s->address, ':');
    autosb struct strbuf target = {0}, before = {0}, last = {0};
    size_t n = 0, argc = 0;
    const char *argv[16];

    if (openssh_prepare(s, e))
        return -1;
    while (jump[n])
        n++;
    jump_list(s->host, n - 1, &before);
    sb_addf(&target, "%s%s%s:%u", v6 ? "[" : "", s->address, v6 ? "]" : "", s->host->ssh.port);
    /* As a URI it may have a port, too. */
    sb_addf(&last, "%s%s", strstr(jump[n - 1], "://") ? "" : "ssh://", jump[n - 1]);
    const char *const words[] = {"ssh", "-F", s->master->config, "-T", "-o", "ControlPath=none",
                                 "-W", sb_str(&target)};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        argv[argc++] = words[i];
    if (before.len) {
        argv[argc++] = "-J";
        argv[argc++] = before.s;
    }
    argv[argc++] = "--";
    argv[argc++] = sb_str(&last);
    argv[argc] = NULL;
    if (child_start_socket(&s->master->child, argv, e)) {
        err_wrap(e, "%s", s->peer);
        return err_hint(e, "A jump host needs the system's ssh (package openssh-client, or "
                           "openssh-clients).");
    }
    int fd = s->master->child.in;
    s->master->child.in = -1;
    return fd;
}

/* The connection has ended before the handshake was over: ssh is about to say why. */
int jump_failed(struct ssh *s, struct err *e)
{
    struct child *c = &s->master->child;
    int64_t deadline = deadline_in(LAST_WORDS_MS);
    while (c->err >= 0) {
        struct pollfd p = {.fd = c->err, .events = POLLIN};
        struct wait w = {.cancel_fd = s->cancel_fd, .wake_fd = -1, .deadline = deadline};
        if (wait_fds(&p, 1, &w) != WAIT_READY)
            break;
        openssh_listen(s);
    }
    if (!s->master->words.len)
        return 1;
    s->broken = true;
    openssh_refused(s, e);
    return openssh_hung_up(s) ? 0 : -1;
}

void jump_close(struct ssh *s)
{
    openssh_end(s, deadline_in(0));
}
