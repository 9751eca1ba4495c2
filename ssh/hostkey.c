/* Whose sshd is this? known_hosts alone answers: no questions asked, no trust on first use. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/quote.h"
#include "ssh/internal.h"
#include "ssh/known_hosts.h"
#include "ssh/wire.h"

/* What libssh2 can verify, best first; no certificates, since nothing here checks those. */
static const char *const key_types[] = {
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-rsa",
};

enum { MAX_TYPES = 16 };

static bool on_file(char known[][40], size_t n, const char *type)
{
    /* An ssh-rsa key signs with any of the three RSA algorithms. */
    const char *kind = strncmp(type, "rsa-sha2-", 9) ? type : "ssh-rsa";
    for (size_t i = 0; i < n; i++)
        if (!strcmp(known[i], kind))
            return true;
    return false;
}

/*
 * Ask for the key types that are on file first: a host known by its ed25519 key that shows its
 * ECDSA one would look unknown. The rest follow, so that an unknown host can still be named by its
 * key.
 */
int hostkey_prefer(struct ssh *s, struct err *e)
{
    char known[MAX_TYPES][40];
    autosb struct strbuf list = {0};
    size_t n = known_hosts_types(s->host->ssh.known_hosts, s->address, s->host->ssh.port, known,
                                 MAX_TYPES);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < ARRAY_LEN(key_types); i++)
            if (on_file(known, n, key_types[i]) == (pass == 0))
                sb_addf(&list, "%s%s", list.len ? "," : "", key_types[i]);
    return ssh_prefer(s, LIBSSH2_METHOD_HOSTKEY, sb_str(&list), e);
}

static void add_files(struct strbuf *sb, const char *const *files)
{
    const char *const *f = files;
    for (; f && *f; f++)
        sb_addf(sb, "%s%s", f == files ? "" : ", ", *f);
    if (!sb->len)
        sb_add(sb, "any known_hosts file (none is set)");
}

/* "ed25519" for ssh-keyscan -t and for the name of sshd's own key file */
static const char *short_type(const char *type)
{
    if (!strncmp(type, "ecdsa-", 6))
        return "ecdsa";
    return strncmp(type, "ssh-", 4) ? type : type + 4;
}

static int unknown_key(const struct ssh *s, const char *type, const char *fingerprint,
                       const struct known_hosts_where *other, struct err *e)
{
    autosb struct strbuf files = {0}, file = {0};
    const char *const *list = s->host->ssh.known_hosts;
    add_files(&files, list);
    quote_sh(&file, list && *list ? *list : "~/.ssh/known_hosts");
    err_set(e, ERR_FAILED, "%s: host key of %s (%s %s) is not in %s", s->peer, s->address, type,
            fingerprint, sb_str(&files));
    if (other->file[0]) {
        size_t n = strlen(e->msg);
        snprintf(e->msg + n, sizeof e->msg - n, " (%s:%u has its %s key)", other->file, other->line,
                 other->type);
    }
    return err_hint(e,
                    "Compare the fingerprint on the machine's own console (ssh-keygen -lf "
                    "/etc/ssh/ssh_host_%s_key.pub); if it is the same: ssh-keyscan -p %u -t %s "
                    "%s >> %s",
                    short_type(type), s->host->ssh.port, short_type(type), s->address,
                    sb_str(&file));
}

static int changed_key(const struct ssh *s, const char *type, const char *fingerprint,
                       const struct known_hosts_where *at, struct err *e)
{
    autosb struct strbuf file = {0};
    quote_sh(&file, at->file);
    err_set(e, ERR_FAILED, "%s: HOST KEY CHANGED: %s shows %s %s, but %s:%u has %s", s->peer,
            s->address, type, fingerprint, at->file, at->line, at->fingerprint);
    return err_hint(e,
                    "Either the machine was reinstalled, or another one answers in its place. "
                    "Compare on its console (ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub); only "
                    "if the new key is right, delete line %u of %s and: ssh-keyscan -p %u -t %s "
                    "%s >> %s",
                    short_type(type), at->line, at->file, s->host->ssh.port, short_type(type),
                    s->address, sb_str(&file));
}

static int revoked_key(const struct ssh *s, const char *type, const char *fingerprint,
                       const struct known_hosts_where *at, struct err *e)
{
    err_set(e, ERR_FAILED, "%s: host key of %s (%s %s) is revoked by %s:%u", s->peer, s->address,
            type, fingerprint, at->file, at->line);
    return err_hint(e,
                    "Someone marked this key as compromised: whoever holds it can pose as the "
                    "host. Make a new one on its console (rm /etc/ssh/ssh_host_%s_key*; "
                    "ssh-keygen -A; restart sshd) and put that into known_hosts.",
                    short_type(type));
}

int hostkey_verify(struct ssh *s, struct err *e)
{
    size_t len = 0;
    int ignored;
    char type[40], fingerprint[64];
    enum known_hosts_verdict verdict = KNOWN_HOSTS_UNKNOWN;
    struct known_hosts_where at = {0};

    const char *blob = libssh2_session_hostkey(s->session, &len, &ignored);
    struct wire w = {.p = (const unsigned char *)blob, .n = blob ? len : 0};
    if (!wire_name(&w, type, sizeof type)) {
        s->broken = true;
        return err_set(e, ERR_PROTOCOL, "%s: the host shows no usable host key", s->peer);
    }
    known_hosts_fingerprint((const unsigned char *)blob, len, fingerprint);
    if (known_hosts_check(s->host->ssh.known_hosts, s->address, s->host->ssh.port, type,
                          (const unsigned char *)blob, len, &verdict, &at, e))
        return err_wrap(e, "%s", s->peer);
    switch (verdict) {
    case KNOWN_HOSTS_MATCH: return 0;
    case KNOWN_HOSTS_CHANGED: return changed_key(s, type, fingerprint, &at, e);
    case KNOWN_HOSTS_REVOKED: return revoked_key(s, type, fingerprint, &at, e);
    case KNOWN_HOSTS_UNKNOWN: break;
    }
    return unknown_key(s, type, fingerprint, &at, e);
}
