#pragma once
/*
 * Hosts that have left the inventory, and that hosts of the cluster remember (engine/members.h): they
 * are drained, forgotten by the others, and then put back to what they were.
 */
#include "cli/session.h"

struct departing {
    struct session *session;
    struct cluster cluster;      /* the inventory's, with other hosts: those that have left */
    struct cluster everybody;    /* ...and with both */
    bool *clean;                 /* of `cluster`: nothing is left on it */
    struct err left;             /* why not, of a director; or no code */
    struct arena arena;
};

/* After a look at all hosts. Is there somebody? */
bool departing_find(struct departing *d, struct session *s);
/* Show what is to be taken back on them. Returns how many changes that are; -1 with *e: some are unknown. */
int departing_plan(struct departing *d, FILE *f, struct err *e);
/* Before the others change: directors end their service, real servers are drained. */
int departing_begin(struct departing *d, struct err *e);
/*
 * After the others have changed: everything goes, and nobody remembers those any more of which nothing
 * is left. It ends with a pass of the session over all hosts. -1: something is left somewhere.
 */
int departing_end(struct departing *d, struct err *e);
void departing_free(struct departing *d);
