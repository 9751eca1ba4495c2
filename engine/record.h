#pragma once
/*
 * What a host remembers of each run that changed it, so that every operator sees the same. In
 * RUNS_DIR, for root alone:
 *
 *   ID.jsonl           a JSON object a line: the run; at each pass, how many steps it is to make; each
 *                      step that was done; at last, how it ended. Lines are only ever appended: what
 *                      has no last line was cut off, or is still at work.
 *   inventory-SHA256   directors: what a run that went well was given. It holds auth_pass, which
 *                      keepalived.conf there holds too.
 *   good               directors: "ID SHA256" of the last run that went well
 *
 * A record that cannot be written keeps no step from being done.
 */
#include "base/sha256.h"
#include "engine/plan.h"
#include "engine/script.h"

#define RUNS_DIR "/var/lib/clusterctl/runs"

/* A line of an answer is at most 4 MiB (remote.c): 2 MiB of inventory in base64 are less. */
enum { RECORD_KEEP = 50, RECORD_INVENTORY_MAX = 2 * 1024 * 1024 };

struct run_record {
    const char *id;    /* NULL: nothing is recorded (yet) */
    const char *about; /* members of the first line's object, without braces; no secrets */
    char inventory_sha[SHA256_HEX_LEN];
    /*
     * NULL, or what gives it its id: called by the first pass that changes hosts, before anything is
     * changed. What the passes before have heard of earlier runs is known by then.
     */
    void (*name)(void *ud);
    void *ud;
};

/* "20261126T071500Z-3fa9": sorts by time, unique between operators of one second. */
enum { RUN_ID_LEN = 21 + 1 };
int run_id_make(char out[static RUN_ID_LEN], struct err *e);
/* Make it sort behind `other`, a valid one, whatever our clock says. false: nothing does. */
bool run_id_follow(char id[static RUN_ID_LEN], const char *other);
/* Is it one? Then it is safe as a file name. */
bool run_id_valid(const char *s);

/* Within an apply script, under the lock; nothing where r->id is NULL. */
void record_begin(struct script *s, const struct run_record *r, const struct host *h,
                  size_t planned);
void record_step(struct script *s, const struct run_record *r, const struct step *step);

/*
 * The last line, on a host of its own or with no step to do: to be run on every host once a run is
 * over. `end` has no braces. A director is given the inventory when the run went well (NULL: it did
 * not). The host answers "recorded" when it has a record of the run.
 */
void record_end(struct script *s, const struct run_record *r, const struct host *h,
                const char *end, const char *inventory);

/* The file's SHA-256 as it was before the step; false: not a file, or not known. */
bool record_before(const struct step *step, char out[static SHA256_HEX_LEN]);
