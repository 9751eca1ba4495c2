#pragma once
/* Real servers that get no new connections because somebody wants it so. */
#include "engine/run.h"

/* What the first director that was reached and has it on its list says; WISH_NONE: none has. */
enum wish drain_wish(struct run *r, const struct host *rs);
/* Does any director that was reached have it on its list? Then all are to give it weight 0. */
bool drained(struct run *r, const struct host *rs);
/* The weight that the directors' tables should have: 0 for one that is drained. */
unsigned weight_wanted(struct run *r, const struct host *rs);
