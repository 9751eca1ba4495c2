#pragma once
/*
 * ssh_config(5), as far as it says where a host is and who logs in with what: Host, HostName, User,
 * Port, IdentityFile, ProxyJump, UserKnownHostsFile, RevokedHostKeys, and Include. What else it
 * says is left to the system's ssh (transport "openssh").
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"

/* What the file says of one host; the first value counts, and NULL or 0 is for none. */
struct ssh_config {
    struct arena *arena;
    const char *hostname; /* %h expanded, in lower case */
    const char *user;
    unsigned port;
    VEC(const char *) identities; /* all of them; as written */
    VEC(const char *) known_hosts; /* as written */
    const char *jump;              /* "none" is a value, too */
    const char *proxy_command;
    const char *revoked_keys; /* "none" is a value here, too */
};

/* What was passed over, and would have mattered; the same for every host that is asked about. */
typedef void config_note_fn(void *ud, const char *text);

/*
 * `name` is what Host patterns are held against: what one would type after "ssh". A file that does
 * not exist says nothing. With `guarded` one that others can write is refused, as ssh does with its
 * own. config_free() is due in any case.
 */
int config_read(struct ssh_config *c, struct arena *a, const char *path, const char *name,
                bool guarded, config_note_fn *note, void *ud, struct err *e);
void config_free(struct ssh_config *c);

/* Who is at which end, for the tokens of a path. */
struct config_ends {
    const char *home, *local_user;
    const char *name, *hostname, *user;
    unsigned port;
};

/* A path with its '~' and its % tokens expanded, in the arena; NULL with *e set. */
const char *config_path(struct arena *a, const char *path, const struct config_ends *ends,
                        struct err *e);
