#pragma once
/*
 * A look at a private key file before libssh2 gets it, because its own verdict is one error number
 * for a dozen different reasons.
 */
#include <stdbool.h>

struct keyfile {
    bool exists;
    bool usable;
    char type[40]; /* "ssh-ed25519", "ssh-rsa", ...; "" when not known */
    bool is_rsa;
    char problem[192]; /* why it is not usable */
    char remedy[512];  /* and what to do */
};

void keyfile_inspect(const char *path, struct keyfile *out);
