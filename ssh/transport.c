/* What is the same whichever way a session comes about. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ssh/internal.h"
#include "ssh/openssh.h"

enum { STDERR_TAIL = 16 * 1024 };

static char *agent_socket;

int ssh_global_init(struct err *e)
{
    const char *path = getenv("SSH_AUTH_SOCK");
    if (libssh2_init(0))
        return err_set(e, ERR_SYSTEM, "libssh2 cannot be initialised");
    agent_socket = path && *path ? xstrdup(path) : NULL;
    return 0;
}

void ssh_global_exit(void)
{
    libssh2_exit();
    openssh_exit();
    xfree(agent_socket);
    agent_socket = NULL;
}

const char *ssh_agent_socket(void)
{
    return agent_socket;
}

unsigned ssh_connect_timeout(const struct host *h)
{
    return h->ssh.connect_timeout_ms ? h->ssh.connect_timeout_ms : 10000;
}

int ssh_pause(const struct ssh *s, int64_t span, struct err *e)
{
    unsigned r = 0;
    if (getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r)
        r = (unsigned)clock_ms();
    if (wait_pause(s->cancel_fd, span + (int64_t)(r % (unsigned)span)) != WAIT_CANCELLED)
        return 0;
    return err_set(e, ERR_INTERRUPTED, "%s: interrupted while connecting", s->peer);
}

struct ssh *ssh_connect(const struct host *host, const struct ssh_cancel *cancel, struct err *e)
{
    struct ssh *s = xcalloc(1, sizeof *s);
    char address[IPADDR_STRLEN];

    s->transport =
        host->ssh.transport == TRANSPORT_OPENSSH ? &transport_openssh : &transport_libssh2;
    s->host = host;
    s->fd = -1;
    s->lost = PEER_ALIVE;
    s->last_heard = clock_ms();
    s->cancel = cancel;
    s->cancel_fd = cancel ? cancel->cancel_fd : -1;
    snprintf(s->address, sizeof s->address, "%s",
             host->ssh.hostname ? host->ssh.hostname : ipaddr_str(&host->address, address));
    bool v6 = strchr(s->address, ':');
    snprintf(s->peer, sizeof s->peer, "%.*s (%s%s%s:%u)", 100, host->name, v6 ? "[" : "",
             s->address, v6 ? "]" : "", host->ssh.port);
    if (s->transport->connect(s, e)) {
        ssh_close(s);
        return NULL;
    }
    s->ready = true;
    return s;
}

bool ssh_usable(const struct ssh *s)
{
    return !s->broken;
}

void ssh_close(struct ssh *s)
{
    if (!s)
        return;
    s->transport->close(s);
    xfree(s->root_password);
    xfree(s);
}

/* Only its tail is kept, but whoever sends without end keeps us busy all the same. */
int exec_take_stderr(struct ssh_exec *x, const char *data, size_t n, struct err *e)
{
    sb_addn(&x->err_tail, data, n);
    if (x->err_tail.len > 2 * STDERR_TAIL)
        sb_drop_front(&x->err_tail, x->err_tail.len - STDERR_TAIL);
    x->errors += n;
    if (x->errors <= x->lines.sink.max_total)
        return 0;
    x->s->broken = true;
    return err_set(e, ERR_PROTOCOL, "%s: the command printed more than %zu bytes of errors", x->s->peer,
                   x->lines.sink.max_total);
}

const char *exec_stderr(const struct ssh_exec *x)
{
    const struct strbuf *tail = &x->err_tail;
    return sb_str(tail) + (tail->len > STDERR_TAIL ? tail->len - STDERR_TAIL : 0);
}

void exec_last_words(const struct ssh_exec *x, char *out, size_t size)
{
    const char *s = exec_stderr(x);
    size_t n = strlen(s), start;
    while (n && strchr("\r\n\t ", s[n - 1]))
        n--;
    for (start = n; start && s[start - 1] != '\n'; start--)
        ;
    ssh_printable(out, size, s + start, n - start);
}

int exec_ended_early(struct ssh_exec *x, int64_t deadline, struct err *e)
{
    char words[256];
    int status = -1;
    if (x->s->transport->finish(x, deadline, &status, e))
        return -1;
    exec_last_words(x, words, sizeof words);
    return err_set(e, ERR_FAILED,
                   "%s: the command ended before it had read its input (exit status "
                   "%d)%s%s",
                   x->s->peer, status, words[0] ? ": " : "", words);
}
