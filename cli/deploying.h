#pragma once
/* What deploy does, for the commands that do the same with another inventory. */
#include "cli/session.h"

/* Apply, verify, print the summary, end the record that was begun. The exit status, or -1. */
int deploy_apply(struct session *s, struct err *e);
