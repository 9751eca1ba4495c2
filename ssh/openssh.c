/* The master of a session: from its start to its end, and what it says when it fails. */
#include "ssh/openssh.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    WORDS_MAX = 16 * 1024,
    RETRY_MIN_MS = 50,
    RETRY_MAX_MS = 1000,
    CLOSE_MS = 500,
};

/* Everything from a descriptor that is there; closes it at its end. */
static void take(int *fd, struct strbuf *out)
{
    char chunk[4096];
    ssize_t n;
    while (*fd >= 0) {
        n = read(*fd, chunk, sizeof chunk);
        if (n > 0) {
            sb_addn(out, chunk, (size_t)n);
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            close(*fd);
            *fd = -1;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

void openssh_listen(struct ssh *s)
{
    take(&s->master->child.err, &s->master->words);
    if (s->master->child.err < 0)
        s->lost = PEER_CLOSED;
}

/* The master's line that holds `mark`, printable; false when there is none. */
static bool find_line(const struct master *m, const char *mark, char *out, size_t size)
{
    const char *text = sb_str(&m->words), *at = strstr(text, mark);
    if (!at)
        return false;
    while (at > text && at[-1] != '\n')
        at--;
    ssh_printable(out, size, at, strcspn(at, "\r\n"));
    return true;
}

static void last_line(const struct master *m, char *out, size_t size)
{
    const char *s = sb_str(&m->words);
    size_t n = m->words.len, start;
    while (n && strchr("\r\n\t ", s[n - 1]))
        n--;
    for (start = n; start && s[start - 1] != '\n'; start--)
        ;
    ssh_printable(out, size, s + start, n - start);
}

static int try_it(const struct ssh *s, struct err *e)
{
    autosb struct strbuf way = {0};
    jump_list(s->host, SIZE_MAX, &way);
    return err_hint(e, "Try it: ssh -v%s%s -p %u %s@%s", way.len ? " -J " : "", sb_str(&way),
                    s->host->ssh.port, s->host->ssh.user, openssh_target(s));
}

/* What it failed at: what comes after that is only the other ends' hanging up. */
static const char *const causes[] = {"Permission denied", "open failed: ", "connect to host ",
                                     "Could not resolve "};

static void telling_line(const struct master *m, char *out, size_t size)
{
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (find_line(m, causes[i], out, size))
            return;
    last_line(m, out, size);
}

/* "The fingerprint for the ED25519 key sent by the remote host is\nSHA256:....\n" */
static int not_pinned(const struct ssh *s, struct err *e)
{
    const char *at = strstr(sb_str(&s->master->words), "fingerprint for the ");
    char type[16] = "", fingerprint[64] = "";
    if (!at ||
        sscanf(at, "fingerprint for the %15s key sent by the remote host is %63[A-Za-z0-9:+/]",
               type, fingerprint) < 2)
        snprintf(fingerprint, sizeof fingerprint, "unknown");
    for (char *p = type; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return hostkey_not_pinned(s, type[0] ? type : "key", fingerprint, e);
}

int openssh_refused(const struct ssh *s, struct err *e)
{
    char line[300], last[300];
    const struct master *m = s->master;
    telling_line(m, last, sizeof last);
    if (m->pins[0] && strstr(sb_str(&m->words), m->pins)) /* our file, which is gone soon */
        return not_pinned(s, e);
    if (find_line(m, "Offending ", line, sizeof line)) {
        err_set(e, ERR_FAILED, "%s: HOST KEY CHANGED: ssh says: %s", s->peer, line);
        return err_hint(e, "Either the machine was reinstalled, or another one answers in its "
                           "place. Compare the fingerprint on its console; only if the new key is "
                           "right, delete the line that ssh names.");
    }
    if (find_line(m, "host key is known for", line, sizeof line)) {
        err_set(e, ERR_FAILED, "%s: the host's key is not known: ssh says: %s", s->peer, line);
        return err_hint(e, "Compare the key's fingerprint on the machine's own console, then put "
                           "it into known_hosts (ssh-keyscan), or under \"pinned_keys\".");
    }
    if (find_line(m, "revoked", line, sizeof line))
        return err_set(e, ERR_FAILED, "%s: the host's key is revoked: ssh says: %s", s->peer, line);
    if (strstr(sb_str(&m->words), "Host key verification failed")) {
        err_set(e, ERR_FAILED, "%s: the host's key is refused: ssh says: %s", s->peer, last);
        return try_it(s, e);
    }
    if (strstr(sb_str(&m->words), "Permission denied") ||
        strstr(sb_str(&m->words), "Too many authentication failures")) {
        err_set(e, ERR_FAILED, "%s: cannot log in: ssh says: %s", s->peer, last);
        return err_hint(e,
                        "ssh uses the keys of the inventory and of ssh_config, and asks no "
                        "questions here: unlock a key with ssh-add. Try it: ssh -v -o "
                        "BatchMode=yes -p %u %s@%s",
                        s->host->ssh.port, s->host->ssh.user, openssh_target(s));
    }
    autosb struct strbuf way = {0};
    jump_list(s->host, SIZE_MAX, &way);
    bool usage =
        strstr(sb_str(&m->words), "onfiguration option") || strstr(sb_str(&m->words), "s.conf: ");
    err_set(e, usage ? ERR_FAILED : ERR_UNREACHABLE, "%s: cannot connect%s%s: ssh says: %s",
            s->peer, way.len ? " through " : "", sb_str(&way), last[0] ? last : "nothing");
    return try_it(s, e);
}

/*
 * Such a server hangs up before it has said anything. A jump host that was not
 * let through looks the same from behind it.
 */
bool openssh_hung_up(const struct ssh *s)
{
    const char *words = sb_str(&s->master->words);
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (strstr(words, causes[i]))
            return false;
    return strstr(words, "kex_exchange_identification:") && !strstr(words, "verification failed");
}

static int start_master(struct ssh *s, struct err *e)
{
    struct master *m = s->master;
    /* cat: the connection ends with our end of its standard input, even if we are killed. */
    const char *const argv[] = {"ssh",
                                "-F",
                                m->config,
                                "-M",
                                "-S",
                                m->socket,
                                "-T",
                                "-o",
                                "ControlPersist=no",
                                "--",
                                openssh_target(s),
                                "cat",
                                NULL};
    sb_reset(&m->words);
    if (!child_start(&m->child, argv, e))
        return 0;
    err_wrap(e, "%s", s->peer);
    return err_hint(e, "\"transport\": \"openssh\" needs the system's ssh (package openssh-client, "
                       "or openssh-clients).");
}

/* The ssh that goes through a jump host for it may say why a moment after it has ended itself. */
static void last_words(struct ssh *s)
{
    enum { LAST_WORDS_MS = 500 };
    struct child *c = &s->master->child;
    struct wait w = {
        .cancel_fd = s->cancel_fd, .wake_fd = -1, .deadline = deadline_in(LAST_WORDS_MS)};
    for (enum wait_result r = WAIT_READY; c->err >= 0 && r == WAIT_READY;) {
        r = wait_fds(&(struct pollfd){.fd = c->err, .events = POLLIN}, 1, &w);
        take(&c->err, &s->master->words);
    }
}

/* Wait for the echo of `token`. 0: logged in; 1: ssh has ended. */
static int await_echo(struct ssh *s, const char *token, int64_t deadline, struct err *e)
{
    struct master *m = s->master;
    struct child *c = &m->child;
    autosb struct strbuf heard = {.cap = 64 * 1024};
    for (;;) {
        struct pollfd fds[] = {{.fd = c->out, .events = POLLIN}, {.fd = c->err, .events = POLLIN}};
        struct wait w = {.cancel_fd = s->cancel_fd, .wake_fd = -1, .deadline = deadline};
        enum wait_result r = wait_fds(fds, 2, &w);
        take(&c->out, &heard);
        take(&c->err, &m->words);
        if (strstr(sb_str(&heard), token))
            return 0;
        if (c->out < 0)
            return 1;
        if (r == WAIT_CANCELLED)
            return err_set(e, ERR_INTERRUPTED, "%s: interrupted while connecting", s->peer);
        if (r == WAIT_TIMEOUT) {
            err_set(e, ERR_UNREACHABLE, "%s: ssh has not connected and logged in within %.1f s",
                    s->peer, 2 * ssh_connect_timeout(s->host) / 1000.0);
            return try_it(s, e);
        }
    }
}

static int connect_once(struct ssh *s, int64_t deadline, struct err *e)
{
    struct master *m = s->master;
    unsigned long long n = 0;
    char token[40];
    if (getrandom(&n, sizeof n, 0) != (ssize_t)sizeof n)
        return err_errno(e, "cannot draw a random number");
    int len = snprintf(token, sizeof token, "clusterctl-%016llx\n", n);
    if (start_master(s, e))
        return -1;
    if (send(m->child.in, token, (size_t)len, MSG_NOSIGNAL) != len)
        return 1; /* it has ended already */
    token[len - 1] = '\0';
    return await_echo(s, token, deadline, e);
}

/* ssh's own note about a key that it has taken. */
static void tell_trust(const struct ssh *s)
{
    char line[300];
    if (find_line(s->master, "Permanently added", line, sizeof line))
        ssh_note(s, "its host key was not known and is trusted from now on: ssh says: %s", line);
}

int openssh_prepare(struct ssh *s, struct err *e)
{
    s->master = xcalloc(1, sizeof *s->master);
    s->master->words.cap = WORDS_MAX;
    s->master->child = (struct child){.in = -1, .out = -1, .err = -1};
    return openssh_files(s, e) ? err_wrap(e, "%s", s->peer) : 0;
}

static int openssh_connect(struct ssh *s, struct err *e)
{
    int64_t limit = ssh_connect_timeout(s->host), give_up = deadline_in(limit);
    int64_t deadline = deadline_in(2 * limit), span = RETRY_MIN_MS;

    if (openssh_prepare(s, e))
        return -1;
    for (;;) {
        int rc = connect_once(s, deadline, e);
        tell_trust(s);
        if (rc <= 0)
            return rc;
        last_words(s);
        child_stop(&s->master->child, deadline_in(CLOSE_MS));
        if (!openssh_hung_up(s) || clock_ms() + 2 * span >= give_up)
            return openssh_refused(s, e);
        if (ssh_pause(s, span, e))
            return -1;
        span = span * 2 < RETRY_MAX_MS ? span * 2 : RETRY_MAX_MS;
    }
}

int openssh_lost(struct ssh *s, const char *doing, struct err *e)
{
    char last[300];
    s->broken = true;
    last_line(s->master, last, sizeof last);
    err_set(e, ERR_UNREACHABLE,
            "%s: connection lost during %s: ssh says: %s; last heard from %.1f s ago", s->peer,
            doing, last[0] ? last : "nothing", (double)(clock_ms() - s->last_heard) / 1000.0);
    return err_hint(e, "Look at the host (did it or its sshd restart? did the network or a "
                       "firewall cut it off?), then run the same command again.");
}

void openssh_end(struct ssh *s, int64_t deadline)
{
    struct master *m = s->master;
    if (!m)
        return;
    child_stop(&m->child, deadline);
    openssh_remove_files(m);
    sb_free(&m->words);
    xfree(m);
    s->master = NULL;
}

static void openssh_close(struct ssh *s)
{
    openssh_end(s, deadline_in(s->ready && !s->broken ? CLOSE_MS : 0));
}

const struct transport transport_openssh = {
    .connect = openssh_connect,
    .close = openssh_close,
    .start = openssh_start,
    .send = openssh_send,
    .wait = openssh_wait,
    .finish = openssh_finish,
    .release = openssh_release,
};
