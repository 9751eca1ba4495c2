/* Whose sshd is this? known_hosts or the inventory answer: no questions asked. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/quote.h"
#include "ssh/internal.h"
#include "ssh/known_hosts.h"
#include "ssh/pins.h"
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

struct shown_key {
    const unsigned char *blob; /* the session's */
    size_t len;
    char type[40];
    char fingerprint[64];
};

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
    const struct ssh_settings *ssh = &s->host->ssh;
    size_t n = ssh->pinned_keys
                   ? pins_types(ssh->pinned_keys, known, MAX_TYPES)
                   : known_hosts_types(ssh->known_hosts, s->address, ssh->port, known, MAX_TYPES);
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

int hostkey_not_pinned(const struct ssh *s, const char *type, const char *fingerprint,
                       struct err *e)
{
    char pin[80];
    const char *const *pins = s->host->ssh.pinned_keys;
    autosb struct strbuf list = {.cap = 400};
    for (const char *const *p = pins; *p; p++) {
        pins_show(*p, pin, sizeof pin);
        sb_addf(&list, "%s%s", p == pins ? "" : ", ", pin);
    }
    err_set(e, ERR_FAILED,
            "%s: host key of %s (%s %s) is none of those pinned in the inventory: %s", s->peer,
            s->address, type, fingerprint, sb_str(&list));
    return err_hint(e,
                    "Either the machine was reinstalled, or another one answers in its place. "
                    "Compare on its console (ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub); only "
                    "if this key is right, put it under \"pinned_keys\".",
                    short_type(type));
}

/*
 * Nothing is known of the host: from now on this key is. A host that is known by a key of another
 * type has not shown the one that is on file, which is what ssh takes for a change, too.
 */
static int accept_new(const struct ssh *s, const struct shown_key *k,
                      const struct known_hosts_where *other, struct err *e)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    const struct ssh_settings *ssh = &s->host->ssh;
    enum known_hosts_verdict verdict = KNOWN_HOSTS_UNKNOWN;
    struct known_hosts_where at = {0};

    if (other->file[0] || !ssh->known_hosts || !ssh->known_hosts[0])
        return unknown_key(s, k->type, k->fingerprint, other, e);
    /* Another session may have met the same host in the meantime, and another key. */
    pthread_mutex_lock(&lock);
    int rc = known_hosts_check(ssh->known_hosts, s->address, ssh->port, k->type, k->blob, k->len,
                               &verdict, &at, e);
    if (!rc && verdict == KNOWN_HOSTS_UNKNOWN)
        rc = known_hosts_add(ssh->known_hosts[0], s->address, ssh->port, k->type, k->blob, k->len,
                             e);
    pthread_mutex_unlock(&lock);
    if (rc) {
        err_wrap(e, "%s: its host key is new (%s %s), but cannot be kept", s->peer, k->type,
                 k->fingerprint);
        return err_hint(e, "A key that is not kept would be trusted blindly again the next time: "
                           "name a file that can be written first under \"known_hosts\".");
    }
    if (verdict == KNOWN_HOSTS_CHANGED)
        return changed_key(s, k->type, k->fingerprint, &at, e);
    if (verdict == KNOWN_HOSTS_UNKNOWN)
        ssh_note(s, "its host key was not known and is trusted from now on (%s %s, added to %s)",
                 k->type, k->fingerprint, ssh->known_hosts[0]);
    return 0;
}

static int show_key(struct ssh *s, struct shown_key *k, struct err *e)
{
    int ignored;
    k->blob = (const unsigned char *)libssh2_session_hostkey(s->session, &k->len, &ignored);
    struct wire w = {.p = k->blob, .n = k->blob ? k->len : 0};
    if (!wire_name(&w, k->type, sizeof k->type)) {
        s->broken = true;
        return err_set(e, ERR_PROTOCOL, "%s: the host shows no usable host key", s->peer);
    }
    known_hosts_fingerprint(k->blob, k->len, k->fingerprint);
    return 0;
}

int hostkey_verify(struct ssh *s, struct err *e)
{
    const struct ssh_settings *ssh = &s->host->ssh;
    struct shown_key k = {0};
    enum known_hosts_verdict verdict = KNOWN_HOSTS_UNKNOWN;
    struct known_hosts_where at = {0};

    if (show_key(s, &k, e))
        return -1;
    if (ssh->revoked_keys &&
        known_hosts_list_check(ssh->revoked_keys, k.blob, k.len, &verdict, &at, e))
        return err_wrap(e, "%s: RevokedHostKeys", s->peer);
    if (verdict == KNOWN_HOSTS_MATCH)
        return revoked_key(s, k.type, k.fingerprint, &at, e);
    if (known_hosts_check(ssh->known_hosts, s->address, ssh->port, k.type, k.blob, k.len, &verdict,
                          &at, e))
        return err_wrap(e, "%s", s->peer);
    if (verdict == KNOWN_HOSTS_REVOKED)
        return revoked_key(s, k.type, k.fingerprint, &at, e);
    if (ssh->pinned_keys)
        return pins_hold(ssh->pinned_keys, k.type, k.blob, k.len)
                   ? 0
                   : hostkey_not_pinned(s, k.type, k.fingerprint, e);
    if (verdict == KNOWN_HOSTS_MATCH)
        return 0;
    if (verdict == KNOWN_HOSTS_CHANGED)
        return changed_key(s, k.type, k.fingerprint, &at, e);
    return ssh->host_key == HOST_KEY_ACCEPT_NEW
               ? accept_new(s, &k, &at, e)
               : unknown_key(s, k.type, k.fingerprint, &at, e);
}
