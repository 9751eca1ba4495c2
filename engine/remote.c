#include "engine/remote.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/mem.h"
#include "base/quote.h"

static int on_line(void *ud, const char *line, size_t len, struct err *e)
{
    struct remote *r = ud;
    char *kind, *rest;
    if (memchr(line, '\0', len))
        return 0; /* not ours: we never print NUL */
    if (len + 1 > r->line_size) {
        r->line_size = len + 1;
        r->line = xrealloc(r->line, r->line_size);
    }
    memcpy(r->line, line, len);
    r->line[len] = '\0';
    if (!script_line(r->nonce, r->line, &kind, &rest))
        return 0;
    if (r->trailer)
        return err_set(e, ERR_PROTOCOL, "the host went on talking after the end of its script");
    if (!strcmp(kind, "end")) {
        r->trailer = true;
        return 0;
    }
    if (!strcmp(kind, "ready") && r->wake_fd >= 0) {
        r->ready = true;
        return eventfd_write(r->wake_fd, 1) ? err_errno(e, "eventfd") : 0;
    }
    return r->handler->line(r->handler->ud, kind, rest, e);
}

int remote_open(struct remote *r, struct ssh *ssh, const struct script *script,
                const struct remote_handler *handler, struct err *e)
{
    *r = (struct remote){.nonce = script->nonce, .handler = handler, .wake_fd = -1};
    /* A file observed as base64 is one line: 4 MiB of line is 3 MiB of file. */
    r->sink = (struct ssh_sink){.line = on_line, .ud = r, .max_line = 4u << 20};
    if (handler->endless) {
        r->sink.max_line = 64u << 10;
        r->sink.max_total = SIZE_MAX;
    }
    r->exec = ssh_root_shell(ssh, &r->sink, e);
    return r->exec ? 0 : -1;
}

int remote_send(struct remote *r, struct script *script, int64_t deadline, struct err *e)
{
    int rc = ssh_exec_send(r->exec, sb_str(&script->text), script->text.len, deadline, e);
    sb_reset(&script->text);
    return rc;
}

int remote_wait(struct remote *r, int wake_fd, int64_t deadline, struct err *e)
{
    return ssh_exec_wait(r->exec, wake_fd, deadline, e);
}

void remote_mark(struct script *script)
{
    script_add(script, "m ready\n");
}

int remote_await(struct remote *r, int64_t deadline, struct err *e)
{
    autoclose int woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (woken < 0)
        return err_errno(e, "eventfd");
    int rc = 0;
    r->wake_fd = woken;
    for (r->ready = false; !r->ready && rc == 0;)
        rc = remote_wait(r, woken, deadline, e);
    r->wake_fd = -1;
    if (r->ready || rc < 0)
        return rc < 0 ? -1 : 0;
    return remote_finish(r, deadline, e) < 0
               ? -1
               : err_set(e, ERR_PROTOCOL, "the remote script ended where more of it was due");
}

/* The first words of what the command wrote to standard error, fit for a message. */
static int with_stderr(const struct remote *r, struct err *e)
{
    autosb struct strbuf shown = {.cap = 300};
    const char *text = ssh_exec_stderr(r->exec);
    size_t n = strcspn(text, "\n");
    if (n) {
        quote_terminal(&shown, text, n, false);
        err_hint(e, "the remote shell said: %s", sb_str(&shown));
    }
    return -1;
}

int remote_finish(struct remote *r, int64_t deadline, struct err *e)
{
    int status = -1;
    if (ssh_exec_finish(r->exec, deadline, &status, e) < 0)
        return -1;
    if (status != 0) {
        err_set(e, ERR_FAILED, "the remote script ended with status %d", status);
        return with_stderr(r, e);
    }
    if (!r->trailer) {
        err_set(e, ERR_PROTOCOL, "the remote script ended early, without its trailer");
        return with_stderr(r, e);
    }
    return 0;
}

void remote_close(struct remote *r)
{
    if (r->exec)
        ssh_exec_free(r->exec);
    xfree(r->line);
    *r = (struct remote){0};
}

int remote_run(struct ssh *ssh, struct script *script, const struct remote_handler *handler,
               int64_t deadline, struct err *e)
{
    struct remote r;
    if (remote_open(&r, ssh, script, handler, e) < 0)
        return -1;
    int rc = remote_send(&r, script, deadline, e);
    if (rc == 0)
        rc = remote_finish(&r, deadline, e);
    remote_close(&r);
    return rc;
}
