#pragma once
/*
 * A run that is to change hosts, written down: by the hosts (engine/record.h) and in the operator's
 * journal. What cannot be written down is said, and keeps nothing from being done.
 */
#include "engine/record.h"

struct session;
struct outcome;

struct recording {
    char id[RUN_ID_LEN];
    struct run_record record; /* what the engine has of it */
    struct strbuf about;
    bool part;
    size_t changes; /* of a run that has ended */
};

/*
 * From here on the session's passes are recorded as `command`; its id is made once hosts have been
 * looked at. A rollback names the run that it undoes and the one whose state it restores; else NULL.
 */
void recording_begin(struct session *s, const char *command, const char *undoes,
                     const char *restores);
/*
 * The same for what does not carry out an inventory (drain): the command with its operands. No
 * rollback goes back to it, or undoes it unless it is named.
 */
void recording_begin_part(struct session *s);

struct run_ending {
    int status; /* the exit status so far */
    bool verified;
    const struct outcome *outcome; /* NULL: a part's may not be known */
    const char *error; /* why, when it failed; or NULL */
};
/* The run is over. Nothing is asked of hosts when none had anything to do, and they know that. */
void recording_end(struct session *s, const struct run_ending *end);
void recording_free(struct recording *r);
