#include "cli/verifying.h"

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
    struct verify_options o = {.settle_ms = now->settle_ms};
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

void verified_print_claim(const struct verified *v, FILE *f)
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
    fprintf(f, " Verified: %zu checks passed.", v->report.passed);
    for (size_t i = 0; i < v->report.results.n; i++) {
        const struct check_result *c = &v->report.results.v[i];
        if (c->status == CHECK_PASS && c->subject && strncmp(c->subject, "http://", 7) == 0)
            fprintf(f, " %s is served.", c->subject);
    }
}

void verified_free(struct verified *v)
{
    verify_report_free(&v->report);
}
