#pragma once
/*
 * The runs that a cluster's hosts remember (engine/record.h), put together from all of them. Texts
 * are the hosts' own: quote them before they reach a terminal. They live until history_free().
 */
#include "engine/run.h"

enum run_outcome {
    RUN_UNFINISHED, /* no host knows its end: cut off, or still at work */
    RUN_DONE,
    RUN_FAILED,
    RUN_INTERRUPTED,
};
const char *run_outcome_name(enum run_outcome o);

struct history_step {
    const char *summary, *impact;
    const char *file;   /* the file that it changed, or NULL */
    const char *before; /* its SHA-256 before, or "absent" */
};

struct history_host {
    const struct host *host;
    const char *ssh_user;
    size_t planned; /* steps that the run was to make here */
    struct history_step *steps; /* those that were done, in order */
    size_t n_steps;
};

/* Texts are NULL where no host says. */
struct history_run {
    const char *id, *began, *ended, *command, *who, *version;
    const char *inventory, *inventory_sha, *templates, *template_dir;
    const char *undoes, *restores; /* a rollback's: ids */
    const char *error;
    enum run_outcome outcome;
    bool verified;
    bool part;                  /* of a command that carries out no inventory */
    bool inventory_secret;      /* a secret stands in it: inventory_sha is not to be shown */
    size_t planned, changes;    /* of all hosts */
    struct history_host *hosts; /* those that have a record of it */
    size_t n_hosts;
};

struct history {
    struct history_run **runs; /* newest first */
    size_t n;
    struct arena arena;
};

/* Ask every reached host. -1 when one of them could not answer; `out` is what the others said. */
int history_read(struct run *r, struct history *out, struct err *e);
void history_free(struct history *h);

/*
 * The run of that id, or whose id begins or ends with `name`; NULL: none, or more than one; *e says
 * which.
 */
const struct history_run *history_find(const struct history *h, const char *name, struct err *e);
/* The newest run of an inventory that changed something, or NULL. */
const struct history_run *history_last_change(const struct history *h);
/* The newest run before the one of this id that ended well and whose inventory is known, or NULL. */
const struct history_run *history_good_before(const struct history *h, const char *id);

/* The inventory that a run was given, from the first director that has it whole. */
int history_inventory(struct run *r, const char *sha256, struct strbuf *out, struct err *e);
