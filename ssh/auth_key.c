/* Log-in with a public key: the identity files in order, ssh-agent's keys, then locked files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ssh/agent.h"
#include "ssh/auth.h"
#include "ssh/keyfile.h"

enum { MAX_AGENT_KEYS = 32, FIRST_WITH_RSA_SHA2 = 0x010b00 };

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

static bool rsa_is_hopeless(struct login *l)
{
    if (libssh2_version(FIRST_WITH_RSA_SHA2) || !server_refuses_rsa_sha1(l->s))
        return false;
    login_suggest(
        l, "Use an ed25519 key: ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519; then ssh-copy-id -i "
           "~/.ssh/id_ed25519.pub to the host, and name it in the inventory. Or use the system's "
           "ssh: \"transport\": \"openssh\" under \"ssh\" there (or libssh2 1.11 or later)");
    return true;
}

/* What the server's answer to one key means. */
static enum attempt judge(struct login *l, int rc, const char *key, const char *type, struct err *e)
{
    if (!rc)
        return LOGGED_IN;
    if (ssh_is_loss(l->s, rc))
        return login_lost(l, rc, e);
    login_record(l, "%s%s%s%s not accepted by the host", key, type[0] ? " (" : "", type,
                 type[0] ? ")" : "");
    return NEXT;
}

static bool is_hopeless_file(struct login *l, const char *path, const struct keyfile *k)
{
    if (!k->is_rsa || !rsa_is_hopeless(l))
        return false;
    login_record(l,
                 "%s is an RSA key, which libssh2 %s cannot use with this server (no rsa-sha2 "
                 "signatures)",
                 path, libssh2_version(0));
    return true;
}

/*
 * `passphrase` is NULL for a file without one; libssh2 would have OpenSSL ask for it. `public` may be
 * NULL: libssh2 then decodes the private key once more to find it, which is a third of the processor
 * time of a session. With it, it no longer tells a wrong passphrase from a refused key.
 */
static int login_with_file(struct login *l, const char *public, const char *path,
                           const char *passphrase, int *rc, struct err *e)
{
    while ((*rc = libssh2_userauth_publickey_fromfile(l->s->session, l->s->host->ssh.user, public,
                                                      path, passphrase)) == LIBSSH2_ERROR_EAGAIN)
        if (login_again(l, e))
            return -1;
    return 0;
}

static bool usable(struct login *l, const char *path, const struct keyfile *k)
{
    if (k->usable)
        return true;
    login_record(l, "%s %s", path, k->problem);
    login_suggest(l, k->remedy);
    return false;
}

static enum attempt try_file(struct login *l, const char *path, struct err *e)
{
    autosb struct strbuf public = {0};
    struct keyfile k;
    int rc;

    keyfile_inspect(path, NULL, &k);
    if (!k.exists || k.encrypted)
        return NEXT;
    if (!usable(l, path, &k))
        return NEXT;
    if (is_hopeless_file(l, path, &k))
        return NEXT;
    l->offered++;
    const char *beside = keyfile_beside(path, &k, &public) ? sb_str(&public) : NULL;
    return login_with_file(l, beside, path, NULL, &rc, e) ? GIVE_UP : judge(l, rc, path, k.type, e);
}

/* For libssh2's callback, which has one pointer for everything. */
struct signer {
    struct agent *agent;
    const struct agent_key *key;
    bool wanted; /* the host would accept the key, if it is signed with */
    struct err err;
};

static int sign(LIBSSH2_SESSION *session, unsigned char **sig, size_t *sig_len,
                const unsigned char *data, size_t len, void **abstract)
{
    struct signer *signer = *abstract;
    (void)session;
    signer->wanted = true;
    if (!signer->agent)
        return -1;
    return agent_sign(signer->agent, signer->key, data, len, sig, sig_len, &signer->err);
}

static int login_with_signer(struct login *l, const unsigned char *blob, size_t n,
                             struct signer *signer, int *rc, struct err *e)
{
    void *abstract = signer;
    l->offered++;
    while ((*rc = libssh2_userauth_publickey(l->s->session, l->s->host->ssh.user, blob, n, sign,
                                             &abstract)) == LIBSSH2_ERROR_EAGAIN)
        if (login_again(l, e))
            return -1;
    return 0;
}

static enum attempt try_agent_key(struct login *l, struct agent *agent, const struct agent_key *key,
                                  struct err *e)
{
    struct signer signer = {.agent = agent, .key = key};
    char name[192];
    int rc;

    snprintf(name, sizeof name, "ssh-agent's \"%s\"", key->comment);
    if (strstr(key->type, "-cert-v01@") || !strncmp(key->type, "sk-", 3)) {
        login_record(l, "%s is of type %s, which libssh2 cannot use", name, key->type);
        login_suggest(l, "Use a plain ed25519 key, or the system's ssh: \"transport\": \"openssh\" "
                         "under \"ssh\" in the inventory.");
        return NEXT;
    }
    if (!strcmp(key->type, "ssh-rsa") &&
        (libssh2_version(FIRST_WITH_RSA_SHA2) || rsa_is_hopeless(l))) {
        login_record(l, "%s is an RSA key, which cannot be used with this server", name);
        return NEXT;
    }
    if (login_with_signer(l, key->blob, key->blob_len, &signer, &rc, e))
        return GIVE_UP;
    if (signer.err.code == ERR_INTERRUPTED) {
        *e = signer.err;
        err_wrap(e, "%s", l->s->peer);
        return GIVE_UP;
    }
    if (signer.err.code) {
        login_record(l, "%s (%s): %s", name, key->type, signer.err.msg);
        return NEXT;
    }
    return judge(l, rc, name, key->type, e);
}

/* The agent's keys stay in *agent, to be looked up. */
static enum attempt try_agent(struct login *l, struct agent *agent, struct agent_key *keys, long *n,
                              struct err *e)
{
    enum attempt result = NEXT;

    if (!ssh_agent_socket()) {
        login_record(l, "no ssh-agent is running (SSH_AUTH_SOCK is not set)");
        return NEXT;
    }
    if (agent_open(agent, ssh_agent_socket(), l->s->cancel_fd, l->deadline, e) ||
        (*n = agent_keys(agent, keys, MAX_AGENT_KEYS, e)) < 0) {
        *n = 0;
        if (e->code == ERR_INTERRUPTED)
            return GIVE_UP;
        login_record(l, "%s", e->msg);
        return NEXT;
    }
    if (!*n)
        login_record(l, "ssh-agent holds no key");
    for (long i = 0; i < *n && result == NEXT; i++)
        result = try_agent_key(l, agent, &keys[i], e);
    return result;
}

static bool is_among(const struct keyfile *k, const struct agent_key *keys, long n)
{
    for (long i = 0; i < n; i++)
        if (k->public_len && keys[i].blob_len == k->public_len &&
            !memcmp(keys[i].blob, k->public, k->public_len))
            return true;
    return false;
}

/*
 * Nobody is asked to unlock a key that the host would not accept. The answer to "would you?" costs one
 * of the tries that the host allows when it is no. Unknown: the file does not say which key it is.
 */
static enum attempt would_accept(struct login *l, const char *path, const struct keyfile *k,
                                 struct err *e)
{
    struct signer signer = {0};
    int rc;

    if (!k->public_len)
        return LOGGED_IN;
    if (login_with_signer(l, k->public, k->public_len, &signer, &rc, e))
        return GIVE_UP;
    return signer.wanted ? LOGGED_IN : judge(l, rc ? rc : LIBSSH2_ERROR_PROTO, path, k->type, e);
}

enum unlocking { UNLOCKED, WRONG, ENDED };

/* With one passphrase. UNLOCKED and ENDED: *result tells. */
static enum unlocking unlock(struct login *l, const char *path, const char *passphrase,
                             enum attempt *result, struct err *e)
{
    struct keyfile k;
    int rc;

    *result = NEXT;
    keyfile_inspect(path, passphrase, &k);
    if (k.wrong)
        return WRONG;
    if (!usable(l, path, &k))
        return ENDED;
    if (is_hopeless_file(l, path, &k))
        return UNLOCKED;
    if (login_with_file(l, NULL, path, passphrase, &rc, e)) {
        *result = GIVE_UP;
        return ENDED;
    }
    /* Whatever libssh2 fails at before it sends anything: with a cipher that it knows, the passphrase. */
    if (rc && !ssh_is_loss(l->s, rc) && rc != LIBSSH2_ERROR_AUTHENTICATION_FAILED &&
        rc != LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED)
        return WRONG;
    *result = judge(l, rc, path, k.type, e);
    return UNLOCKED;
}

static enum attempt unlock_by_asking(struct login *l, const char *path, struct err *e)
{
    autosb struct strbuf what = {0};
    autofree char *wrong = NULL;
    enum attempt result;

    sb_addf(&what, "passphrase of %s", path);
    struct ssh_question q = {
        .what = sb_str(&what),
        .source = "Unlock it with ssh-add (and \"agent\" on in the inventory), or give "
                  "\"passphrase\" under \"ssh\" there, or CLUSTERCTL_PASSPHRASE"};
    for (;;) {
        struct err why = {0};
        q.refused = wrong;
        char *answer = login_ask(l, &q, &why);
        if (!answer && why.code == ERR_INTERRUPTED) {
            *e = why;
            return GIVE_UP;
        }
        if (!answer) {
            login_record(l, "%s is encrypted: %s", path, why.msg);
            login_suggest(l, why.hint);
            return NEXT;
        }
        enum unlocking u = unlock(l, path, answer, &result, e);
        xfree(wrong);
        wrong = answer;
        if (u == UNLOCKED)
            ssh_accepted(l->s, &q, answer);
        if (u != WRONG)
            return result;
    }
}

static enum attempt try_locked_file(struct login *l, const char *path, const struct agent_key *keys,
                                    long n, struct err *e)
{
    const char *given = l->s->host->ssh.passphrase;
    enum attempt result;
    struct keyfile k;

    keyfile_inspect(path, NULL, &k);
    if (!k.encrypted || is_among(&k, keys, n) || is_hopeless_file(l, path, &k))
        return NEXT;
    if (!given && !ssh_can_ask(l->s)) {
        login_record(l, "%s is encrypted", path);
        login_suggest(l, k.remedy);
        return NEXT;
    }
    result = would_accept(l, path, &k, e);
    if (result != LOGGED_IN)
        return result;
    if (given && unlock(l, path, given, &result, e) != WRONG)
        return result;
    if (!given || ssh_can_ask(l->s))
        return unlock_by_asking(l, path, e);
    login_record(l, "%s is encrypted, and not with the passphrase that was given", path);
    return NEXT;
}

enum attempt login_first_key(struct login *l, struct err *e)
{
    enum attempt result = NEXT;
    for (; l->file && *l->file && !l->offered && result == NEXT; l->file++)
        result = try_file(l, *l->file, e);
    return result;
}

enum attempt login_keys(struct login *l, struct err *e)
{
    const char *const *files = l->s->host->ssh.identities;
    struct agent_key keys[MAX_AGENT_KEYS];
    __attribute__((cleanup(agent_close))) struct agent agent = {.fd = -1};
    enum attempt result = NEXT;
    long n = 0;

    for (; l->file && *l->file && result == NEXT; l->file++)
        result = try_file(l, *l->file, e);
    l->file = files; /* for a host that wants a second one */
    if (result == NEXT && l->s->host->ssh.agent)
        result = try_agent(l, &agent, keys, &n, e);
    for (const char *const *f = files; f && *f && result == NEXT; f++)
        result = try_locked_file(l, *f, keys, n, e);
    return result;
}
