#pragma once
/* ops/traffic.h as a command uses it: passes shown line by line, on standard error. */
#include "cli/session.h"
#include "ops/traffic.h"

/* The session must outlive what is made of them. */
struct traffic_options traffic_options_of(struct session *s);
