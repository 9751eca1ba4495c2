#pragma once
/*
 * Changes that take themselves back (deploy --confirm-within). Before a step changes anything of what
 * could cut the operator off, the host keeps what is there: the files, the packet filter in force, the
 * units' states, sysctls, which addresses are new. A unit on the host gives it all back when no sign of
 * life has come for the given time; only a script over a new connection stands it down. A boot gives
 * the files back too. The network's own steps have a timer of their own (deadman.h), of the same time.
 *
 * Not given back: packages, directories, content, an address that was taken away.
 */
#include "engine/plan.h"
#include "engine/script.h"
#include "ssh/ssh.h"

/* Once, under the lock: the functions. What an earlier run left is confirmed by our being here. */
void guard_setup(struct script *s, unsigned seconds);
/* Within a step, under set -e, before and after what it does. */
void guard_before(struct script *s, const struct step *step, unsigned seconds);
void guard_after(struct script *s);
/* After this step, a confirmation is due: before anything that takes long, and at the end. */
bool guard_is_risky(const struct step *step);
/* The shell that goes on after a confirmation must not think that it was too late. */
void guard_confirmed(struct script *s);

/* Over a new connection. ERR_UNREACHABLE: there is none; ERR_FAILED: too late. */
int guard_confirm(const struct host *h, const struct ssh_cancel *cancel, unsigned seconds,
                  struct err *e);
