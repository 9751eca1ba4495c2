#pragma once
/*
 * A command is a descriptor beside its code: what it is called, what it takes, what must be there
 * before it runs. The tables generate the parsing, `--help` and the suggestions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/term.h"
#include "inventory/cluster.h"

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_JUNIT };

/* The values of an option that may be given again, in their order. */
enum { OPTION_LIST_MAX = 64 };
struct option_list {
    const char *v[OPTION_LIST_MAX];
    size_t n;
};

/* Where the parsed options of every command go; zero is every option's default. */
struct args {
    bool help, version;
    unsigned color;  /* enum color_mode */
    unsigned output; /* enum output */
    bool dry_run, offline, detailed_exitcode, no_verify, quiet, show_secrets, fix, yes, auto_rollback;
    const char *out, *facts;
    bool assume_family;
    const char *templates, *trace;
    unsigned parallel, lock_wait_s, reconnect_s, step_timeout_s; /* 0: not given */
    bool all, force;
    struct option_list scenarios;
    const char *report, *report_json;
    unsigned rate, repeat;          /* 0: not given */
    unsigned batch;                 /* 0: not given */
    bool at_once;
    int64_t drain_timeout_us;       /* 0: not given */
    bool reboot;
    int64_t reboot_timeout_us;      /* 0: not given */
    unsigned requests;              /* 0: not given */
    const char *file;               /* NULL: not given */
    int64_t budget_us, timeout_us;  /* 0: not given */
    int64_t watch_us;               /* 0: not given */
    int64_t confirm_us;             /* 0: not given */
    const char *inventory;
    const char *service, *since, *grep;
    bool follow;
    unsigned lines;                 /* 0: not given */
    bool purge;
    struct option_list forget;
    const char *yes_destroy;
};

enum option_kind { OPTION_SWITCH, OPTION_STRING, OPTION_NUMBER, OPTION_CHOICE, OPTION_TIME, OPTION_LIST };

struct option_spec {
    const char *name; /* without the dashes; NULL ends a table */
    enum option_kind kind;
    size_t field; /* offsetof(struct args, ...): bool, const char *, unsigned, a list; a time int64_t, us */
    const char *arg;            /* what help calls the argument; a choice's are listed instead */
    const char *const *choices; /* NULL-terminated; the field gets the index */
    unsigned min, max;          /* OPTION_NUMBER */
    const char *otherwise;      /* what --NAME alone means, --NAME=ARG; NULL: it needs ARG */
    const char *help;
    char letter;                /* for -L; 0: none */
};

enum command_flags {
    CMD_INVENTORY = 1 << 0, /* takes one, as its operand; see inventory_path() */
    CMD_LOADS = 1 << 1,     /* ...which is loaded and sound before run() is called */
    CMD_RUNS = 1 << 2,      /* takes the options of everything that connects to hosts */
    CMD_HOSTS = 1 << 3,     /* the operands are hosts and roles; the inventory is an option */
    CMD_INVENTORY_OPTION = 1 << 5, /* the operand is something else; the inventory is an option */
    CMD_NAMES_HOSTS = 1 << 4, /* ...of which there must be one: nothing is done to all by default */
};

struct invocation {
    const struct command *command;
    int argc; /* the command line, as it was typed */
    const char *const *argv;
    struct args args;
    const char *operand;     /* the one operand, or NULL */
    const char *const *operands; /* all of them */
    size_t n_operands;
    const struct host **hosts; /* CMD_HOSTS: whom they name, in the inventory's order */
    size_t n_hosts;
    const struct unit_wish *units; /* of start, stop, restart and reload: the run is about these */
    const char *inventory;   /* CMD_INVENTORY: its path, never NULL */
    struct cluster *cluster; /* CMD_LOADS */
    struct style out, err;   /* how to write to standard output and standard error */
};

struct command {
    const char *name;
    const char *usage;   /* what follows the name: "[INVENTORY]" */
    const char *summary; /* one line, in the list of commands */
    const char *about;   /* a paragraph or more for --help */
    unsigned flags;
    const struct option_spec *options; /* its own; NULL: none */
    /* The exit status (0 or more), or -1 with the error to report. */
    int (*run)(struct invocation *in, struct err *e);
};

/* Every command, in the order in which help lists them; NULL-terminated. */
extern const struct command *const commands[];
/* NULL with *e set (and the nearest name as its hint) when there is no such command. */
const struct command *command_find(const char *name, struct err *e);

extern const struct option_spec options_global[], options_run[], options_hosts[];
/* The option tables of a command (NULL: of clusterctl itself), at most 5 with the closing NULL. */
enum { OPTION_TABLES = 5 };
void options_of(const struct command *c, const struct option_spec *tables[static OPTION_TABLES]);
/*
 * Parse argv[1..] by the tables of `c`. Operands end up at argv[*first]..argv[argc - 1]; for NULL,
 * the first operand (the command) ends the options.
 */
int options_parse(const struct command *c, int argc, char **argv, struct args *out, int *first,
                  struct err *e);

void help_print(const struct command *c, FILE *f); /* NULL: the overview */

/* The inventory that a command without one on its command line uses. */
const char *inventory_path(const char *operand);

/* Print the error and its hint on standard error; everything in them is quoted for terminals. */
void report_error(const struct style *st, const struct err *e);
/* `clusterctl: TEXT`, the same way. */
void report_note(const struct style *st, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

struct diagnostics;
/* Every complaint as FILE:LINE:COLUMN: error: MESSAGE (at POINTER), then how many there are. */
void report_diagnostics(const char *file, const struct diagnostics *d);

/* Load in->inventory into in->cluster; complaints have been printed when the error has no text. */
int inventory_open(struct invocation *in, struct err *e);
/* Of an inventory that could not be read: say how to name one, if none was. Returns -1. */
int inventory_hint(const struct invocation *in, struct err *e);

extern const struct command cmd_check;
extern const struct command cmd_deploy;
extern const struct command cmd_destroy;
extern const struct command cmd_doctor;
extern const struct command cmd_drain;
extern const struct command cmd_failover;
extern const struct command cmd_help;
extern const struct command cmd_history;
extern const struct command cmd_logs;
extern const struct command cmd_metrics;
extern const struct command cmd_reload;
extern const struct command cmd_restart;
extern const struct command cmd_rollback;
extern const struct command cmd_schema;
extern const struct command cmd_start;
extern const struct command cmd_status;
extern const struct command cmd_stop;
extern const struct command cmd_undrain;
extern const struct command cmd_verify;
extern const struct command cmd_version;
