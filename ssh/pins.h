#pragma once
/* Host keys named in the inventory: "TYPE BASE64", or "SHA256:..." as ssh-keygen -l prints it. */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* `pins` is a NULL-terminated list; `key` the blob that the host shows. */
bool pins_hold(const char *const *pins, const char *key_type, const unsigned char *key,
               size_t key_len);

/* The types of the pins that tell theirs, for the handshake: at most `max`. Returns how many. */
size_t pins_types(const char *const *pins, char types[][40], size_t max);

/* Whether the known_hosts files revoke the key of a pin, for this host. */
int pins_revoked(const char *pin, const char *const *files, const char *host, unsigned port,
                 bool *revoked, struct err *e);

/* A pin for a message: always by its fingerprint. */
void pins_show(const char *pin, char *out, size_t size);
