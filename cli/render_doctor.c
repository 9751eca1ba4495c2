#include "cli/render_doctor.h"

#include "cli/json_out.h"

static void add_list(struct strbuf *sb, const struct style *st, const char *what,
                     const char *const *list, size_t n)
{
    if (n)
        sb_addf(sb, "   %s%s:%s\n", style_code(st, C_CYAN), what, style_code(st, C_RESET));
    for (size_t i = 0; i < n; i++) {
        sb_add(sb, "     ");
        sb_foreign(sb, list[i], false);
        sb_addc(sb, '\n');
    }
}

static void add_finding(struct strbuf *sb, const struct style *st, const struct finding *f,
                        size_t number)
{
    sb_addf(sb, "%zu. %s%s%s", number, style_code(st, C_BOLD), f->id, style_code(st, C_RESET));
    if (f->host) {
        sb_add(sb, " on ");
        sb_foreign(sb, f->host, false);
    }
    sb_addf(sb, "\n   %s", style_code(st, C_RED));
    sb_foreign(sb, f->cause ? f->cause : "", false);
    sb_addf(sb, "%s\n", style_code(st, C_RESET));
    add_list(sb, st, "symptoms", f->symptoms.v, f->symptoms.n);
    add_list(sb, st, "evidence", f->evidence.v, f->evidence.n);
    sb_addf(sb, "   %s%s:%s ", style_code(st, C_GREEN),
            f->remedy == REMEDY_DEPLOY ? "fix (doctor --fix does it)" : "fix by hand",
            style_code(st, C_RESET));
    sb_foreign(sb, f->fix ? f->fix : "", false);
    sb_addc(sb, '\n');
}

void print_findings(FILE *f, const struct style *st, const struct doctor_report *r)
{
    autosb struct strbuf sb = {0};
    for (size_t i = 0; i < r->findings.n; i++) {
        add_finding(&sb, st, r->findings.v[i], i + 1);
        sb_addc(&sb, '\n');
    }
    if (r->unexplained.n) {
        sb_addf(&sb, "%s%s%s\n", style_code(st, C_YELLOW),
                r->findings.n ? "Failing too, and not explained by the above:"
                              : "Failing, and no rule knows why:",
                style_code(st, C_RESET));
        for (size_t i = 0; i < r->unexplained.n; i++) {
            sb_add(&sb, "  ");
            sb_foreign(&sb, r->unexplained.v[i], false);
            sb_addc(&sb, '\n');
        }
        sb_addc(&sb, '\n');
    }
    if (r->laxer.n)
        sb_add(&sb, "Laxer than the defaults, as the inventory asks:\n");
    for (size_t i = 0; i < r->laxer.n; i++)
        sb_addf(&sb, "  %s\n%s", r->laxer.v[i].text, i + 1 == r->laxer.n ? "\n" : "");
    fputs(sb_str(&sb), f);
}

void print_findings_total(FILE *f, const struct doctor_report *r)
{
    fprintf(f, "Looked at %zu of %zu host%s, by %zu rules and %zu checks: ", r->hosts_asked,
            r->hosts, r->hosts == 1 ? "" : "s", r->rules, r->checks);
    if (!r->findings.n && !r->unexplained.n) {
        fputs("nothing is wrong.\n", f);
        return;
    }
    fprintf(f, "%zu cause%s", r->findings.n, r->findings.n == 1 ? "" : "s");
    if (r->unexplained.n)
        fprintf(f, ", %zu failure%s unexplained", r->unexplained.n,
                r->unexplained.n == 1 ? "" : "s");
    fputs(".\n", f);
}

static void json_list(struct strbuf *sb, const char *key, const char *const *list, size_t n)
{
    json_open(sb, key, '[');
    for (size_t i = 0; i < n; i++)
        json_text(sb, NULL, list[i]);
    json_close(sb, ']');
}

void print_findings_json(FILE *f, const struct doctor_report *r, bool after_fix)
{
    autosb struct strbuf sb = {0};
    for (size_t i = 0; i < r->findings.n; i++) {
        const struct finding *x = r->findings.v[i];
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "finding");
        json_bool(&sb, "after_fix", after_fix);
        json_text(&sb, "id", x->id);
        json_text(&sb, "host", x->host);
        json_text(&sb, "cause", x->cause);
        json_list(&sb, "symptoms", x->symptoms.v, x->symptoms.n);
        json_list(&sb, "evidence", x->evidence.v, x->evidence.n);
        json_text(&sb, "fix", x->fix);
        json_text(&sb, "remedy", x->remedy == REMEDY_DEPLOY ? "deploy" : "manual");
        json_line(&sb, f);
    }
    for (size_t i = 0; i < r->unexplained.n; i++) {
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "unexplained");
        json_bool(&sb, "after_fix", after_fix);
        json_text(&sb, "text", r->unexplained.v[i]);
        json_line(&sb, f);
    }
    for (size_t i = 0; i < r->laxer.n; i++) {
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "laxer");
        json_text(&sb, "id", r->laxer.v[i].id);
        json_text(&sb, "text", r->laxer.v[i].text);
        json_line(&sb, f);
    }
}
