/* check: is the inventory sound? Touches no network. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/json_out.h"
#include "inventory/load.h"

static void print_diagnostics_json(const char *file, const struct diagnostics *d)
{
    for (size_t i = 0; i < d->list.n; i++) {
        const struct diagnostic *x = &d->list.v[i];
        autosb struct strbuf sb = {0};
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "diagnostic");
        json_text(&sb, "file", file);
        json_number(&sb, "line", x->line);
        json_number(&sb, "column", x->column);
        json_text(&sb, "pointer", x->pointer ? x->pointer : "");
        json_text(&sb, "message", x->message);
        json_text(&sb, "hint", x->hint);
        json_line(&sb, stdout);
    }
}

static void count(struct strbuf *sb, size_t n, const char *noun)
{
    if (n)
        sb_addf(sb, ", %zu %s%s", n, noun, n == 1 ? "" : "s");
}

static void print_ok(const char *file, const struct cluster *c)
{
    autosb struct strbuf sb = {0};
    char ip[IPADDR_STRLEN];
    sb_foreign(&sb, file, false);
    sb_add(&sb, ": ok: cluster ");
    sb_foreign(&sb, c->name, false);
    count(&sb, cluster_count(c, ROLE_DIRECTOR), "director");
    count(&sb, cluster_count(c, ROLE_REAL_SERVER), "real server");
    count(&sb, cluster_count(c, ROLE_NFS), "NFS server");
    for (size_t i = 0; i < c->n_vips; i++)
        sb_addf(&sb, "%s%s", i == 0 ? ", VIP " : " ", ipaddr_str(&c->vips[i], ip));
    puts(sb_str(&sb));
}

static void print_result_json(const char *file, const struct cluster *c, size_t errors)
{
    autosb struct strbuf sb = {0};
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "result");
    json_text(&sb, "file", file);
    json_bool(&sb, "ok", c != NULL);
    json_number(&sb, "errors", (long long)errors);
    if (c) {
        json_text(&sb, "cluster", c->name);
        json_number(&sb, "hosts", (long long)c->n_hosts);
    }
    json_line(&sb, stdout);
}

static int run_check(struct invocation *in, struct err *e)
{
    struct diagnostics diags = {0};
    bool json = in->args.output == OUTPUT_JSON;
    in->cluster = inventory_load(in->inventory, &diags, e);
    size_t errors = diags.list.n;
    if (!in->cluster && errors == 0) {
        diagnostics_free(&diags);
        return inventory_hint(in, e); /* it could not be read */
    }
    if (json) {
        print_diagnostics_json(in->inventory, &diags);
        print_result_json(in->inventory, in->cluster, errors);
    } else if (errors) {
        report_diagnostics(in->inventory, &diags);
    } else {
        print_ok(in->inventory, in->cluster);
    }
    diagnostics_free(&diags);
    return in->cluster ? 0 : err_exit_status(ERR_INVENTORY);
}

static const char *const output_choices[] = {"text", "json", NULL};

static const struct option_spec options[] = {
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, or one JSON object a line."},
    {0},
};

const struct command cmd_check = {
    .name = "check",
    .usage = "[INVENTORY]",
    .summary = "Check the inventory, without touching the network",
    .about = "Reads the inventory and reports every error in it at once, each with file, line, "
             "column and JSON pointer. Touches no network.",
    .flags = CMD_INVENTORY,
    .options = options,
    .run = run_check,
};
