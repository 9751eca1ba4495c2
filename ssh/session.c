/* A session of libssh2's: connect, key exchange, host key, login, close. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/trace.h"
#include "ssh/internal.h"

enum {
    /* How much a peer may send before we look at the deadline and at Ctrl-C again. */
    READ_BUDGET = 1 << 20,
    RETRY_MIN_MS = 50,
    RETRY_MAX_MS = 1000,
    CLOSE_MS = 500,
    FREE_TRIES = 100,
    LOGINS_MAX = 3,
    GRACE_MIN_MS = 1000, /* of LoginGraceTime, which is in seconds */
};

/*
 * libssh2 1.10 crashes, or reports success, on several of its own failed allocations: never let one
 * fail.
 */
static void *mem_alloc(size_t n, void **abstract)
{
    (void)abstract;
    return xmalloc(n ? n : 1);
}

static void *mem_realloc(void *p, size_t n, void **abstract)
{
    (void)abstract;
    return xrealloc(p, n ? n : 1);
}

static void mem_free(void *p, void **abstract)
{
    (void)abstract;
    xfree(p);
}

/*
 * Our own recv() and send() under libssh2, to know afterwards why and when the connection ended,
 * which libssh2 forgets. They return bytes, or -errno.
 */
static ssize_t sock_recv(libssh2_socket_t fd, void *buf, size_t n, int flags, void **abstract)
{
    struct ssh *s = *abstract;
    if (s->closing || s->lost != PEER_ALIVE)
        return -ECONNABORTED;
    if (!s->budget || s->dry)
        return -EAGAIN;
    if (n > s->budget)
        n = s->budget;
    ssize_t got;
    do
        got = recv(fd, buf, n, flags);
    while (got < 0 && errno == EINTR);
    s->dry = got != 0 && got != (ssize_t)n; /* libssh2 would ask again and again: poll() will tell */
    if (got > 0) {
        s->budget -= (size_t)got;
        s->received += (uint64_t)got;
        s->last_heard = clock_ms();
        s->alive.asked = 0;
        return got;
    }
    if (got == 0)
        s->lost = PEER_CLOSED;
    else if (errno != EAGAIN)
        s->lost = errno;
    return got ? -errno : 0;
}

static ssize_t sock_send(libssh2_socket_t fd, const void *buf, size_t n, int flags, void **abstract)
{
    struct ssh *s = *abstract;
    if (s->closing || (s->lost != PEER_ALIVE && s->lost != PEER_CLOSED))
        return -ECONNABORTED;
    ssize_t put;
    do
        put = send(fd, buf, n, flags | MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    if (put < 0 && errno != EAGAIN && s->lost == PEER_ALIVE)
        s->lost = errno;
    if (put > 0)
        alive_sent(s, (size_t)put);
    return put < 0 ? -errno : put;
}

static void on_disconnect(LIBSSH2_SESSION *session, int reason, const char *message, int len,
                          const char *lang, int lang_len, void **abstract)
{
    struct ssh *s = *abstract;
    (void)session, (void)reason, (void)lang, (void)lang_len;
    if (message && len > 0)
        ssh_printable(s->farewell, sizeof s->farewell, message, (size_t)len);
    else
        snprintf(s->farewell, sizeof s->farewell, "goodbye");
}

static void set_callback(LIBSSH2_SESSION *session, int type, void (*fn)(void))
{
    void *p; /* libssh2 takes functions as void *, which ISO C has no cast for */
    memcpy(&p, &fn, sizeof p);
    libssh2_session_callback_set(session, type, p);
}

static int new_session(struct ssh *s, struct err *e)
{
    s->session = libssh2_session_init_ex(mem_alloc, mem_free, mem_realloc, s);
    if (!s->session)
        return err_set(e, ERR_SYSTEM, "%s: libssh2 cannot create a session", s->peer);
    libssh2_session_set_blocking(s->session, 0);
    libssh2_session_banner_set(s->session, "SSH-2.0-clusterctl");
    set_callback(s->session, LIBSSH2_CALLBACK_RECV, (void (*)(void))sock_recv);
    set_callback(s->session, LIBSSH2_CALLBACK_SEND, (void (*)(void))sock_send);
    set_callback(s->session, LIBSSH2_CALLBACK_DISCONNECT, (void (*)(void))on_disconnect);
    return ssh_prefer_algorithms(s, e);
}

/*
 * sshd leaves Nagle's algorithm on until a command runs: what it has to say next waits until we have
 * acknowledged what it said last, which the kernel does 40 ms later, or with our next packet. Seen:
 * its answer to the first channel's opening stands behind the host keys that it announces after a
 * log-in.
 */
static void acknowledge(const struct ssh *s)
{
    int on = 1;
    if (!s->commanded && s->budget < READ_BUDGET)
        setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on); /* a jump host's is no TCP */
}

static enum wait_result wait_for(struct ssh *s, short events, int wake_fd, int64_t deadline)
{
    struct wait w = {.fd = s->fd,
                     .events = events,
                     .cancel_fd = s->cancel_fd,
                     .wake_fd = wake_fd,
                     .deadline = deadline};
    TRACE(s->host->name, "wait");
    acknowledge(s);
    s->budget = READ_BUDGET;
    s->dry = false;
    for (;;) {
        int64_t due = alive_due(s, events);
        bool ours = due != DEADLINE_NEVER && (deadline == DEADLINE_NEVER || due < deadline);
        w.deadline = ours ? due : deadline;
        enum wait_result r = wait_io(&w);
        if (r != WAIT_TIMEOUT || !ours)
            return r;
        if (alive_look(s, events))
            return WAIT_READY;
    }
}

enum wait_result ssh_wait(struct ssh *s, int wake_fd, int64_t deadline)
{
    int directions = libssh2_session_block_directions(s->session);
    short events = 0;
    if (directions & LIBSSH2_SESSION_BLOCK_INBOUND)
        events |= POLLIN;
    if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
        events |= POLLOUT;
    return wait_for(s, events, wake_fd, deadline);
}

int ssh_again(struct ssh *s, int64_t deadline, const char *doing, struct err *e)
{
    enum wait_result r = ssh_wait(s, -1, deadline);
    return r == WAIT_READY ? 0 : ssh_stopped(s, r, doing, e);
}

int ssh_glance(struct ssh *s, int64_t deadline, const char *doing, struct err *e)
{
    enum wait_result r = wait_for(s, POLLIN | POLLOUT, -1, deadline);
    return r == WAIT_READY ? 0 : ssh_stopped(s, r, doing, e);
}

static void end_session(struct ssh *s)
{
    if (s->session) {
        s->closing = true; /* every send and recv fails from here on, so nothing can wait */
        for (int i = 0; i < FREE_TRIES; i++)
            if (libssh2_session_free(s->session) != LIBSSH2_ERROR_EAGAIN)
                break;
    }
    if (s->fd >= 0)
        close(s->fd);
    s->session = NULL;
    s->fd = -1;
    jump_close(s);
}

/* The connection is fresh: forget what an earlier try has left. */
static void begin_session(struct ssh *s)
{
    s->broken = s->closing = s->commanded = s->dry = false;
    s->lost = PEER_ALIVE;
    s->last_heard = clock_ms();
    memset(&s->alive, 0, sizeof s->alive);
    s->budget = READ_BUDGET;
    s->farewell[0] = '\0';
}

enum handshake { SHAKEN, REFUSED, FAILED };

static void handshake_too_slow(const struct ssh *s, struct err *e)
{
    double limit = ssh_connect_timeout(s->host) / 1000.0;
    if (jump_wanted(s->host)) {
        autosb struct strbuf way = {0};
        jump_list(s->host, SIZE_MAX, &way);
        err_set(e, ERR_UNREACHABLE,
                "%s: not connected through %s, and the SSH handshake complete, within %.1f s",
                s->peer, sb_str(&way), 2 * limit);
        err_hint(e, "Try it: ssh -v -J %s -p %u %s@%s", sb_str(&way), s->host->ssh.port,
                 s->host->ssh.user, s->address);
        return;
    }
    err_set(e, ERR_UNREACHABLE,
            "%s: connected, but the SSH handshake was not complete within %.1f s", s->peer, limit);
    err_hint(e,
             "Is it an sshd that listens there, and is the machine overloaded? Try: "
             "ssh -v -p %u %s@%s",
             s->host->ssh.port, s->host->ssh.user, s->address);
}

/*
 * TCP connect and key exchange. REFUSED: the server hung up before the exchange was complete, which
 * is what sshd does when too many others are at its door (MaxStartups); worth another try.
 */
static enum handshake handshake(struct ssh *s, struct err *e)
{
    int rc;
    TRACE(s->host->name, "connect: TCP, key exchange");
    begin_session(s);
    int64_t limit = ssh_connect_timeout(s->host);
    s->fd = jump_wanted(s->host) ? jump_connect(s, e) : tcp_connect(s, deadline_in(limit), e);
    if (s->fd < 0 || new_session(s, e) || hostkey_prefer(s, e))
        return FAILED;

    int64_t deadline = deadline_in(jump_wanted(s->host) ? 2 * limit : limit);
    while ((rc = libssh2_session_handshake(s->session, s->fd)) == LIBSSH2_ERROR_EAGAIN) {
        enum wait_result r = ssh_wait(s, -1, deadline);
        if (r == WAIT_READY)
            continue;
        ssh_stopped(s, r, "the SSH handshake", e);
        if (r == WAIT_TIMEOUT)
            handshake_too_slow(s, e);
        return FAILED;
    }
    if (!rc)
        return SHAKEN;
    int why = jump_wanted(s->host) ? jump_failed(s, e) : 1;
    if (why <= 0)
        return why ? FAILED : REFUSED;
    bool hung_up = ssh_is_loss(s, rc) && !s->farewell[0];
    ssh_fail(s, rc, "the SSH handshake", e);
    if (rc == LIBSSH2_ERROR_KEX_FAILURE || rc == LIBSSH2_ERROR_METHOD_NONE)
        err_hint(
            e,
            "The two ends share no algorithm; where the host has an RSA key alone, the system's "
            "ssh can do it: \"transport\": \"openssh\" under \"ssh\" in the inventory. See: "
            "ssh -vv -p %u %s@%s",
            s->host->ssh.port, s->host->ssh.user, s->address);
    return hung_up ? REFUSED : FAILED;
}

static int handshake_with_retries(struct ssh *s, struct err *e)
{
    int64_t give_up = deadline_in(ssh_connect_timeout(s->host));
    int64_t span = RETRY_MIN_MS;
    for (unsigned tries = 1;; tries++) {
        enum handshake result = handshake(s, e);
        if (result != REFUSED)
            return result == SHAKEN ? 0 : -1;
        end_session(s);
        if (clock_ms() + 2 * span >= give_up) {
            err_set(e, ERR_UNREACHABLE,
                    "%s: the host hangs up on every SSH handshake (%u tries in "
                    "%.1f s)",
                    s->peer, tries, ssh_connect_timeout(s->host) / 1000.0);
            return err_hint(e,
                            "Too many connections at once (MaxStartups in sshd_config), a ban "
                            "(fail2ban, hosts.deny), or not an sshd: see the host's sshd log, "
                            "and ssh -v -p %u %s@%s",
                            s->host->ssh.port, s->host->ssh.user, s->address);
        }
        if (ssh_pause(s, span, e))
            return -1;
        span = span * 2 < RETRY_MAX_MS ? span * 2 : RETRY_MAX_MS;
    }
}

/*
 * sshd waits two minutes for a log-in (LoginGraceTime), whatever the operator is at; the answer is known
 * to the next try. An answer that was there at once, as one that was typed for another host, is not why
 * a host hangs up: it would be sent to it again and again.
 */
int lib_connect(struct ssh *s, struct err *e)
{
    for (int logins = 1;; logins++) {
        s->answering = 0;
        if (handshake_with_retries(s, e) || hostkey_verify(s, e))
            return -1;
        if (!auth_login(s, deadline_in(ssh_connect_timeout(s->host)), e))
            return 0;
        if (e->code != ERR_UNREACHABLE || s->farewell[0] || s->answering < GRACE_MIN_MS ||
            logins == LOGINS_MAX)
            return -1;
        end_session(s);
    }
}

void lib_close(struct ssh *s)
{
    if (s->ready && !s->broken && s->lost == PEER_ALIVE) {
        int64_t deadline = deadline_in(CLOSE_MS);
        while (libssh2_session_disconnect(s->session, "done") == LIBSSH2_ERROR_EAGAIN)
            if (ssh_wait(s, -1, deadline) != WAIT_READY)
                break;
    }
    end_session(s);
}
