#include "base/quote.h"
#include "cli/failover_words.h"
#include "cli/render_failover.h"

/* What XML cannot carry has become \xNN first. */
static void add_xml(struct strbuf *sb, const char *text)
{
    autosb struct strbuf clean = {0};
    sb_foreign(&clean, text ? text : "", true);
    quote_xml(sb, sb_str(&clean));
}

static int64_t length_us(const struct trial *t)
{
    return t->log.n ? t->log.v[t->log.n - 1].due_us : 0;
}

static void add_time(struct strbuf *sb, int64_t us)
{
    sb_addf(sb, " time=\"%lld.%03lld\"", (long long)us / 1000000, (long long)us / 1000 % 1000);
}

static void add_verdict(struct strbuf *sb, const struct failover_report *r, const struct trial *t)
{
    static const char *const elements[] = {
        [TRIAL_OVER] = "failure",
        [TRIAL_FAILED] = "error",
        [TRIAL_SKIPPED] = "skipped",
    };
    if (t->verdict == TRIAL_PASS)
        return;
    autosb struct strbuf reason = {0};
    sb_reason(&reason, r, t);
    sb_addf(sb, "    <%s message=\"", elements[t->verdict]);
    add_xml(sb, sb_str(&reason));
    sb_add(sb, "\"/>\n");
}

/* The text rendering of the same trial. */
static void add_output(struct strbuf *sb, const struct failover_report *r, const struct trial *t)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        out_of_memory();
    failover_print_trial(f, &(struct style){.color = false}, r, t);
    if (fclose(f) != 0)
        out_of_memory();
    sb_add(sb, "    <system-out>");
    add_xml(sb, text);
    sb_add(sb, "</system-out>\n");
    xfree(text);
}

static void add_testcase(struct strbuf *sb, const struct failover_report *r, const struct trial *t)
{
    sb_addf(sb, "  <testcase classname=\"clusterctl.failover\" name=\"%s[%u]\"", t->scenario->name,
            t->round);
    add_time(sb, length_us(t));
    sb_add(sb, ">\n");
    add_verdict(sb, r, t);
    add_output(sb, r, t);
    sb_add(sb, "  </testcase>\n");
}

void failover_print_junit(FILE *f, const struct failover_report *r)
{
    autosb struct strbuf sb = {0};
    size_t counts[TRIAL_SKIPPED + 1] = {0};
    int64_t total = 0;
    for (size_t i = 0; i < r->trials.n; i++) {
        counts[r->trials.v[i]->verdict]++;
        total += length_us(r->trials.v[i]);
    }
    sb_add(&sb, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"");
    add_xml(&sb, r->cluster);
    sb_addf(&sb, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", r->trials.n,
            counts[TRIAL_OVER], counts[TRIAL_FAILED], counts[TRIAL_SKIPPED]);
    add_time(&sb, total);
    sb_add(&sb, ">\n");
    for (size_t i = 0; i < r->trials.n; i++)
        add_testcase(&sb, r, r->trials.v[i]);
    sb_add(&sb, "</testsuite>\n");
    fputs(sb_str(&sb), f);
}
