/* The top of the report: what a reader must know in ten seconds, and what was tested. */
#include "cli/failover_page.h"

#include <stdio.h>

/* What the trials came to, all together. */
struct totals {
    size_t scenarios, tried, passed, failed, skipped, over; /* scenarios */
    size_t trials, trials_passed;                           /* those that were not skipped */
    size_t requests, lost;
    size_t planned, planned_lost; /* trials, requests */
    const struct trial *worst;    /* by outage, failed ones too: clients saw it; NULL: no load */
};

static void add_trial(struct totals *n, const struct trial *t)
{
    if (t->verdict == TRIAL_SKIPPED)
        return;
    n->trials++;
    n->trials_passed += t->verdict == TRIAL_PASS;
    n->requests += t->measured.requests;
    n->lost += t->measured.lost;
    if (t->scenario->planned) {
        n->planned++;
        n->planned_lost += t->measured.lost;
    }
    if (t->measured.requests && (!n->worst || t->measured.outage_us > n->worst->measured.outage_us))
        n->worst = t;
}

static struct totals count(const struct failover_report *r)
{
    struct totals n = {.scenarios = r->summaries.n};
    for (size_t i = 0; i < r->trials.n; i++)
        add_trial(&n, r->trials.v[i]);
    for (size_t i = 0; i < r->summaries.n; i++) {
        size_t *const of_verdict[] = {
            [TRIAL_PASS] = &n.passed,
            [TRIAL_OVER] = &n.over,
            [TRIAL_FAILED] = &n.failed,
            [TRIAL_SKIPPED] = &n.skipped,
        };
        ++*of_verdict[summary_verdict(&r->summaries.v[i])];
    }
    n.tried = n.scenarios - n.skipped;
    return n;
}

/* 45300 as 45,300. */
static void add_count(struct strbuf *out, size_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%zu", n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            sb_addc(out, ',');
        sb_addc(out, digits[i]);
    }
}

static void headline(struct strbuf *out, const struct failover_report *r, const struct totals *n)
{
    if (!n->tried)
        sb_add(out, "Nothing was tested");
    else if (n->failed)
        sb_addf(out, "%zu of %zu scenarios failed", n->failed, n->tried);
    else if (n->over)
        sb_addf(out, "%zu of %zu scenarios cost more than the budget allows", n->over, n->tried);
    else if (n->tried == 1)
        sb_add(out, "The cluster came through within its budget");
    else
        sb_addf(out, "The cluster came through all %zu scenarios within its budget", n->tried);
    if (r->interrupted)
        sb_add(out, n->failed || n->over || !n->tried ? "; the test was interrupted"
                                                      : " before the test was interrupted");
}

/* Which scenarios came to this verdict, as links. */
static void name_scenarios(struct strbuf *out, const struct failover_report *r,
                           enum trial_verdict v, const char *what)
{
    const char *before = what, *last = "";
    for (size_t i = 0; i < r->summaries.n; i++) {
        const char *name = r->summaries.v[i].scenario->name;
        if (summary_verdict(&r->summaries.v[i]) != v)
            continue;
        sb_addf(out, "%s<a href=\"#%s\">%s</a>", before, name, name);
        before = ", ";
        last = ".";
    }
    sb_add(out, last);
}

static void lead(struct strbuf *out, const struct failover_report *r, const struct totals *n)
{
    sb_addf(out, "<p class=\"lead\">%zu fault%s made on purpose, while ", n->trials,
            n->trials == 1 ? " was" : "s were");
    add_count(out, r->rate);
    sb_add(out, " requests a second went to <span class=\"mono\">");
    page_text(out, r->url);
    sb_add(out, "</span>, each on a connection of its own.");
    if (n->worst && n->worst->measured.lost) {
        sb_add(out, " The longest that clients saw errors was <b>");
        sb_duration(out, n->worst->measured.outage_us);
        sb_addf(out, "</b> (<a href=\"#%s\">%s</a>).", n->worst->scenario->name,
                n->worst->scenario->name);
    } else if (n->worst) {
        sb_add(out, " Not one of them was lost.");
    }
    name_scenarios(out, r, TRIAL_FAILED, " Failed: ");
    name_scenarios(out, r, TRIAL_OVER, " Over budget: ");
    name_scenarios(out, r, TRIAL_SKIPPED, " Skipped: ");
    sb_add(out, "</p>\n");
}

static void tile(struct strbuf *out, const char *what, const char *value, const char *rest,
                 bool good)
{
    sb_addf(
        out,
        "<div class=\"tile\"><dt>%s</dt><dd><b class=\"%s\">%s</b> <span>%s</span></dd></div>\n",
        what, good ? "good" : "bad", value, rest);
}

static void tiles(struct strbuf *out, const struct failover_report *r, const struct totals *n)
{
    autosb struct strbuf value = {0}, rest = {0};
    sb_add(out, "<dl class=\"tiles\">\n");
    sb_duration(&value, n->worst ? n->worst->measured.outage_us : -1);
    sb_add(&rest, "of ");
    sb_duration(&rest, r->budget_us);
    sb_add(&rest, " allowed");
    tile(out, "Worst outage", sb_str(&value), sb_str(&rest),
         n->worst && n->worst->measured.outage_us <= r->budget_us);
    sb_reset(&value), sb_reset(&rest);
    add_count(&value, n->lost);
    sb_add(&rest, "of ");
    add_count(&rest, n->requests);
    tile(out, "Requests lost", sb_str(&value), sb_str(&rest), n->over + n->failed == 0);
    sb_reset(&value), sb_reset(&rest);
    add_count(&value, n->planned_lost);
    sb_addf(&rest, "in %zu planned trial%s", n->planned, n->planned == 1 ? "" : "s");
    if (n->planned)
        tile(out, "Lost by planned work", sb_str(&value), sb_str(&rest), n->planned_lost == 0);
    sb_reset(&value), sb_reset(&rest);
    add_count(&value, n->trials_passed);
    sb_addf(&rest, "of %zu", n->trials);
    tile(out, "Trials passed", sb_str(&value), sb_str(&rest), n->trials_passed == n->trials);
    sb_add(out, "</dl>\n");
}

static void fact(struct strbuf *out, const char *what, const char *value)
{
    if (!value || !*value)
        return;
    sb_addf(out, "<div><dt>%s</dt><dd>", what);
    page_text(out, value);
    sb_add(out, "</dd></div>\n");
}

static void facts(struct strbuf *out, const struct failover_report *r)
{
    autosb struct strbuf load = {0}, budget = {0}, drifted = {0};
    sb_addf(&load, "%u requests a second, each given up after ", r->rate);
    sb_duration(&load, (int64_t)r->timeout_ms * 1000);
    if (r->repeat > 1)
        sb_addf(&load, "; %u rounds of each scenario", r->repeat);
    sb_duration(&budget, r->budget_us);
    sb_add(&budget, " of outage; planned work may lose nothing");
    sb_add(out, "<dl class=\"facts\">\n");
    fact(out, "Cluster", r->cluster);
    fact(out, "Virtual IP", r->vip);
    fact(out, r->drifted ? "Inventory" : "In force", r->timers);
    if (r->drifted)
        sb_addf(&drifted, "%s: keepalived has another configuration there", r->drifted);
    fact(out, "Drifted", sb_str(&drifted));
    fact(out, "Load", sb_str(&load));
    fact(out, "Budget", sb_str(&budget));
    fact(out, "Began", r->began);
    sb_add(out, "</dl>\n");
}

void page_head(struct strbuf *out, const struct failover_report *r)
{
    struct totals n = count(r);
    const char *kind = !n.tried || r->interrupted ? "none" : "pass";
    if (n.failed || n.over)
        kind = "fail";
    sb_addf(out, "<header class=\"%s\"><p class=\"kicker\">Failover test \xc2\xb7 ", kind);
    page_text(out, r->cluster);
    sb_add(out, "</p>\n<h1>");
    headline(out, r, &n);
    sb_add(out, "</h1>\n");
    if (n.tried)
        lead(out, r, &n);
    sb_add(out, "</header>\n");
    if (n.tried)
        tiles(out, r, &n);
    facts(out, r);
}
