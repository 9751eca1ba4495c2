/* The table of commands. */
#include "cli/command.h"

#include <string.h>

#include "base/parse.h"

const struct command *const commands[] = {
    &cmd_check,
    &cmd_deploy,
    &cmd_status,
    &cmd_logs,
    &cmd_verify,
    &cmd_metrics,
    &cmd_doctor,
    &cmd_failover,
    &cmd_drain,
    &cmd_undrain,
    &cmd_start,
    &cmd_stop,
    &cmd_restart,
    &cmd_reload,
    &cmd_history,
    &cmd_rollback,
    &cmd_destroy,
    &cmd_schema,
    &cmd_help,
    &cmd_version,
    NULL,
};

const struct command *command_find(const char *name, struct err *e)
{
    const char *names[ARRAY_LEN(commands)] = {0};
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
        names[i] = commands[i]->name;
    }
    err_set(e, ERR_USAGE, "unknown command '%s'", name);
    const char *near = nearest_word(name, names);
    if (near)
        err_hint(e, "did you mean '%s'?", near);
    else
        err_hint(e, "`clusterctl help` lists the commands");
    return NULL;
}
