#pragma once
/*
 * Secrets that do not stand in the inventory itself, but come from an environment variable, a file or a
 * command. Resolved when the inventory is read, each source once.
 */
#include "inventory/decode.h"

/* What a source gave for a field; in the cluster's arena. */
struct secret_source {
    const char *field, *source; /* the source as compact JSON */
    const char *value;          /* NULL: a complaint about it stands */
    struct secret_source *next;
};

/* A string, or an object with one of env, file and command; see decode_value(). */
int decode_secret(struct decoder *d, const struct field *f, const json_t *v, void *out,
                  const struct where *w);

/*
 * Log-in secrets that no inventory gives, from CLUSTERCTL_SSH_PASSWORD, CLUSTERCTL_PASSPHRASE and
 * CLUSTERCTL_SUDO_PASSWORD. These three, and whatever variables sources have named, are then wiped out of
 * our environment. Before the first thread.
 */
void secrets_from_environment(struct cluster *c);

/*
 * Wipes these three, and every variable that the inventory names, whether it has been read or not:
 * for a child that is to have none of them.
 */
void secrets_leave_environment(const json_t *inventory);

/*
 * The inventory as hosts may keep it: where a log-in secret stands in it as a string, it names one of these
 * variables instead. In the arena.
 */
const char *secrets_taken_out(struct cluster *c, const json_t *json, const char *text, size_t len);
