#include "cli/render_plan.h"

#include <string.h>

#include "cli/json_out.h"
#include "cli/view.h"
#include "engine/restype.h"

void plan_total(struct plan_totals *t, const struct host_result *hr)
{
    if (!hr->reached) {
        t->hosts_unknown++;
        return;
    }
    size_t blocked = plan_blocked(&hr->plan);
    t->blocked += blocked;
    t->changes += hr->plan.steps.n - blocked;
    t->hosts_changed += hr->plan.steps.n > blocked;
    if (plan_impact(&hr->plan) > t->impact)
        t->impact = plan_impact(&hr->plan);
}

/* The diff, line by line, indented and coloured. */
static void add_diff(struct strbuf *sb, const struct style *st, const char *diff)
{
    while (*diff) {
        size_t len = strcspn(diff, "\n");
        autofree char *line = xcalloc(len + 1, 1);
        memcpy(line, diff, len);
        bool head = strncmp(line, "+++", 3) == 0 || strncmp(line, "---", 3) == 0;
        enum color c = head           ? C_BOLD
                       : *line == '+' ? C_GREEN
                       : *line == '-' ? C_RED
                       : *line == '@' ? C_CYAN
                                      : C_RESET;
        sb_add(sb, "      ");
        if (c != C_RESET)
            sb_add(sb, style_code(st, c));
        sb_foreign(sb, line, true);
        if (c != C_RESET)
            sb_add(sb, style_code(st, C_RESET));
        sb_addc(sb, '\n');
        diff += len + (diff[len] == '\n');
    }
}

static void add_step(struct strbuf *sb, const struct style *st, const struct step *s)
{
    const char *reset = style_code(st, C_RESET);
    bool back = s->want && (s->want->gone || (s->want->type == RES_OWNED && s->want->owned.forget));
    sb_addf(sb, "  %s%c%s ", style_code(st, s->blocked || back ? C_RED : C_GREEN),
            s->blocked ? '!' : back ? '-' : '+', reset);
    sb_foreign(sb, s->summary, false);
    if (s->impact != IMPACT_NONE)
        sb_addf(sb, "  %s[%s]%s", style_code(st, C_YELLOW), impact_name(s->impact), reset);
    sb_addc(sb, '\n');
    if (s->blocked) {
        sb_add(sb, "      blocked: ");
        sb_foreign(sb, s->blocked, false);
        sb_addc(sb, '\n');
    }
    if (s->blocked && s->hint) {
        sb_add(sb, "      hint: ");
        sb_foreign(sb, s->hint, false);
        sb_addc(sb, '\n');
    }
    if (s->diff)
        add_diff(sb, st, s->diff);
}

void print_plan(FILE *f, const struct style *st, const struct host_result *hr)
{
    autosb struct strbuf sb = {0};
    char ip[IPADDR_STRLEN];
    sb_add(&sb, style_code(st, C_BOLD));
    sb_foreign(&sb, hr->host->name, false);
    sb_addf(&sb, "%s (%s): ", style_code(st, C_RESET), ipaddr_str(&hr->host->address, ip));
    if (hr->reached) {
        plan_words(&sb, &hr->plan);
        sb_addc(&sb, '\n');
        for (size_t i = 0; i < hr->plan.steps.n; i++)
            add_step(&sb, st, &hr->plan.steps.v[i]);
    } else {
        sb_addf(&sb, "%s%s%s\n", style_code(st, C_RED),
                hr->err.code == ERR_UNREACHABLE ? "unreachable" : "not known",
                style_code(st, C_RESET));
        error_lines(&sb, st, "    ", &hr->err, NULL);
    }
    fputs(sb_str(&sb), f);
}

void print_totals(FILE *f, const struct plan_totals *t)
{
    autosb struct strbuf sb = {0};
    if (t->changes + t->blocked + t->hosts_unknown == 0) {
        fputs("No changes. The cluster is as the inventory says.\n", f);
        return;
    }
    sb_addf(&sb, "Plan: %zu change%s on %zu host%s; impact: %s", t->changes,
            t->changes == 1 ? "" : "s", t->hosts_changed, t->hosts_changed == 1 ? "" : "s",
            impact_name(t->impact));
    if (t->blocked)
        sb_addf(&sb, "; %zu blocked", t->blocked);
    if (t->hosts_unknown)
        sb_addf(&sb, "; %zu host%s could not be looked at", t->hosts_unknown,
                t->hosts_unknown == 1 ? "" : "s");
    fprintf(f, "%s.\n", sb_str(&sb));
}

void json_step(struct strbuf *sb, const char *key, const struct step *s, size_t no, size_t of,
               bool with_diff)
{
    json_open(sb, key, '{');
    json_number(sb, "n", (long long)no);
    json_number(sb, "of", (long long)of);
    if (s->want) {
        json_text(sb, "resource", res_ops(s->want->type)->name);
        json_text(sb, "key", s->want->key);
        json_text(sb, "module", s->want->module);
        if (s->want->gone)
            json_bool(sb, "takes_back", true);
    }
    json_text(sb, "summary", s->summary);
    json_text(sb, "impact", impact_name(s->impact));
    json_text(sb, "blocked", s->blocked);
    json_text(sb, "hint", s->hint);
    if (with_diff)
        json_text(sb, "diff", s->diff);
    json_close(sb, '}');
}

void json_plan(struct strbuf *sb, const struct plan *p)
{
    size_t blocked = plan_blocked(p);
    json_number(sb, "changes", (long long)(p->steps.n - blocked));
    json_number(sb, "blocked", (long long)blocked);
    json_text(sb, "impact", impact_name(plan_impact(p)));
    json_open(sb, "steps", '[');
    for (size_t i = 0; i < p->steps.n; i++)
        json_step(sb, NULL, &p->steps.v[i], i + 1, p->steps.n, true);
    json_close(sb, ']');
}
