#pragma once
/* What stands after a command's options: an inventory, or hosts and roles. */
#include "cli/command.h"

/* Take argv[first..argc - 1]: too many, or too few, is a usage error. */
int operands_take(struct invocation *in, int argc, char **argv, int first, struct err *e);
/*
 * CMD_HOSTS, once the inventory is loaded: in->hosts from the operands, each a host's name, its
 * address, a role, or "all". In the inventory's order, each once; without operands all of them.
 */
int operands_resolve(struct invocation *in, struct err *e);
void operands_free(struct invocation *in);
