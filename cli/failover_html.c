#include "cli/failover_html.h"

#include "base/quote.h"
#include "cli/failover_page.h"
#include "cli/outfile.h"
#include "cli/term.h"

void page_text(struct strbuf *out, const char *s)
{
    autosb struct strbuf clean = {0};
    sb_foreign(&clean, s ? s : "", false);
    quote_xml(out, sb_str(&clean));
}

void page_cell(struct strbuf *out, const char *label, const char *text)
{
    sb_addf(out, "<td data-l=\"%s\">", label);
    page_text(out, text);
    sb_add(out, "</td>");
}

void page_duration_cell(struct strbuf *out, const char *label, int64_t us)
{
    autosb struct strbuf text = {0};
    sb_duration(&text, us);
    page_cell(out, label, sb_str(&text));
}

void page_badge(struct strbuf *out, enum trial_verdict v)
{
    static const char *const kinds[] = {
        [TRIAL_PASS] = "pass",
        [TRIAL_OVER] = "fail",
        [TRIAL_FAILED] = "fail",
        [TRIAL_SKIPPED] = "none",
    };
    sb_addf(out, "<span class=\"badge %s\">%s</span>", kinds[v], verdict_name(v));
}

/* Nothing may be fetched or run; only the page's own style counts. */
static void add_top(struct strbuf *out, const struct failover_report *r)
{
    sb_add(out,
           "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
           "<meta charset=\"utf-8\"/>\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
           "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"/>\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
           "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
           "<meta name=\"referrer\" content=\"no-referrer\"/>\n<title>Failover test of ");
    page_text(out, r->cluster);
    sb_addf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n", failover_css);
}

static void add_method(struct strbuf *out, const struct failover_report *r)
{
    sb_add(out, "<section class=\"method\"><h2>How this was measured</h2>\n<dl>\n");
    sb_addf(out,
            "<dt>An open loop</dt><dd>Request <i>i</i> is due <i>i</i>/%u s after the start, "
            "whatever became of those before it. A slow answer does not slow the load, and "
            "what a client waits counts from when its request was due, not from when it could "
            "be sent.</dd>\n",
            r->rate);
    sb_add(out,
           "<dt>A fresh connection each</dt><dd>Every request opens a connection of its own, as "
           "a new client would: nothing is kept alive, nothing is tried again.</dd>\n"
           "<dt>Lost</dt><dd>A request that got no good answer: refused, reset, unreachable, "
           "answered wrongly, or not completely answered ");
    sb_duration(out, (int64_t)r->timeout_ms * 1000);
    sb_add(out, " after it was due. A slow answer is not lost; it shows as latency.</dd>\n"
                "<dt>Outage</dt><dd>From when the first lost request was due to when the last one "
                "was, plus one interval, which is what can be told apart: ");
    sb_duration(out, r->rate ? 1000000 / r->rate : 0);
    sb_add(out,
           ". Half a second of good answers ends a spell of losses; the spells add up. Where good "
           "answers came within a spell, only a part of the clients saw it.</dd>\n"
           "<dt>Times of marks</dt><dd>The fault is timed by the clock of the host that had it, "
           "compared with this one over the network; \xc2\xb1 is how far off that may be. A "
           "move of the VIP is this machine\xe2\x80\x99s own neighbour entry changing.</dd>\n"
           "<dt>Predicted</dt><dd>From the timers of the configuration in force, for a fault "
           "that may hit them at any phase. Not from these measurements.</dd>\n"
           "<dt>Medians</dt><dd>Over the rounds that were carried out; what was skipped or "
           "failed has no part in them.</dd>\n</dl></section>\n");
}

void failover_html(struct strbuf *out, const struct failover_report *r)
{
    add_top(out, r);
    page_head(out, r);
    if (r->summaries.n)
        page_table(out, r);
    for (size_t i = 0; i < r->summaries.n; i++)
        page_section(out, r, &r->summaries.v[i]);
    add_method(out, r);
    sb_add(out, "</main>\n<footer>clusterctl failover-test</footer>\n</body>\n</html>\n");
}

int failover_write_html(const char *path, const struct failover_report *r, struct err *e)
{
    autosb struct strbuf out = {0};
    failover_html(&out, r);
    return outfile_write(path, sb_str(&out), out.len, e);
}
