/* The calls about commands, and their rules; the transport does the work. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ssh/internal.h"

enum { MAX_COMMAND = 32 * 1024 }; /* libssh2 fails beyond one packet */

/* After an error nothing may be sent on a session again: its state is anybody's guess. */
static int unusable(const struct ssh *s, struct err *e)
{
    return err_set(e, ERR_UNREACHABLE, "%s: the connection is no longer usable after an error",
                   s->peer);
}

struct ssh_exec *ssh_exec_start(struct ssh *s, const char *command, const struct ssh_sink *sink,
                                struct err *e)
{
    if (s->broken) {
        unusable(s, e);
        return NULL;
    }
    if (s->exec || strlen(command) > MAX_COMMAND) {
        err_set(e, ERR_SYSTEM,
                s->exec ? "%s: a command is already running on this session"
                        : "%s: the command line is too long: send it on standard "
                          "input",
                s->peer);
        return NULL;
    }
    struct ssh_exec *x = xcalloc(1, sizeof *x);
    x->s = s;
    s->exec = x;
    lines_init(&x->lines, sink);
    if (!s->transport->start(x, command, e))
        return x;
    ssh_exec_free(x);
    return NULL;
}

int ssh_exec_send(struct ssh_exec *x, const char *data, size_t len, int64_t deadline, struct err *e)
{
    return x->s->broken ? unusable(x->s, e) : x->s->transport->send(x, data, len, deadline, e);
}

int ssh_exec_wait(struct ssh_exec *x, int wake_fd, int64_t deadline, struct err *e)
{
    return x->s->broken ? unusable(x->s, e) : x->s->transport->wait(x, wake_fd, deadline, e);
}

int ssh_exec_finish(struct ssh_exec *x, int64_t deadline, int *status, struct err *e)
{
    *status = -1;
    return x->s->broken ? unusable(x->s, e) : x->s->transport->finish(x, deadline, status, e);
}

const char *ssh_exec_stderr(const struct ssh_exec *x)
{
    return exec_stderr(x);
}

void ssh_exec_free(struct ssh_exec *x)
{
    if (!x)
        return;
    x->s->transport->release(x);
    x->s->exec = NULL;
    lines_free(&x->lines);
    sb_free(&x->err_tail);
    xfree(x);
}
