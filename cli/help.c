/* Help, generated from the tables. */
#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "cli/command.h"

enum { HELP_WIDTH = 80, HELP_COLUMN = 28 };

/* Print `text` in words, from `column` on, wrapped, every line after the first indented to it. */
static void print_wrapped(FILE *f, const char *text, int column)
{
    int at = column;
    for (const char *p = text; *p;) {
        int len = (int)strcspn(p, " \n");
        if (at > column && at + 1 + len > HELP_WIDTH) {
            fprintf(f, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            fputc(' ', f);
            at++;
        }
        fprintf(f, "%.*s", len, p);
        at += len;
        p += len;
        if (*p == '\n') {
            fprintf(f, "\n%*s", column, "");
            at = column;
        }
        if (*p)
            p++;
    }
    fputc('\n', f);
}

static void print_option(FILE *f, const struct option_spec *o)
{
    autosb struct strbuf sb = {0};
    sb_addf(&sb, "  --%s", o->name);
    if (o->letter)
        sb_addf(&sb, ", -%c", o->letter);
    for (size_t i = 0; o->choices && o->choices[i]; i++)
        sb_addf(&sb, "%s%s", i ? "|" : " ", o->choices[i]);
    if (o->arg)
        sb_addf(&sb, o->otherwise ? "[=%s]" : " %s", o->arg);
    fputs(sb_str(&sb), f);
    if (sb.len + 2 > HELP_COLUMN)
        fprintf(f, "\n%*s", HELP_COLUMN, "");
    else
        fprintf(f, "%*s", HELP_COLUMN - (int)sb.len, "");
    print_wrapped(f, o->help, HELP_COLUMN);
}

static void print_options(FILE *f, const struct command *c)
{
    const struct option_spec *tables[OPTION_TABLES];
    options_of(c, tables);
    fputs("\nOptions:\n", f);
    for (size_t t = 0; t < OPTION_TABLES && tables[t]; t++)
        for (const struct option_spec *o = tables[t]; o->name; o++)
            print_option(f, o);
}

static void print_overview(FILE *f)
{
    fputs("Usage: clusterctl [OPTIONS] COMMAND [ARGUMENTS]\n\n", f);
    print_wrapped(f,
                  "Builds and runs a highly available LVS-DR web cluster on bare Linux machines, "
                  "from one JSON inventory, over SSH.",
                  0);
    fputs("\nCommands:\n", f);
    for (const struct command *const *c = commands; *c; c++)
        fprintf(f, "  %-13s %s\n", (*c)->name, (*c)->summary); /* as long as failover-test */
    print_options(f, NULL);
    fputs("\n`clusterctl help COMMAND` tells more about one; clusterctl(1) tells everything.\n"
          "The inventory is described in clusterctl-inventory(5).\n",
          f);
}

void help_print(const struct command *c, FILE *f)
{
    if (!c) {
        print_overview(f);
        return;
    }
    fprintf(f, "Usage: clusterctl %s%s%s [OPTIONS]\n\n", c->name, *c->usage ? " " : "", c->usage);
    print_wrapped(f, c->about, 0);
    if (c->flags & CMD_HOSTS) {
        fputc('\n', f);
        print_wrapped(f,
                      "HOST is a host's name or address in the inventory; ROLE is director, "
                      "real-server, nfs or all.",
                      0);
    } else if (c->flags & CMD_INVENTORY && !(c->flags & CMD_INVENTORY_OPTION)) {
        fputc('\n', f);
        print_wrapped(f,
                      "INVENTORY is a JSON file; without it, $CLUSTERCTL_INVENTORY, else "
                      "./inventory.json.",
                      0);
    }
    print_options(f, c);
}

static int run_help(struct invocation *in, struct err *e)
{
    const struct command *c = NULL;
    if (in->operand && !(c = command_find(in->operand, e)))
        return -1;
    help_print(c, stdout);
    return 0;
}

const struct command cmd_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "Explain a command",
    .about = "Lists the commands, or explains one.",
    .run = run_help,
};
