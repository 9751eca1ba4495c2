#include "cli/render_verify.h"

#include <string.h>

#include "base/quote.h"
#include "cli/json_out.h"

static const char *status_name(enum check_status s)
{
    return s == CHECK_PASS ? "pass" : s == CHECK_FAIL ? "fail" : "skip";
}

static void add_detail(struct strbuf *sb, const struct style *st, const char *what,
                       const char *text)
{
    if (!text || !*text)
        return;
    sb_addf(sb, "     %s%s:%s ", style_code(st, C_CYAN), what, style_code(st, C_RESET));
    sb_foreign(sb, text, false);
    sb_addc(sb, '\n');
}

static void add_check(struct strbuf *sb, const struct style *st, const struct check_result *c,
                      size_t id_width)
{
    static const char *const words[] = {"PASS", "FAIL", "SKIP"};
    static const enum color colors[] = {C_GREEN, C_RED, C_YELLOW};
    sb_addf(sb, "%s%s%s %-*s  ", style_code(st, colors[c->status]), words[c->status],
            style_code(st, C_RESET), (int)id_width, c->id);
    sb_foreign(sb, c->subject && *c->subject ? c->subject : c->title, false);
    const char *rest = c->status == CHECK_SKIP ? c->reason : c->evidence;
    if (rest && *rest) {
        sb_add(sb, ": ");
        sb_foreign(sb, rest, false);
    }
    sb_addc(sb, '\n');
    if (c->status == CHECK_FAIL)
        add_detail(sb, st, "reason", c->reason);
    if (c->status != CHECK_PASS)
        add_detail(sb, st, "hint", c->hint);
}

void print_checks(FILE *f, const struct style *st, const struct verify_report *r, bool failed_only)
{
    autosb struct strbuf sb = {0};
    size_t width = 0;
    for (size_t i = 0; i < r->results.n; i++)
        if (strlen(r->results.v[i].id) > width)
            width = strlen(r->results.v[i].id);
    for (size_t i = 0; i < r->results.n; i++)
        if (!failed_only || r->results.v[i].status == CHECK_FAIL)
            add_check(&sb, st, &r->results.v[i], width);
    fputs(sb_str(&sb), f);
}

void print_checks_total(FILE *f, const struct verify_report *r)
{
    fprintf(f, "%zu check%s: %zu passed, %zu failed, %zu skipped.\n", r->results.n,
            r->results.n == 1 ? "" : "s", r->passed, r->failed, r->skipped);
}

void print_checks_json(FILE *f, const struct verify_report *r)
{
    for (size_t i = 0; i < r->results.n; i++) {
        const struct check_result *c = &r->results.v[i];
        autosb struct strbuf sb = {0};
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "check");
        json_text(&sb, "id", c->id);
        json_text(&sb, "title", c->title);
        json_text(&sb, "subject", c->subject);
        json_text(&sb, "status", status_name(c->status));
        json_text(&sb, "evidence", c->evidence);
        json_text(&sb, "reason", c->reason);
        json_text(&sb, "hint", c->hint);
        json_number(&sb, "elapsed_ms", c->elapsed_ms);
        json_line(&sb, f);
    }
}

static void add_attribute(struct strbuf *sb, const char *name, const char *value)
{
    autosb struct strbuf clean = {0};
    sb_foreign(&clean, value ? value : "", true);
    sb_addf(sb, " %s=\"", name);
    quote_xml(sb, sb_str(&clean));
    sb_addc(sb, '"');
}

static void add_testcase(struct strbuf *sb, const struct check_result *c)
{
    autosb struct strbuf name = {0};
    sb_addf(&name, "%s%s%s", c->id, c->subject && *c->subject ? " " : "",
            c->subject ? c->subject : "");
    sb_add(sb, "  <testcase classname=\"clusterctl.verify\"");
    add_attribute(sb, "name", sb_str(&name));
    sb_addf(sb, " time=\"%lld.%03lld\"", (long long)c->elapsed_ms / 1000,
            (long long)c->elapsed_ms % 1000);
    sb_add(sb, ">\n");
    if (c->status != CHECK_PASS) {
        sb_addf(sb, "    <%s", c->status == CHECK_FAIL ? "failure" : "skipped");
        add_attribute(sb, "message", c->reason);
        sb_add(sb, "/>\n");
    }
    if (c->evidence && *c->evidence) {
        autosb struct strbuf clean = {0};
        sb_foreign(&clean, c->evidence, true);
        sb_add(sb, "    <system-out>");
        quote_xml(sb, sb_str(&clean));
        sb_add(sb, "</system-out>\n");
    }
    sb_add(sb, "  </testcase>\n");
}

void print_checks_junit(FILE *f, const struct cluster *c, const struct verify_report *r)
{
    autosb struct strbuf sb = {0};
    int64_t total = 0;
    for (size_t i = 0; i < r->results.n; i++)
        total += r->results.v[i].elapsed_ms;
    sb_add(&sb, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite");
    add_attribute(&sb, "name", c->name);
    sb_addf(&sb, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"", r->results.n,
            r->failed, r->skipped);
    sb_addf(&sb, " time=\"%lld.%03lld\">\n", (long long)total / 1000, (long long)total % 1000);
    for (size_t i = 0; i < r->results.n; i++)
        add_testcase(&sb, &r->results.v[i]);
    sb_add(&sb, "</testsuite>\n");
    fputs(sb_str(&sb), f);
}
