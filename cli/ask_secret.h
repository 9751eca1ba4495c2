#pragma once
/*
 * Secrets that the operator types: asked for on the terminal, without an echo, one at a time, and kept
 * for as long as the process lives, so that hosts that want the same one ask once.
 */
#include "ssh/ssh.h"

/* struct ssh_cancel's `ask` and `accepted`; any thread's. `ud` is not looked at. */
char *secret_ask(void *ud, const struct ssh_question *q, struct err *e);
void secret_accepted(void *ud, const struct ssh_question *q, const char *answer);
/* Wipe them; no session is left. */
void secret_forget_all(void);
