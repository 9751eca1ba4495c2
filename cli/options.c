/* Option tables and the one parser that reads them. */
#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include "base/parse.h"
#include "base/vec.h"
#include "cli/command.h"

static const char *const color_choices[] = {"auto", "always", "never", NULL};

const struct option_spec options_global[] = {
    {"color", OPTION_CHOICE, offsetof(struct args, color), .choices = color_choices,
     .help = "Colour the output: auto (the default) means on terminals, unless NO_COLOR is set."},
    {"help", OPTION_SWITCH, offsetof(struct args, help), .help = "Print this help."},
    {0},
};

static const struct option_spec options_top[] = {
    {"version", OPTION_SWITCH, offsetof(struct args, version), .help = "Print the version."},
    {0},
};

const struct option_spec options_run[] = {
    {"templates", OPTION_STRING, offsetof(struct args, templates), "DIR",
     .help = "Take templates from DIR where it has them, instead of those built in."},
    {"parallel", OPTION_NUMBER, offsetof(struct args, parallel), "N", .min = 1, .max = 1024,
     .help = "Work on at most N hosts at once (64)."},
    {"assume-family", OPTION_SWITCH, offsetof(struct args, assume_family),
     .help = "Treat a system that clusterctl does not know as the nearest one that it does, by the "
             "ID_LIKE of its /etc/os-release."},
    {"lock-wait", OPTION_NUMBER, offsetof(struct args, lock_wait_s), "SECONDS", .min = 1,
     .max = 86400,
     .help = "Wait this long for a host where an earlier run's last step is still at work."},
    {"reconnect", OPTION_NUMBER, offsetof(struct args, reconnect_s), "SECONDS", .min = 1,
     .max = 86400, .help = "Try this long to go on after a connection was lost among steps (60)."},
    {"step-timeout", OPTION_NUMBER, offsetof(struct args, step_timeout_s), "SECONDS", .min = 1,
     .max = 86400, .help = "Give up on a step that takes longer."},
    {"trace", OPTION_STRING, offsetof(struct args, trace), "FILE",
     .help = "Write a timeline of connections, scripts, steps and waits, in the trace format of "
             "Chrome: load it at ui.perfetto.dev or chrome://tracing."},
    {0},
};

const struct option_spec options_hosts[] = {
    {"inventory", OPTION_STRING, offsetof(struct args, inventory), "FILE",
     .help = "The inventory; without it, $CLUSTERCTL_INVENTORY, else ./inventory.json."},
    {0},
};

void options_of(const struct command *c, const struct option_spec *tables[static OPTION_TABLES])
{
    size_t n = 0;
    if (c && c->options)
        tables[n++] = c->options;
    if (c && c->flags & (CMD_HOSTS | CMD_INVENTORY_OPTION))
        tables[n++] = options_hosts;
    if (c && c->flags & CMD_RUNS)
        tables[n++] = options_run;
    if (!c)
        tables[n++] = options_top;
    tables[n++] = options_global;
    for (; n < OPTION_TABLES; n++)
        tables[n] = NULL;
}

struct parser {
    const struct command *command;
    VEC(const struct option_spec *) specs;
    VEC(const char *) names;
    VEC(struct option) longs;
    struct strbuf letters; /* as getopt(3) wants them */
};

static void parser_init(struct parser *p, const struct command *c)
{
    const struct option_spec *tables[OPTION_TABLES];
    *p = (struct parser){.command = c};
    options_of(c, tables);
    sb_add(&p->letters, c ? ":" : "+:");
    for (size_t t = 0; t < OPTION_TABLES && tables[t]; t++)
        for (const struct option_spec *o = tables[t]; o->name; o++) {
            int has_arg = o->kind == OPTION_SWITCH ? no_argument
                          : o->otherwise           ? optional_argument
                                                   : required_argument;
            *vec_push(&p->longs) = (struct option){o->name, has_arg, NULL, (int)p->specs.n + 256};
            *vec_push(&p->names) = o->name;
            *vec_push(&p->specs) = o;
            if (o->letter)
                sb_addf(&p->letters, "%c%s", o->letter, o->kind == OPTION_SWITCH ? "" : ":");
        }
    vec_push(&p->longs);
    vec_push(&p->names);
}

static void parser_free(struct parser *p)
{
    vec_free(&p->specs);
    vec_free(&p->names);
    vec_free(&p->longs);
    sb_free(&p->letters);
}

/* What getopt_long() has found: the number of a long option, or a letter. NULL: neither. */
static const struct option_spec *found(const struct parser *p, int opt)
{
    if (opt >= 256)
        return (size_t)opt < 256 + p->specs.n ? p->specs.v[opt - 256] : NULL;
    for (size_t i = 0; i < p->specs.n; i++)
        if (opt && p->specs.v[i]->letter == opt)
            return p->specs.v[i];
    return NULL;
}

static int hint_help(const struct parser *p, struct err *e)
{
    const char *name = p->command ? p->command->name : NULL;
    return err_hint(e, "`clusterctl %s%s--help` lists the options", name ? name : "",
                    name ? " " : "");
}

static int unknown_option(const struct parser *p, const char *typed, struct err *e)
{
    size_t dashes = strspn(typed, "-"), len = strcspn(typed + dashes, "=");
    autofree char *word = xstrdup(typed + dashes);
    word[len] = '\0';
    size_t matches = 0;
    for (size_t i = 0; i < p->specs.n; i++)
        matches += len && strncmp(p->names.v[i], word, len) == 0;
    err_set(e, ERR_USAGE, "%s option '%.*s'", matches > 1 ? "ambiguous" : "unknown",
            (int)(dashes + len), typed);
    const char *near = matches > 1 ? NULL : nearest_word(word, p->names.v);
    return near ? err_hint(e, "did you mean '--%s'?", near) : hint_help(p, e);
}

static int bad_choice(const struct option_spec *o, const char *value, struct err *e)
{
    autosb struct strbuf sb = {0};
    for (size_t i = 0; o->choices[i]; i++)
        sb_addf(&sb, "%s%s", i == 0 ? "" : o->choices[i + 1] ? ", " : " or ", o->choices[i]);
    err_set(e, ERR_USAGE, "option '--%s': '%s' is not one of %s", o->name, value, sb_str(&sb));
    const char *near = nearest_word(value, o->choices);
    return near ? err_hint(e, "did you mean '%s'?", near) : -1;
}

/* An hour: longer than anybody waits at a terminal. */
#define MAX_TIME_US (INT64_C(3600) * 1000 * 1000)

static int take_another(const struct option_spec *o, const char *value, struct option_list *list,
                        struct err *e)
{
    if (list->n == OPTION_LIST_MAX)
        return err_set(e, ERR_USAGE, "option '--%s' is given more than %d times", o->name,
                       OPTION_LIST_MAX);
    list->v[list->n++] = value;
    return 0;
}

static int take_option(const struct option_spec *o, const char *value, struct args *out,
                       struct err *e)
{
    char *field = (char *)out + o->field;
    uint64_t n;
    switch (o->kind) {
    case OPTION_SWITCH: *(bool *)(void *)field = true; return 0;
    case OPTION_STRING:
        if (!*value)
            return err_set(e, ERR_USAGE, "option '--%s' needs a %s that is not empty", o->name,
                           o->arg);
        *(const char **)(void *)field = value;
        return 0;
    case OPTION_NUMBER:
        if (!parse_u64(value, o->min, o->max, &n))
            return err_set(e, ERR_USAGE, "option '--%s': '%s' is not a number from %u to %u",
                           o->name, value, o->min, o->max);
        *(unsigned *)(void *)field = (unsigned)n;
        return 0;
    case OPTION_TIME:
        if (!parse_time_us(value, 1000, MAX_TIME_US, (int64_t *)(void *)field))
            return err_set(e, ERR_USAGE,
                           "option '--%s': '%s' is not a time from 1ms to 1h; write "
                           "2s, 1.5s or 500ms",
                           o->name, value);
        return 0;
    case OPTION_LIST: return take_another(o, value, (struct option_list *)(void *)field, e);
    case OPTION_CHOICE: break;
    }
    for (unsigned i = 0; o->choices[i]; i++)
        if (strcmp(o->choices[i], value) == 0) {
            *(unsigned *)(void *)field = i;
            return 0;
        }
    return bad_choice(o, value, e);
}

/* What getopt_long() did not like. */
static int bad_option(const struct parser *p, int c, char **argv, struct err *e)
{
    const struct option_spec *o = found(p, optopt);
    if (o) {
        if (c == ':')
            err_set(e, ERR_USAGE, "option '--%s' needs %s", o->name, o->arg ? o->arg : "a value");
        else
            err_set(e, ERR_USAGE, "option '--%s' takes no value", o->name);
        return hint_help(p, e);
    }
    if (optopt) {
        char typed[] = {'-', (char)optopt, '\0'};
        return unknown_option(p, typed, e);
    }
    return unknown_option(p, argv[optind - 1], e);
}

int options_parse(const struct command *c, int argc, char **argv, struct args *out, int *first,
                  struct err *e)
{
    struct parser p;
    parser_init(&p, c);
    int rc = 0, opt;
    opterr = 0;
    optind = 0; /* glibc: start anew */
    while (rc == 0 && (opt = getopt_long(argc, argv, sb_str(&p.letters), p.longs.v, NULL)) != -1) {
        const struct option_spec *o = found(&p, opt);
        if (opt == '?' || opt == ':')
            rc = bad_option(&p, opt, argv, e);
        else
            rc = take_option(o, optarg ? optarg : o->otherwise, out, e);
    }
    *first = optind;
    parser_free(&p);
    return rc;
}
