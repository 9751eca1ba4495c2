#pragma once
/* What two directors must have in common besides the inventory. */
#include "cli/session.h"

/*
 * -1 when a deploy is to make them, and their keepalived is of different major versions, and the inventory
 * does not say that this is meant. Live: of the last look, of those that were reached; offline: of what is
 * given.
 */
int directors_agree(const struct session *s, struct err *e);
