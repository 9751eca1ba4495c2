/* From the command line to a command's run(). */
#include "cli/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/trace.h"
#include "cli/ask_secret.h"
#include "cli/operands.h"
#include "cli/outfile.h"

const char *inventory_path(const char *operand)
{
    if (operand)
        return operand;
    const char *env = getenv("CLUSTERCTL_INVENTORY");
    return env && *env ? env : "inventory.json";
}

/* Which command, and with what. Help and version asked for as options become commands. */
static int parse(int argc, char **argv, struct invocation *in, struct err *e)
{
    int first;
    if (options_parse(NULL, argc, argv, &in->args, &first, e) < 0)
        return -1;
    if (in->args.version || in->args.help || first >= argc) {
        in->command = in->args.version ? &cmd_version : &cmd_help;
        if (in->args.version || in->args.help)
            return 0;
        err_set(e, ERR_USAGE, "no command given");
        return err_hint(e, "`clusterctl help` lists the commands");
    }
    in->command = command_find(argv[first], e);
    if (!in->command)
        return -1;
    argc -= first;
    argv += first;
    if (options_parse(in->command, argc, argv, &in->args, &first, e) < 0)
        return -1;
    if (in->args.help) {
        in->operand = in->command->name;
        in->command = &cmd_help;
        return 0;
    }
    return operands_take(in, argc, argv, first, e);
}

/* The timeline is written however the run has ended; what that was counts for more. */
static int traced(struct invocation *in, struct err *e)
{
    const char *path = in->args.trace;
    if (!path)
        return in->command->run(in, e);
    if (outfile_check(path, e) < 0)
        return -1;
    autosb struct strbuf text = {0};
    struct err why = {0};
    trace_start();
    int status = in->command->run(in, e);
    trace_write(&text);
    if (outfile_write(path, sb_str(&text), text.len, &why) == 0)
        return status;
    if (status == 0) {
        *e = why;
        return -1;
    }
    report_note(&in->err, "%s", why.msg);
    return status;
}

static int run(struct invocation *in, struct err *e)
{
    bool by_option = in->command->flags & CMD_INVENTORY_OPTION;
    if (in->command->flags & CMD_INVENTORY)
        in->inventory = inventory_path(in->args.inventory ? in->args.inventory
                                       : by_option        ? NULL
                                                          : in->operand);
    if (in->command->flags & CMD_LOADS && inventory_open(in, e) < 0)
        return -1;
    if (in->command->flags & CMD_HOSTS && operands_resolve(in, e) < 0)
        return -1;
    int status = traced(in, e);
    /* A result that did not get out is no result. */
    if (status >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
        return err_errno(e, "cannot write to standard output");
    return status;
}

int app_main(int argc, char **argv)
{
    struct err e = {0};
    /* getopt_long() reorders argv. */
    const char **typed = xcalloc((size_t)argc + 1, sizeof *typed);
    memcpy(typed, argv, (size_t)argc * sizeof *typed);
    struct invocation in = {.argc = argc, .argv = typed};
    int status = parse(argc, argv, &in, &e);
    in.out = style_for(stdout, in.args.color);
    in.err = style_for(stderr, in.args.color);
    if (status == 0)
        status = run(&in, &e);
    if (status < 0) {
        if (e.msg[0])
            report_error(&in.err, &e);
        status = err_exit_status(e.code);
    }
    operands_free(&in);
    cluster_free(in.cluster);
    secret_forget_all();
    xfree(typed);
    return status;
}
