#include "cli/verifying.h"

#include <stdio.h>
#include <string.h>

#include "cli/render_verify.h"

int verifying_run(struct session *s, struct verified *v, const struct verify_now *now,
                  struct err *e)
{
    const struct args *a = &s->in->args;
    struct err look = {0};
    if (now->observe && session_pass(s, RUN_OBSERVE, PASS_VERIFY, &look) < 0 &&
        look.code == ERR_INTERRUPTED) {
        *e = look;
        return -1;
    }
    if (!a->quiet && a->output == OUTPUT_TEXT)
        report_note(&s->in->err, "verifying the cluster");
    struct verify_options o = {.settle_ms = now->settle_ms,
                               .requests = a->requests,
                               .monitoring = now->monitoring,
                               .monitoring_settle_ms = now->monitoring_settle_ms,
                               .cancel = &s->cancel};
    if (verify_cluster(s->run, &o, &v->report, e) < 0)
        return -1;
    v->done = true;
    v->ok = v->report.failed == 0 && look.code == ERR_NONE;
    *e = look;
    if (look.code == ERR_NONE && v->report.failed)
        e->code = ERR_FAILED;
    return v->ok ? 0 : -1;
}

void verified_print_failures(const struct verified *v, const struct style *st, FILE *f)
{
    if (v->done && v->report.failed)
        print_checks(f, st, &v->report, true);
}

/* "10.1.1.140" or "[fd00::1]" */
static const char *bracketed(const struct ipaddr *a, char buf[static IPADDR_STRLEN + 2])
{
    char ip[IPADDR_STRLEN];
    snprintf(buf, IPADDR_STRLEN + 2, a->family == AF_INET6 ? "[%s]" : "%s", ipaddr_str(a, ip));
    return buf;
}

/* Have pages come through the service's VIP? */
static bool is_served(const struct verified *v, const struct service *s)
{
    char subject[IPADDR_STRLEN + 16], ip[IPADDR_STRLEN + 2];
    snprintf(subject, sizeof subject, "%s:%u/tcp", bracketed(&s->vip, ip), s->port);
    for (size_t i = 0; i < v->report.results.n; i++) {
        const struct check_result *c = &v->report.results.v[i];
        if (c->status == CHECK_PASS && strcmp(c->id, "http.vip") == 0 &&
            strcmp(c->subject, subject) == 0)
            return true;
    }
    return false;
}

static void print_url(FILE *f, const struct service *s)
{
    char ip[IPADDR_STRLEN + 2];
    fprintf(f, " http://%s", bracketed(&s->vip, ip));
    if (s->port != 80)
        fprintf(f, ":%u", s->port);
    fputs("/ is served.", f);
}

void verified_print_claim(const struct verified *v, const struct cluster *c, FILE *f)
{
    if (!v->done || v->report.results.n == 0) {
        fputs(" Not verified.", f);
        return;
    }
    if (!v->ok) {
        fprintf(f, " Verification: %zu of %zu checks failed.", v->report.failed,
                v->report.results.n);
        return;
    }
    fprintf(f, " Verified: %zu checks passed", v->report.passed);
    if (v->report.skipped)
        fprintf(f, ", %zu skipped (see clusterctl verify)", v->report.skipped);
    fputc('.', f);
    for (size_t i = 0; i < c->n_services; i++)
        if (is_served(v, &c->services[i]))
            print_url(f, &c->services[i]);
}

void verified_free(struct verified *v)
{
    verify_free(&v->report);
}
