#pragma once
/*
 * The lock of a whole cluster: whoever changes it in more than one step has it from before the first of them
 * to the end, also while nothing is at work on any host (a drained server's connections are waited for, a
 * host boots). Held on every director that can be reached, each over a connection of its own: it ends with
 * the connection, so with the process, and is taken over by who comes next when nothing was heard of the
 * holder for LOCK_GONE_S. A connection that is lost on the way (the director boots) is made again.
 *
 * It is about operators, not about steps: those have the lock of their host as well (lock.h).
 */
#include "engine/run.h"

struct claim;

struct claim_options {
    struct run *run; /* after a pass: the directors that it has reached are asked */
    const struct ssh_cancel *cancel;
    unsigned wait_s; /* for another's */
    /* It has to be waited for: one line, safe to print. On the caller's thread; or NULL. */
    void (*say)(void *ud, const char *text);
    void *ud;
};

/*
 * Take it. 1: it had to be waited for, so what was seen before may be no more. 0 also where no director was
 * reached that could hold it. -1: ERR_LOCKED with who has it, since when and from where; ERR_INTERRUPTED.
 */
int claim_take(struct claim **out, const struct claim_options *o, struct err *e);
/*
 * Before more is changed: is it still ours? -1, ERR_LOCKED: this process stood still (Ctrl-Z) for so long that
 * another run has taken it since. NULL is fine.
 */
int claim_check(struct claim *c, struct err *e);
/* NULL is fine. */
void claim_release(struct claim *c);
