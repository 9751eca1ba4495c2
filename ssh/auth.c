/* Login with a public key: the identity files in order, then ssh-agent's keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/quote.h"
#include "ssh/agent.h"
#include "ssh/internal.h"
#include "ssh/keyfile.h"

enum { MAX_AGENT_KEYS = 32, FIRST_WITH_RSA_SHA2 = 0x010b00 };

/* What was tried so far, for the error message. */
struct attempts {
    struct strbuf log;
    char remedy[512]; /* the first specific one */
    size_t offered;   /* keys that the host has seen */
};

enum attempt { LOGGED_IN, NEXT, GIVE_UP };

static void free_attempts(struct attempts *a)
{
    sb_free(&a->log);
}

__attribute__((format(printf, 2, 3))) static void record(struct attempts *a, const char *fmt, ...)
{
    va_list ap;
    if (a->log.len)
        sb_add(&a->log, "; ");
    va_start(ap, fmt);
    sb_vaddf(&a->log, fmt, ap);
    va_end(ap);
}

static void suggest(struct attempts *a, const char *remedy)
{
    if (!a->remedy[0])
        snprintf(a->remedy, sizeof a->remedy, "%s", remedy);
}

/*
 * OpenSSH 8.8 (2021) stopped accepting RSA signatures made with SHA-1, the only kind that libssh2
 * makes before 1.11. Older servers, CentOS 7's among them, still take them.
 */
static bool server_refuses_rsa_sha1(const struct ssh *s)
{
    unsigned major = 0, minor = 0;
    const char *banner = libssh2_session_banner_get(s->session);
    const char *v = banner ? strstr(banner, "OpenSSH_") : NULL;
    if (!v || sscanf(v, "OpenSSH_%2u.%2u", &major, &minor) != 2)
        return false;
    return major > 8 || (major == 8 && minor >= 8);
}

static bool rsa_is_hopeless(const struct ssh *s, struct attempts *a)
{
    if (libssh2_version(FIRST_WITH_RSA_SHA2) || !server_refuses_rsa_sha1(s))
        return false;
    suggest(a,
            "Use an ed25519 key: ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519; then ssh-copy-id -i "
            "~/.ssh/id_ed25519.pub to the host, and name it in the inventory. Or use the system's "
            "ssh: \"transport\": \"openssh\" under \"ssh\" there (or libssh2 1.11 or later)");
    return true;
}

/* What the server's answer to one key means. */
static enum attempt judge(struct ssh *s, struct attempts *a, int rc, const char *key,
                          const char *type, struct err *e)
{
    if (!rc)
        return LOGGED_IN;
    if (ssh_is_loss(s, rc)) {
        ssh_fail(s, rc, "login", e);
        if (strstr(s->farewell, "Too many authentication failures"))
            err_hint(e,
                     "The host allows only so many keys a login (MaxAuthTries); %zu were tried. "
                     "Name the right one first under \"identities\", or turn the agent off.",
                     a->offered);
        return GIVE_UP;
    }
    record(a, "%s%s%s%s not accepted by the host", key, type[0] ? " (" : "", type,
           type[0] ? ")" : "");
    return NEXT;
}

static enum attempt try_file(struct ssh *s, struct attempts *a, const char *path, int64_t deadline,
                             struct err *e)
{
    struct keyfile k;
    int rc;

    keyfile_inspect(path, &k);
    if (!k.exists)
        return NEXT;
    if (!k.usable) {
        record(a, "%s %s", path, k.problem);
        suggest(a, k.remedy);
        return NEXT;
    }
    if (k.is_rsa && rsa_is_hopeless(s, a)) {
        record(a,
               "%s is an RSA key, which libssh2 %s cannot use with this server (no rsa-sha2 "
               "signatures)",
               path, libssh2_version(0));
        return NEXT;
    }
    a->offered++;
    while ((rc = libssh2_userauth_publickey_fromfile(s->session, s->host->ssh.user, NULL, path,
                                                     NULL)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_again(s, deadline, "login", e))
            return GIVE_UP;
    return judge(s, a, rc, path, k.type, e);
}

/* For libssh2's callback, which has one pointer for everything. */
struct signer {
    struct agent *agent;
    const struct agent_key *key;
    struct err err;
};

static int sign(LIBSSH2_SESSION *session, unsigned char **sig, size_t *sig_len,
                const unsigned char *data, size_t len, void **abstract)
{
    struct signer *signer = *abstract;
    (void)session;
    return agent_sign(signer->agent, signer->key, data, len, sig, sig_len, &signer->err);
}

static enum attempt try_agent_key(struct ssh *s, struct attempts *a, struct agent *agent,
                                  const struct agent_key *key, struct err *e)
{
    struct signer signer = {.agent = agent, .key = key};
    void *abstract = &signer;
    char name[192];
    int rc;

    snprintf(name, sizeof name, "ssh-agent's \"%s\"", key->comment);
    if (strstr(key->type, "-cert-v01@") || !strncmp(key->type, "sk-", 3)) {
        record(a, "%s is of type %s, which libssh2 cannot use", name, key->type);
        suggest(a, "Use a plain ed25519 key, or the system's ssh: \"transport\": \"openssh\" under "
                   "\"ssh\" in the inventory.");
        return NEXT;
    }
    if (!strcmp(key->type, "ssh-rsa") &&
        (libssh2_version(FIRST_WITH_RSA_SHA2) || rsa_is_hopeless(s, a))) {
        record(a, "%s is an RSA key, which cannot be used with this server", name);
        return NEXT;
    }
    a->offered++;
    while ((rc = libssh2_userauth_publickey(s->session, s->host->ssh.user, key->blob, key->blob_len,
                                            sign, &abstract)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_again(s, agent->deadline, "login", e))
            return GIVE_UP;
    if (signer.err.code == ERR_INTERRUPTED) {
        *e = signer.err;
        err_wrap(e, "%s", s->peer);
        return GIVE_UP;
    }
    if (signer.err.code) {
        record(a, "%s (%s): %s", name, key->type, signer.err.msg);
        return NEXT;
    }
    return judge(s, a, rc, name, key->type, e);
}

static enum attempt try_agent(struct ssh *s, struct attempts *a, int64_t deadline, struct err *e)
{
    struct agent_key keys[MAX_AGENT_KEYS];
    __attribute__((cleanup(agent_close))) struct agent agent = {.fd = -1};
    enum attempt result = NEXT;
    long n = 0;

    if (!ssh_agent_socket()) {
        record(a, "no ssh-agent is running (SSH_AUTH_SOCK is not set)");
        return NEXT;
    }
    if (agent_open(&agent, ssh_agent_socket(), s->cancel_fd, deadline, e) ||
        (n = agent_keys(&agent, keys, MAX_AGENT_KEYS, e)) < 0) {
        if (e->code == ERR_INTERRUPTED)
            return GIVE_UP;
        record(a, "%s", e->msg);
        return NEXT;
    }
    if (!n)
        record(a, "ssh-agent holds no key");
    for (long i = 0; i < n && result == NEXT; i++)
        result = try_agent_key(s, a, &agent, &keys[i], e);
    return result;
}

static int refused(struct ssh *s, struct attempts *a, struct err *e)
{
    const struct ssh_settings *ssh = &s->host->ssh;
    if (!a->log.len) {
        for (const char *const *f = ssh->identities; f && *f; f++)
            sb_addf(&a->log, "%s%s", a->log.len ? ", " : "no identity file exists: ", *f);
        if (!a->log.len)
            sb_add(&a->log, "no identity file is set");
    }
    s->broken = true;
    err_set(e, ERR_FAILED, "%s: cannot log in as %s: %s", s->peer, ssh->user, sb_str(&a->log));
    if (a->remedy[0])
        return err_hint(e, "%s", a->remedy);
    return err_hint(e,
                    "Put the public key into %s's authorized_keys on the host: ssh-copy-id -i "
                    "KEY.pub -p %u %s@%s; the host's sshd log says why it refused one.",
                    ssh->user, ssh->port, ssh->user, s->address);
}

int auth_login(struct ssh *s, int64_t deadline, struct err *e)
{
    __attribute__((cleanup(free_attempts))) struct attempts a = {.log.cap = 800};
    enum attempt result = NEXT;

    for (const char *const *f = s->host->ssh.identities; f && *f && result == NEXT; f++)
        result = try_file(s, &a, *f, deadline, e);
    if (result == NEXT && s->host->ssh.agent)
        result = try_agent(s, &a, deadline, e);
    if (result == LOGGED_IN)
        return 0;
    return result == GIVE_UP ? -1 : refused(s, &a, e);
}
