#pragma once
/*
 * known_hosts files, read the way OpenSSH's ssh reads them (sshd(8), "SSH_KNOWN_HOSTS FILE
 * FORMAT"): libssh2's own reader accepts revoked keys and misreads ports (FIELD-NOTES).
 */
#include <stddef.h>

#include "base/err.h"

enum known_hosts_verdict {
    KNOWN_HOSTS_MATCH,
    KNOWN_HOSTS_UNKNOWN, /* the name is on no line (or only with other key types) */
    KNOWN_HOSTS_CHANGED, /* the name is there with another key of this type */
    KNOWN_HOSTS_REVOKED, /* the key is @revoked */
};

struct known_hosts_where {
    char file[512]; /* of the line that decided; "" when none */
    unsigned line;
    char type[40]; /* the key on that line (unknown: the host's key of another type, if any) */
    char fingerprint[64]; /* "SHA256:..." */
};

/*
 * `host` is the name or address as the operator gave it, port 22 is plain, others "[host]:port".
 * `key` is the key blob as sent by the server (RFC 4253 6.6). Missing files are skipped; an
 * unreadable one is an error (-1).
 */
int known_hosts_check(const char *const *files, const char *host, unsigned port,
                      const char *key_type, const unsigned char *key, size_t key_len,
                      enum known_hosts_verdict *verdict, struct known_hosts_where *where,
                      struct err *e);

/*
 * The same for a file of nothing but keys, one a line, as RevokedHostKeys names it: MATCH or
 * UNKNOWN. One that cannot be read, or is of the other kind that ssh has (KRL), is an error.
 */
int known_hosts_list_check(const char *file, const unsigned char *key, size_t key_len,
                           enum known_hosts_verdict *verdict, struct known_hosts_where *where,
                           struct err *e);

/*
 * Add a line to `file`, which is made when it does not exist; when this returns 0 it will still be
 * there after a power cut.
 */
int known_hosts_add(const char *file, const char *host, unsigned port, const char *key_type,
                    const unsigned char *key, size_t key_len, struct err *e);

/* What a host is called there: in lower case, with the port unless that is the usual one. */
void known_hosts_name(char *out, size_t size, const char *host, unsigned port);

/*
 * "SHA256:..." of a key blob, as ssh-keygen -l prints it, into out.
 */
void known_hosts_fingerprint(const unsigned char *key, size_t key_len, char out[static 64]);

/*
 * The key types on file for a host, for the handshake's preference list: at most `max` names such
 * as "ssh-ed25519" into `types`. Returns how many.
 */
size_t known_hosts_types(const char *const *files, const char *host, unsigned port,
                         char types[][40], size_t max);
