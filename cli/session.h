#pragma once
/* A run as a command sees it: the engine set up by the command line's options. */
#include "cli/command.h"
#include "cli/notes.h"
#include "cli/recording.h"
#include "cli/render.h"
#include "engine/claim.h"

struct session {
    const struct invocation *in;
    struct template_set templates;
    struct ssh_cancel cancel;
    struct run_options options;
    struct run *run; /* NULL: offline */
    struct recording recording;
    struct claim *claim; /* of the cluster, from session_claim() to the end */
    const char *forgotten[OPTION_LIST_MAX + 1]; /* NULL-terminated; options.forgotten */
    struct arena arena;
    struct renderer *halfway; /* between session_look() and its other half */
    struct notes notes;       /* of the connections; said after each pass */
    bool lines;      /* passes over some of the hosts follow each other: no table on the terminal */
};

/*
 * Fill in the options; with `network`, also signals, libraries and the run, which point to the
 * session: it must stay where it is. Close it in any case; all zeros is fine.
 */
int session_open(struct session *s, const struct invocation *in, bool network, struct err *e);
/* One pass of the engine, shown in the way that the output options and the terminal ask for. */
int session_pass(struct session *s, enum run_mode mode, enum pass pass, struct err *e);
/*
 * An apply pass in two halves, shown as one: look at every host, then carry out what was planned.
 * Between them one can still choose another way: session_drop() instead of the second half.
 */
int session_look(struct session *s, struct err *e);
int session_carry_out(struct session *s, struct err *e);
void session_drop(struct session *s);
/*
 * Before the first change, after a pass: no other run is to be at work on the cluster until this command has
 * ended. 0: it is so (already). 1: another one had to be waited for, so all is to be looked at again. -1.
 */
int session_claim(struct session *s, struct err *e);
void session_close(struct session *s);
