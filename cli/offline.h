#pragma once
/* deploy --dry-run --offline: everything for every host, rendered without the network. */
#include "cli/session.h"

int offline_print(const struct session *s, struct err *e); /* to standard output */
int offline_write(const struct session *s, struct err *e); /* to the directory of --out */
