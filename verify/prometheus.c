#include "verify/prometheus.h"

#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "inventory/monitoring.h"

/*
 * One query for both: they differ by their labels. promtool comes with Prometheus, where a host
 * need not have curl. What it prints of an instant query (promql format), a line each:
 *
 *   {host="Web01-RS", job="node"} => 1 @[1795678306.415]
 */
static const char query[] =
    "max by (job, host) (up) or "
    "max by (alertname, host, service, vip) (ALERTS{alertstate=\"firing\"})";

static const char functions[] =
    "pm_tell() {\n"
    "  command -v promtool >/dev/null || { r prometheus_error promtool is not there; return; }\n"
    "  if o=$(timeout 10 promtool query instant \"$1\" \"$2\" 2>&1); then\n"
    "    printf '%s\\n' \"$o\" | while IFS= read -r l; do [ -z \"$l\" ] || r prometheus \"$l\"; "
    "done\n"
    "    r prometheus_end\n"
    "  else printf '%s\\n' \"$o\" | { IFS= read -r l; r prometheus_error \"$l\"; }; fi\n"
    "}\n";

void prometheus_ask(struct script *s)
{
    script_add(s, functions);
    script_addf(s, "pm_tell http://127.0.0.1:%d", PROMETHEUS_PORT);
    script_arg(s, query);
    script_add(s, "\n");
}

/* A string in double quotes, as Go's strconv.Quote writes it; *p is left behind it. */
static const char *quoted(struct arena *a, const char **p)
{
    autosb struct strbuf text = {0};
    const char *s = *p;
    if (*s++ != '"')
        return NULL;
    for (; *s && *s != '"'; s++) {
        if (*s == '\\' && s[1])
            s++;
        sb_addc(&text, *s);
    }
    if (*s != '"')
        return NULL;
    *p = s + 1;
    return arena_strdup(a, sb_str(&text));
}

struct label {
    const char *name, *value;
};

static const char *label(const struct label *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i].name, name))
            return list[i].value;
    return NULL;
}

/* "{a="b", c="d"} => 1 @[...]": how many labels, or -1; *value is the number. */
static int split(struct arena *a, const char *s, struct label *list, size_t max, double *value)
{
    size_t n = 0;
    char *end;
    if (*s++ != '{')
        return -1;
    while (*s && *s != '}') {
        size_t len = strcspn(s, "=\"}");
        if (s[len] != '=' || n == max)
            return -1;
        list[n].name = arena_strndup(a, s, len);
        s += len + 1;
        if (!(list[n++].value = quoted(a, &s)))
            return -1;
        s += strspn(s, ", ");
    }
    if (strncmp(s, "} => ", 5) != 0)
        return -1;
    *value = strtod(s + 5, &end);
    return end != s + 5 && *end == ' ' ? (int)n : -1;
}

static void take_sample(struct prometheus *p, struct arena *a, const char *line)
{
    enum { MAX_LABELS = 8 };
    struct label list[MAX_LABELS];
    double value;
    int n = split(a, line, list, MAX_LABELS, &value);
    const char *job = n < 0 ? NULL : label(list, (size_t)n, "job");
    const char *alert = n < 0 ? NULL : label(list, (size_t)n, "alertname");
    const char *host = n < 0 ? NULL : label(list, (size_t)n, "host");
    if (alert) {
        const char *service = label(list, (size_t)n, "service");
        *vec_push(&p->alerts) = (struct prometheus_alert){
            alert, host, service ? service : label(list, (size_t)n, "vip")};
    } else if (job) {
        *vec_push(&p->targets) = (struct prometheus_target){job, host ? host : "", value > 0};
    } else if (!p->bad) {
        p->bad = arena_strdup(a, line);
    }
}

void prometheus_record(struct prometheus *p, struct arena *a, const char *what, char *value)
{
    enum { ERROR_MAX = 200 };
    if (!strcmp(what, "prometheus")) {
        take_sample(p, a, value);
    } else if (!strcmp(what, "prometheus_error")) {
        autosb struct strbuf safe = {0};
        quote_terminal(&safe, value, strnlen(value, ERROR_MAX), false);
        p->error = arena_strdup(a, sb_str(&safe));
    } else if (!strcmp(what, "prometheus_end")) {
        p->read = true;
    }
}

void prometheus_free(struct prometheus *p)
{
    vec_free(&p->targets);
    vec_free(&p->alerts);
}
