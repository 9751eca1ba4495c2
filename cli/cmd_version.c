#include <stdio.h>

#include "cli/command.h"

static int run_version(struct invocation *in, struct err *e)
{
    (void)in, (void)e;
    puts("clusterctl " CLUSTERCTL_VERSION);
    return 0;
}

const struct command cmd_version = {
    .name = "version",
    .usage = "",
    .summary = "Print the version",
    .about = "Prints the version of clusterctl.",
    .run = run_version,
};
