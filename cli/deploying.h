#pragma once
/* What deploy does, for the commands that do the same with another inventory. */
#include "cli/render_plan.h"
#include "cli/session.h"

/* Look at the hosts, and print what would change: a dry run. -1: not all could be looked at. */
int deploy_look(struct session *s, struct plan_totals *t, struct err *e);
/* Apply, verify, print the summary, end the record that was begun. The exit status, or -1. */
int deploy_apply(struct session *s, struct err *e);
