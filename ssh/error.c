#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/quote.h"
#include "ssh/internal.h"

void ssh_printable(char *out, size_t size, const char *s, size_t n)
{
    autosb struct strbuf sb = {.cap = size - 1};
    quote_terminal(&sb, s, n, false);
    memcpy(out, sb_str(&sb), sb.len + 1);
}

void ssh_note(const struct ssh *s, const char *fmt, ...)
{
    autosb struct strbuf text = {0};
    va_list ap;
    if (!s->cancel || !s->cancel->note)
        return;
    sb_addf(&text, "%s: ", s->peer);
    va_start(ap, fmt);
    sb_vaddf(&text, fmt, ap);
    va_end(ap);
    s->cancel->note(s->cancel->ud, sb_str(&text));
}

/* Is this the end of the connection, rather than of one request on it? */
bool ssh_is_loss(const struct ssh *s, long rc)
{
    switch (rc) {
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_SOCKET_TIMEOUT:
    case LIBSSH2_ERROR_BANNER_RECV:
    case LIBSSH2_ERROR_BANNER_SEND: return true;
    default: return s->lost != PEER_ALIVE || s->farewell[0];
    }
}

/* A message that fails its checksum or makes no sense as a packet: the stream is unusable. */
static bool is_damage(long rc)
{
    return rc == LIBSSH2_ERROR_INVALID_MAC || rc == LIBSSH2_ERROR_DECRYPT ||
           rc == LIBSSH2_ERROR_OUT_OF_BOUNDARY || rc == LIBSSH2_ERROR_PROTO ||
           rc == LIBSSH2_ERROR_ZLIB;
}

static void loss_reason(const struct ssh *s, char *out, size_t size)
{
    if (s->farewell[0])
        snprintf(out, size, "the host said \"%s\"", s->farewell);
    else if (s->lost == ETIMEDOUT)
        snprintf(out, size, "no sign of life from the host for %.1f s",
                 s->host->ssh.dead_after_ms / 1000.0);
    else if (s->lost > 0)
        snprintf(out, size, "%s", strerror(s->lost));
    else
        snprintf(out, size, "closed by the host");
}

int ssh_fail(struct ssh *s, long rc, const char *doing, struct err *e)
{
    char why[320];
    char *text = NULL;

    s->broken = true;
    double silent = (double)(clock_ms() - s->last_heard) / 1000.0;
    if (ssh_is_loss(s, rc)) {
        loss_reason(s, why, sizeof why);
        err_set(e, ERR_UNREACHABLE, "%s: connection lost during %s: %s; last heard from %.1f s ago",
                s->peer, doing, why, silent);
        return err_hint(e, "Look at the host (did it or its sshd restart? did the network or a "
                           "firewall cut it off?), then run the same command again.");
    }
    if (is_damage(rc)) {
        err_set(e, ERR_UNREACHABLE,
                "%s: connection lost during %s: what arrived was damaged "
                "(libssh2 error %ld); last heard from %.1f s ago",
                s->peer, doing, rc, silent);
        return err_hint(e, "Something between here and the host alters the traffic: a faulty "
                           "network card or link, or an attacker. Try again; if it stays, see ip "
                           "-s link on both ends.");
    }
    libssh2_session_last_error(s->session, &text, NULL, 0);
    ssh_printable(why, sizeof why, text ? text : "", text ? strlen(text) : 0);
    err_set(e, ERR_PROTOCOL, "%s: %s failed: %s (libssh2 error %ld)", s->peer, doing,
            why[0] ? why : "no reason given", rc);
    return err_hint(e, "Compare with: ssh -v -p %u %s@%s", s->host->ssh.port, s->host->ssh.user,
                    s->address);
}

int ssh_stopped(struct ssh *s, enum wait_result why, const char *doing, struct err *e)
{
    s->broken = true;
    if (why == WAIT_CANCELLED)
        return err_set(e, ERR_INTERRUPTED, "%s: interrupted during %s", s->peer, doing);
    return err_set(e, s->ready ? ERR_FAILED : ERR_UNREACHABLE,
                   "%s: %s did not end within its time limit; last heard "
                   "from %.1f s ago",
                   s->peer, doing, (double)(clock_ms() - s->last_heard) / 1000.0);
}
