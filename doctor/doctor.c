/* An examination: checks, a look at what is live, one question to every host, and the rules. */
#include "doctor/doctor.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "doctor/rule.h"
#include "engine/script.h"

/* each TAG: a record for every line of standard input, which is read to its end. */
static const char functions[] = "each() {\n"
                                "  n=0\n"
                                "  while IFS= read -r l || [ -n \"$l\" ]; do\n"
                                "    [ \"$n\" -lt 1000 ] && r \"$1\" \"$l\"\n"
                                "    n=$((n + 1))\n"
                                "  done\n"
                                "}\n";

static void question(struct script *s, const struct host_result *hr, void *ud)
{
    struct exam *x = ud;
    struct timespec ts;
    exam_forget(exam_host(x, hr->host));
    script_add(s, functions);
    script_add(s, "r now \"$(date +%s%N)\"\n");
    for (size_t i = 0; rule_sets[i]; i++) {
        if (!rule_sets[i]->gather)
            continue;
        script_add(s, "(\n:\n");
        rule_sets[i]->gather(s, hr);
        script_add(s, "\n) </dev/null 2>/dev/null\n");
    }
    script_add(s, "r complete\n");
    clock_gettime(CLOCK_REALTIME, &ts);
    exam_host(x, hr->host)->asked_at_us =
        (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int answer(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    struct exam *x = ud;
    (void)e;
    exam_record(&x->hosts[hr->host->index_in_cluster], value);
    return 0;
}

/* A host that does not answer is not the question's failure: the report will say so. */
static int ask_hosts(struct exam *x, struct err *e)
{
    struct remote_query q = {.fragment = question, .record = answer, .ud = x, .insist = true};
    struct err silent = {0};
    if (run_query(x->run, &q, &silent) < 0 && silent.code == ERR_INTERRUPTED) {
        *e = silent;
        return -1;
    }
    return 0;
}

void exam_run(struct exam *x, const struct rule_set *const *sets)
{
    for (; *sets; sets++) {
        for (const struct rule *rule = (*sets)->rules; rule->id; rule++) {
            x->rule = rule;
            rule->run(x);
            x->report->rules++;
        }
    }
    x->rule = NULL;
}

/* Multicast adverts queue in the kernel while all else is asked. -1: not on this link, or not root. */
static int begin_to_listen(struct exam *x)
{
    struct route via;
    struct err e = {0};
    if (route_get(&x->cluster->vips[0], &via, &e) < 0 || !via.on_link)
        return -1;
    memcpy(x->heard_on, via.ifname, sizeof x->heard_on);
    return vrrp_listen(&via, &e);
}

static void end_listening(struct exam *x, int fd)
{
    if (fd < 0)
        return;
    x->n_adverts = vrrp_heard(fd, x->adverts);
    close(fd);
}

static int ask(struct exam *x, struct verify_report *checks, struct err *e)
{
    struct verify_options vo = {.cancel = x->options->cancel};
    int fd = begin_to_listen(x);
    bool all = verify_cluster(x->run, &vo, checks, e) == 0 &&
               live_refresh(&x->live, x->run, e) == 0 && ask_hosts(x, e) == 0;
    end_listening(x, fd);
    return all ? 0 : -1;
}

static int examine(struct exam *x, struct verify_report *checks, struct err *e)
{
    if (ask(x, checks, e) < 0)
        return -1;
    x->checks = checks;
    exam_run(x, rule_sets);
    if (ssh_cancelled(x->options->cancel, 0))
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    exam_conclude(x);
    exam_laxer(x);
    x->report->checks = checks->results.n;
    x->report->hosts = x->n_hosts;
    for (size_t i = 0; i < x->n_hosts; i++)
        x->report->hosts_asked += x->hosts[i].asked;
    return 0;
}

int doctor_examine(struct run *r, const struct doctor_options *o, struct doctor_report *out,
                   struct err *e)
{
    *out = (struct doctor_report){0};
    struct verify_report checks = {0};
    struct exam x;
    exam_init(&x, r, o, out);
    int rc = examine(&x, &checks, e);
    exam_free(&x);
    verify_free(&checks);
    return rc;
}

void doctor_free(struct doctor_report *report)
{
    for (size_t i = 0; i < report->findings.n; i++) {
        vec_free(&report->findings.v[i]->symptoms);
        vec_free(&report->findings.v[i]->evidence);
    }
    vec_free(&report->findings);
    vec_free(&report->unexplained);
    vec_free(&report->laxer);
    arena_free(&report->arena);
    *report = (struct doctor_report){0};
}
