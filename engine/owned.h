#pragma once
/*
 * What a host was before us, and the way back.
 *
 * Before a deploy changes anything on a host, it writes down there what each of its resources was,
 * a line "TYPE KEY ARG BEFORE" in OWNED_FILE (KEY and ARG with octal escapes; BEFORE is the type's
 * own), and keeps copies of the files that it will change under OWNED_ORIG. The first record wins: it
 * is never written again. What stands there and the inventory wants no more is taken back by the next
 * deploy, in the reverse order; without an inventory, everything is.
 */
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

#define OWNED_DIR "/var/lib/clusterctl"
#define OWNED_FILE OWNED_DIR "/owned"
/* The original of PATH is OWNED_ORIG PATH; lines that an edited block replaced, with ".dropped". */
#define OWNED_ORIG OWNED_DIR "/orig"

/* The milestone of a host of which everything has been taken back. */
#define OWNED_EMPTIED "emptied"

struct catalog;
struct plan;
struct resource;
struct script;
struct step;

/* One record. Strings live as long as the facts that it came with. */
struct owned {
    unsigned type;    /* enum res_type */
    const char *id;   /* "TYPE KEY", as it stands in the record */
    const char *key;
    const char *arg;  /* "-": none */
    const char *before; /* "?": an older clusterctl made it, and nobody knows */
};

/* Take a record apart. The line is the host's word: what cannot be one of ours is refused. */
int owned_parse(struct owned *o, struct arena *a, const char *line, struct err *e);

/* Has the host to remember what was before this resource? */
bool owned_wants(const struct resource *r);
/* "TYPE KEY" of a resource's record. */
const char *owned_id(struct arena *a, const struct resource *r);

enum owned_scope {
    OWNED_STALE, /* what the catalog does not want any more */
    OWNED_ALL,   /* everything, and the memory of it: the catalog is empty */
    OWNED_PURGE, /* the packages that we installed, too */
};
/*
 * Add to the catalog what is to be taken back, by the records that came with its facts: in front of
 * what is wanted, but behind the remembering.
 */
int owned_removals(struct catalog *c, enum owned_scope scope, struct err *e);
/*
 * After OWNED_ALL, of a run over all hosts: clients see a clean end when the directors go first, and
 * mounts go before their server. A host that has failed is not waited for.
 */
void owned_order(struct catalog *c);

/* What plan, observe and apply do with a resource whose `gone` is set. */
void owned_observe(struct script *s, const struct resource *r);
void owned_diff(struct plan *p, const struct resource *want, const struct resource *have);
void owned_apply(struct script *s, const struct step *step);
void owned_observe_functions(struct script *s, const struct catalog *c);
/* The shell functions that the plan's steps need of all this. */
void owned_functions(struct script *s, const struct plan *p);
