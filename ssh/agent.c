#include "ssh/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "ssh/internal.h"
#include "ssh/wire.h"

enum {
    REQUEST_IDENTITIES = 11,
    IDENTITIES_ANSWER = 12,
    SIGN_REQUEST = 13,
    SIGN_RESPONSE = 14,
    REPLY_MAX = 256 * 1024,
};

static int wait_agent(const struct agent *a, short events, struct err *e)
{
    struct wait w = {.fd = a->fd,
                     .events = events,
                     .cancel_fd = a->cancel_fd,
                     .wake_fd = -1,
                     .deadline = a->deadline};
    enum wait_result r = wait_io(&w);
    if (r == WAIT_CANCELLED)
        return err_set(e, ERR_INTERRUPTED, "interrupted while waiting for ssh-agent");
    if (r == WAIT_TIMEOUT)
        return err_set(e, ERR_FAILED, "ssh-agent does not answer");
    return 0;
}

static int send_all(const struct agent *a, const char *p, size_t n, struct err *e)
{
    while (n) {
        ssize_t put = send(a->fd, p, n, MSG_NOSIGNAL);
        if (put < 0 && errno == EAGAIN) {
            if (wait_agent(a, POLLOUT, e))
                return -1;
        } else if (put < 0 && errno != EINTR) {
            return err_errno(e, "cannot talk to ssh-agent");
        } else if (put > 0) {
            p += put;
            n -= (size_t)put;
        }
    }
    return 0;
}

static int recv_all(const struct agent *a, char *p, size_t n, struct err *e)
{
    while (n) {
        ssize_t got = recv(a->fd, p, n, 0);
        if (got < 0 && errno == EAGAIN) {
            if (wait_agent(a, POLLIN, e))
                return -1;
        } else if (got < 0 && errno != EINTR) {
            return err_errno(e, "cannot talk to ssh-agent");
        } else if (!got) {
            return err_set(e, ERR_FAILED, "ssh-agent hung up");
        } else if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
    return 0;
}

/* One request, one reply; the reply's content behind its type byte goes to *out, inside *reply. */
static int ask(struct agent *a, const struct strbuf *request, int want, struct strbuf *reply,
               struct wire *out, struct err *e)
{
    autosb struct strbuf framed = {0};
    char head[4], chunk[4096];
    uint32_t len = 0;

    wire_put_string(&framed, sb_str(request), request->len);
    if (send_all(a, framed.s, framed.len, e) || recv_all(a, head, sizeof head, e))
        return -1;
    struct wire w = {.p = (unsigned char *)head, .n = sizeof head};
    if (!wire_u32(&w, &len) || !len || len > REPLY_MAX)
        return err_set(e, ERR_PROTOCOL, "ssh-agent's answer makes no sense");
    sb_reset(reply);
    while (len) {
        size_t n = len < sizeof chunk ? len : sizeof chunk;
        if (recv_all(a, chunk, n, e))
            return -1;
        sb_addn(reply, chunk, n);
        len -= (uint32_t)n;
    }
    if ((unsigned char)reply->s[0] != want)
        return err_set(e, ERR_FAILED,
                       "ssh-agent refuses (is it locked, or was its question "
                       "answered with no?)");
    *out = (struct wire){.p = (unsigned char *)reply->s + 1, .n = reply->len - 1};
    return 0;
}

int agent_open(struct agent *a, const char *path, int cancel_fd, int64_t deadline, struct err *e)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    *a = (struct agent){.fd = -1, .cancel_fd = cancel_fd, .deadline = deadline};
    if (strlen(path) >= sizeof sun.sun_path)
        return err_set(e, ERR_FAILED, "SSH_AUTH_SOCK is too long");
    memcpy(sun.sun_path, path, strlen(path) + 1);
    a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (a->fd < 0)
        return err_errno(e, "cannot create a socket");
    if (connect(a->fd, (struct sockaddr *)&sun, sizeof sun))
        return err_errno(e, "no ssh-agent answers at %s", path);
    return 0;
}

void agent_close(struct agent *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
    sb_free(&a->reply);
}

long agent_keys(struct agent *a, struct agent_key *keys, size_t max, struct err *e)
{
    autosb struct strbuf request = {0};
    struct wire w, blob, comment;
    uint32_t count;
    size_t n = 0;

    sb_addc(&request, REQUEST_IDENTITIES);
    if (ask(a, &request, IDENTITIES_ANSWER, &a->reply, &w, e))
        return -1;
    if (!wire_u32(&w, &count))
        return err_set(e, ERR_PROTOCOL, "ssh-agent's list of keys makes no sense");
    for (; count && n < max; count--) {
        struct agent_key *key = &keys[n];
        if (!wire_string(&w, &blob) || !wire_string(&w, &comment))
            return err_set(e, ERR_PROTOCOL, "ssh-agent's list of keys makes no sense");
        key->blob = blob.p;
        key->blob_len = blob.n;
        ssh_printable(key->comment, sizeof key->comment, (const char *)comment.p, comment.n);
        if (wire_name(&blob, key->type, sizeof key->type))
            n++;
    }
    return (long)n;
}

int agent_sign(struct agent *a, const struct agent_key *key, const unsigned char *data, size_t len,
               unsigned char **signature, size_t *signature_len, struct err *e)
{
    autosb struct strbuf request = {0}, reply = {0};
    struct wire w, both, type, sig;

    sb_addc(&request, SIGN_REQUEST);
    wire_put_string(&request, key->blob, key->blob_len);
    wire_put_string(&request, data, len);
    wire_put_u32(&request, 0); /* flags: the key's own algorithm */
    if (ask(a, &request, SIGN_RESPONSE, &reply, &w, e))
        return -1;
    if (!wire_string(&w, &both) || !wire_string(&both, &type) || !wire_string(&both, &sig) ||
        !wire_is(&type, key->type))
        return err_set(e, ERR_PROTOCOL, "ssh-agent's signature makes no sense");
    *signature = xmalloc(sig.n ? sig.n : 1);
    memcpy(*signature, sig.p, sig.n);
    *signature_len = sig.n;
    return 0;
}
