#include "engine/stream.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

static int on_line(void *ud, char *kind, char *rest, struct err *e)
{
    struct stream *s = ud;
    s->heard_ms = clock_ms();
    return s->handler->line(s->handler->ud, kind, rest, e);
}

int stream_open(struct stream *s, const struct host *h, const struct ssh_cancel *cancel,
                const struct remote_handler *handler, struct err *e)
{
    *s = (struct stream){.host = h, .handler = handler, .timer_fd = -1};
    s->own = (struct remote_handler){.line = on_line, .ud = s, .endless = true};
    s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->timer_fd < 0)
        return err_errno(e, "cannot make a timerfd");
    if (script_init(&s->script, e) < 0 || !(s->ssh = ssh_connect(h, cancel, e)) ||
        remote_open(&s->remote, s->ssh, &s->script, &s->own, e) < 0)
        return -1;
    s->opened = true;
    s->heard_ms = clock_ms();
    script_prelude(&s->script);
    return 0;
}

int stream_send(struct stream *s, struct err *e)
{
    enum { LIMIT_MS = 60 * 1000 };
    s->heard_ms = clock_ms();
    return remote_send(&s->remote, &s->script, deadline_in(LIMIT_MS), e);
}

/* Once after first_ms, then every every_ms. */
static void set_timer(const struct stream *s, int64_t first_ms, int64_t every_ms)
{
    const struct itimerspec t = {
        .it_value = {first_ms / 1000, first_ms % 1000 * 1000000 + 1},
        .it_interval = {every_ms / 1000, every_ms % 1000 * 1000000},
    };
    timerfd_settime(s->timer_fd, 0, &t, NULL);
}

void stream_wake(struct stream *s)
{
    s->woken = true;
    set_timer(s, 0, 0);
}

int stream_wait(struct stream *s, unsigned silence_ms, struct err *e)
{
    if (!s->woken)
        set_timer(s, silence_ms / 4, silence_ms / 4);
    for (;;) {
        uint64_t times;
        int rc = remote_wait(&s->remote, s->timer_fd, DEADLINE_NEVER, e);
        if (rc != 0)
            return rc;
        ssize_t ignored = read(s->timer_fd, &times, sizeof times);
        (void)ignored;
        if (s->woken) {
            s->woken = false;
            return 0;
        }
        if (clock_ms() - s->heard_ms > silence_ms)
            return err_set(e, ERR_UNREACHABLE, "%s: nothing was heard of it for %u s",
                           s->host->name, silence_ms / 1000);
    }
}

int stream_listen(struct stream *s, unsigned ms, struct err *e)
{
    uint64_t times;
    set_timer(s, ms, 0);
    int rc = remote_wait(&s->remote, s->timer_fd, DEADLINE_NEVER, e);
    ssize_t ignored = read(s->timer_fd, &times, sizeof times);
    (void)ignored;
    return rc;
}

int stream_finish(struct stream *s, unsigned limit_ms, struct err *e)
{
    return remote_finish(&s->remote, deadline_in(limit_ms), e);
}

void stream_close(struct stream *s)
{
    if (s->opened)
        remote_close(&s->remote);
    if (s->ssh)
        ssh_close(s->ssh);
    if (s->timer_fd >= 0)
        close(s->timer_fd);
    script_free(&s->script);
    *s = (struct stream){.timer_fd = -1};
}
