#include "cli/render_metrics.h"

#include "base/quote.h"

static void label(struct strbuf *out, const char *name, const char *value)
{
    sb_addf(out, "%s=", name);
    quote_label(out, value);
}

static void head(struct strbuf *out, const char *name, const char *help)
{
    sb_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void seconds(struct strbuf *out, int64_t ms)
{
    sb_addf(out, " %lld.%03lld\n", (long long)(ms / 1000), (long long)(ms % 1000));
}

static void check(struct strbuf *out, const char *name, const char *cluster,
                  const struct check_result *c)
{
    sb_addf(out, "%s{", name);
    label(out, "cluster", cluster);
    sb_addc(out, ',');
    label(out, "check", c->id);
    sb_addc(out, ',');
    label(out, "subject", c->subject ? c->subject : "");
    sb_addc(out, '}');
}

static void of_cluster(struct strbuf *out, const char *name, const char *cluster)
{
    sb_addf(out, "%s{", name);
    label(out, "cluster", cluster);
    sb_addc(out, '}');
}

static void count(struct strbuf *out, const char *cluster, const char *status, size_t n)
{
    sb_add(out, "clusterctl_checks{");
    label(out, "cluster", cluster);
    sb_addf(out, ",status=\"%s\"} %zu\n", status, n);
}

/* A check that was skipped has neither passed nor failed: it has no sample of its own. */
void metrics_of_checks(struct strbuf *out, const char *cluster, const struct verify_report *r,
                       int64_t now_s, int64_t elapsed_ms)
{
    head(out, "clusterctl_check_passed",
         "1 where the check passed, 0 where it failed; none: skipped.");
    for (size_t i = 0; i < r->results.n; i++) {
        const struct check_result *c = &r->results.v[i];
        if (c->status == CHECK_SKIP)
            continue;
        check(out, "clusterctl_check_passed", cluster, c);
        sb_add(out, c->status == CHECK_PASS ? " 1\n" : " 0\n");
    }
    head(out, "clusterctl_check_duration_seconds", "How long the check took.");
    for (size_t i = 0; i < r->results.n; i++) {
        check(out, "clusterctl_check_duration_seconds", cluster, &r->results.v[i]);
        seconds(out, r->results.v[i].elapsed_ms);
    }
    head(out, "clusterctl_checks", "How many checks passed, failed and were skipped.");
    count(out, cluster, "passed", r->passed);
    count(out, cluster, "failed", r->failed);
    count(out, cluster, "skipped", r->skipped);
    head(out, "clusterctl_verify_timestamp_seconds", "When the checks had been made.");
    of_cluster(out, "clusterctl_verify_timestamp_seconds", cluster);
    sb_addf(out, " %lld\n", (long long)now_s);
    head(out, "clusterctl_verify_duration_seconds", "How long connecting and all checks took.");
    of_cluster(out, "clusterctl_verify_duration_seconds", cluster);
    seconds(out, elapsed_ms);
}
