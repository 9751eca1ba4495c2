/* Everything that goes wrong is said here, and only here. */
#include <stdarg.h>
#include <stdio.h>

#include "cli/command.h"
#include "inventory/load.h"

static void add_hint(struct strbuf *sb, const struct style *st, const char *hint)
{
    if (!hint || !*hint)
        return;
    sb_addf(sb, "  %shint:%s ", style_code(st, C_CYAN), style_code(st, C_RESET));
    sb_foreign(sb, hint, true);
    sb_addc(sb, '\n');
}

static void add_error_word(struct strbuf *sb, const struct style *st)
{
    sb_addf(sb, "%serror:%s ", style_code(st, C_RED), style_code(st, C_RESET));
}

void report_error(const struct style *st, const struct err *e)
{
    autosb struct strbuf sb = {0};
    sb_add(&sb, "clusterctl: ");
    add_error_word(&sb, st);
    sb_foreign(&sb, e->msg, true);
    sb_addc(&sb, '\n');
    add_hint(&sb, st, e->hint);
    fputs(sb_str(&sb), stderr);
}

void report_note(const struct style *st, const char *fmt, ...)
{
    autosb struct strbuf text = {0}, sb = {0};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&text, fmt, ap);
    va_end(ap);
    sb_addf(&sb, "%sclusterctl:%s ", style_code(st, C_BOLD), style_code(st, C_RESET));
    sb_foreign(&sb, sb_str(&text), true);
    sb_addc(&sb, '\n');
    fputs(sb_str(&sb), stderr);
}

void report_diagnostics(const char *file, const struct diagnostics *d)
{
    autosb struct strbuf sb = {0};
    diagnostics_print(d, file, &sb);
    sb_addf(&sb, "%zu error%s\n", d->list.n, d->list.n == 1 ? "" : "s");
    fputs(sb_str(&sb), stderr);
}

int inventory_hint(const struct invocation *in, struct err *e)
{
    if (e->code == ERR_SYSTEM && !in->operand && !in->args.inventory && !e->hint[0])
        err_hint(e, "name the inventory as an argument or in $CLUSTERCTL_INVENTORY");
    return -1;
}

int inventory_open(struct invocation *in, struct err *e)
{
    struct diagnostics diags = {0};
    in->cluster = inventory_load(in->inventory, &diags, e);
    if (in->cluster) {
        diagnostics_free(&diags);
        return 0;
    }
    if (diags.list.n) {
        report_diagnostics(in->inventory, &diags);
        e->msg[0] = '\0';
    }
    diagnostics_free(&diags);
    return inventory_hint(in, e);
}
