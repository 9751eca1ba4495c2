#pragma once
/*
 * A client for ssh-agent (draft-miller-ssh-agent) with deadlines: libssh2's own blocks for as long
 * as the agent pleases, which is for ever when it asks its user to confirm.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

struct agent {
    int fd;
    int cancel_fd;
    int64_t deadline;
    struct strbuf reply; /* identities: their blobs and comments are inside it */
};

struct agent_key {
    const unsigned char *blob;
    size_t blob_len;
    char type[40];
    char comment[128]; /* printable */
};

int agent_open(struct agent *a, const char *path, int cancel_fd, int64_t deadline, struct err *e);
void agent_close(struct agent *a);

/* The agent's keys, at most `max`; returns how many, or -1. They live until agent_close(). */
long agent_keys(struct agent *a, struct agent_key *keys, size_t max, struct err *e);

/* Sign; the signature (without its type) is malloc()ed. */
int agent_sign(struct agent *a, const struct agent_key *key, const unsigned char *data, size_t len,
               unsigned char **signature, size_t *signature_len, struct err *e);
