#pragma once
/*
 * A look at a private key file before libssh2 gets it, because its own verdict is one error number
 * for a dozen different reasons.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* Public keys are a few hundred bytes; RSA of 16384 bits, the most that OpenSSH makes, needs 2071. */
enum { KEYFILE_PUBLIC_MAX = 2304 };

struct keyfile {
    bool exists;
    bool usable;         /* as it is, or with the passphrase that was given */
    bool encrypted;      /* not usable, but would be with its passphrase */
    bool wrong;          /* the passphrase that was given does not open it */
    unsigned char public[KEYFILE_PUBLIC_MAX]; /* the public key as SSH writes it */
    size_t public_len;   /* 0: the file does not tell */
    char type[40]; /* "ssh-ed25519", "ssh-rsa", ...; "" when not known */
    bool is_rsa;
    char problem[192]; /* why it is not usable */
    char remedy[512];  /* and what to do */
};

/*
 * `passphrase` may be NULL. Whether it opens a file in OpenSSH's own format is left to libssh2: this one
 * is usable then, and `wrong` is false.
 */
void keyfile_inspect(const char *path, const char *passphrase, struct keyfile *out);

/* Does PATH.pub, whose name goes to *out, hold the public key of the private one at `path`? */
bool keyfile_beside(const char *path, const struct keyfile *k, struct strbuf *out);
