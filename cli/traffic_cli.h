#pragma once
/* ops/traffic.h as a command uses it: passes shown line by line, on standard error. */
#include "cli/session.h"
#include "ops/traffic.h"

/* The session must outlive what is made of them; its `lines` are for the caller to set. */
struct traffic_options traffic_options_of(struct session *s);
