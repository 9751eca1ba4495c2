#pragma once
/* '*' and '?', as the patterns of known_hosts and ssh_config(5) have them. */
#include <stdbool.h>

bool pattern_matches(const char *s, const char *pattern);
