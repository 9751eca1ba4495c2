#pragma once
/* What a real server says of the share's mount: what is mounted, whether it answers, what boot
 * does. */
#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "engine/run.h"
#include "engine/script.h"

/* Raw strings of the host: checks quote what they show. */
struct live_mount {
    bool read;          /* everything below is there */
    const char *fstype; /* of what is on top; NULL: nothing is mounted there */
    const char *source;
    const char *options;     /* the mount's and the filesystem's, comma separated */
    const char *dead;        /* a stat failed or did not return: in what way; NULL: it answers */
    VEC(const char *) fstab; /* the lines for this mount point */
    const char *unit;        /* a unit file that takes fstab's place, or NULL */
    bool unit_masked;
};

/* The NFS mount in a host's catalog, or NULL. */
const struct resource *mount_wanted(const struct host_result *hr);
void mount_ask(struct script *s, const struct resource *want);
/* A record whose first word was "mount", "mount_dead", ...; strings go to the arena. */
void mount_record(struct live_mount *m, struct arena *a, const char *what, char *value);
void mount_free(struct live_mount *m);

/* "rw,vers=4.2,hard" has "vers": its value ("" for one without), or NULL. */
const char *mount_option(struct arena *a, const char *options, const char *name);
/* "/var/www/a b" -> "var-www-a\x20b.mount": systemd.unit(5), string escaping. */
void mount_unit_name(struct strbuf *out, const char *point);
