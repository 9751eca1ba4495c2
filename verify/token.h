#pragma once
/*
 * Is the content really shared? A file of a name and text that nobody can guess is written in the
 * exported directory on the NFS host, read on every real server through its mount, asked of every
 * real server by HTTP, and removed. It is the one thing that verify writes into a cluster.
 *
 * Removal does not depend on us: beside the file the host starts a process that removes it within a
 * minute, should nobody else have, whatever becomes of this program or of the network. And what a
 * host that lost its power kept is removed by the next run.
 */
#include <stdbool.h>

#include "engine/run.h"
#include "engine/script.h"
#include "probe/http.h"

#define TOKEN_PREFIX ".clusterctl-verify-"

struct token {
    char name[sizeof TOKEN_PREFIX + NONCE_LEN]; /* of the file; "" when there is none */
    char text[NONCE_LEN + 1];
};

/* Draw a name and a text. */
int token_draw(struct token *t, struct err *e);
/* The exported directory in a host's catalog, or NULL. */
const char *token_directory(const struct host_result *hr);
/* Shell: write it, and say "token_written" or "token_error WHY". */
void token_write(struct script *s, const char *directory, const struct token *t);
/* Shell: read it through a mount, and say "token TEXT" or "token_error WHY". */
void token_read(struct script *s, const char *mount_point, const struct token *t);
/* Shell: remove it. */
void token_remove(struct script *s, const char *directory, const struct token *t);
