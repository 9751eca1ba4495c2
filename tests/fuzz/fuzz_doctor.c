/*
 * All rules over what hosts say: "N TAG LINE" is evidence of host N (0 to 4), "N! RECORD" a record
 * of its live state. The cluster is the one of the unit tests.
 */
#include "../unit/verify/fake.h"
#include "doctor/rule.h"
#include "fuzz.h"

static void found_one(const struct finding *f)
{
    HOLDS(f->id && f->cause && *f->cause && f->fix && *f->fix);
    HOLDS(fuzz_is_safe(f->cause) && fuzz_is_safe(f->fix));
    HOLDS(f->evidence.n + f->symptoms.n > 0);
    for (size_t i = 0; i < f->evidence.n; i++)
        HOLDS(fuzz_is_safe(f->evidence.v[i]));
    for (size_t i = 0; i < f->symptoms.n; i++)
        HOLDS(fuzz_is_safe(f->symptoms.v[i]));
}

static void say(struct exam *x, char *line)
{
    unsigned host = (unsigned)(*line - '0');
    if (host >= FAKE_HOSTS)
        return;
    if (line[1] == '!' && line[2] == ' ')
        live_record(&x->live.hosts[host], line + 3);
    else if (line[1] == ' ')
        exam_record(&x->hosts[host], line + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct doctor_options options = {0};
    struct doctor_report report = {0};
    struct exam x;
    autofree char *text = fuzz_text(data, size);
    const char *rest = text;
    if (!fake.cluster.n_hosts) {
        fake_reset();
        fake.cluster.nfs = (struct nfs){.export_path = "/nfs/web",
                                        .mount_path = "/srv/web",
                                        .mount_options = "rw,hard,_netdev",
                                        .export_options = "rw,sync"};
    }
    exam_init(&x, NULL, &options, &report);
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        fake.results[i].facts.interface = "eth0";
        x.hosts[i].asked = true;
    }
    for (char *line; (line = fuzz_line(&rest)); free(line))
        say(&x, line);
    exam_run(&x, rule_sets);
    exam_conclude(&x);
    for (size_t i = 0; i < report.findings.n; i++)
        found_one(report.findings.v[i]);
    for (size_t i = 0; i < report.unexplained.n; i++)
        HOLDS(fuzz_is_safe(report.unexplained.v[i]));
    exam_free(&x);
    doctor_free(&report);
    return 0;
}
