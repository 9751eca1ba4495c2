#pragma once
/* An apply pass, host by host where the cluster serves (ops/rollout.h), else all at the same time. */
#include "cli/outcome.h"
#include "cli/session.h"

/*
 * Look, and carry out. `o` is what was done, to be freed; -1 with *e as of session_pass(), or of
 * where the rolling deploy stopped (then *stopped).
 */
int rolling_apply(struct session *s, struct outcome *o, bool *stopped, struct err *e);
/* After a plan pass: in which order a deploy would change the hosts, if it matters. */
void rolling_describe(struct session *s, FILE *f);
