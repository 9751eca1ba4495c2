/*
 * What hosts say while a fault is made, taken back and timed: records, a line each; "." parts the
 * answers, "!" breaks one off. What the engine would do stands here: its objects are not linked.
 */
#include "failover/fault.h"
#include "failover/tester.h"
#include "fuzz.h"
#include "fuzz_cluster.h"

static const char *says;
static struct host_result results[F_HOSTS];

int run_query_host(struct run *r, const struct host *h, const struct remote_query *q,
                   unsigned limit_ms, struct err *e)
{
    (void)r, (void)limit_ms;
    for (char *line; (line = fuzz_line(&says)); free(line)) {
        if (*line == '.' && !line[1])
            return free(line), 0;
        if (*line == '!' && !line[1]) /* the connection is lost */
            return free(line), err_set(e, ERR_UNREACHABLE, "lost");
        HOLDS(q->record(&results[h->index_in_cluster], line, q->ud, e) == 0);
    }
    return 0;
}

int run_query(struct run *r, const struct remote_query *q, struct err *e)
{
    return run_query_host(r, &fuzz_cluster()->hosts[F_LVS1], q, 0, e);
}

const struct cluster *run_cluster(const struct run *r)
{
    (void)r;
    return fuzz_cluster();
}

struct host_result *run_result_of(struct run *r, const struct host *h)
{
    (void)r;
    return &results[h->index_in_cluster];
}

void run_disconnect(struct run *r, const struct host *h)
{
    (void)r, (void)h;
}

void run_ignore_cancel(struct run *r)
{
    (void)r;
}

static void marks(const struct trial *t)
{
    for (size_t i = 0; i < t->marks.n; i++) {
        const struct mark *m = &t->marks.v[i];
        HOLDS(fuzz_is_safe(m->text) && mark_name(m->kind) && m->error_us >= 0);
        HOLDS(i == 0 || m->at_us >= t->marks.v[i - 1].at_us);
    }
}

static void make(const struct scenario *s, const struct host *h)
{
    struct failover_report report = {0};
    struct tester x = {.report = &report};
    struct trial t = {.scenario = s};
    struct fault f;
    struct err e = {0};
    const neigh_changes moves = {0};
    fault_init(&f, NULL, s, &fuzz_cluster()->services[0], h, 1000, &report.arena);
    int rc = fault_inject(&f, &e);
    HOLDS(rc == 0 || *e.msg);
    HOLDS(fuzz_is_safe(e.msg));
    e = (struct err){0};
    rc = fault_undo(&f, 0, &e);
    HOLDS(rc == 0 || *e.msg);
    for (size_t i = 0; i < f.n_sites; i++)
        HOLDS(fuzz_is_safe(f.sites[i].failed));
    marks_collect(&x, &t, &f, &moves, 0);
    marks(&t);
    vec_free(&t.marks);
    arena_free(&report.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum scenario_id tried[] = {DIRECTOR_KILL, DIRECTOR_ISOLATE, RS_STOP, NFS_STOP};
    const struct cluster *c = fuzz_cluster();
    if (!size)
        return 0;
    const struct scenario *s = &scenarios[tried[data[0] % ARRAY_LEN(tried)]];
    autofree char *text = fuzz_text(data + 1, size - 1);
    for (size_t i = 0; i < F_HOSTS; i++)
        results[i].host = &c->hosts[i];
    says = text;
    make(s, &c->hosts[s->target == TARGET_ACTIVE ? F_LVS1
                      : s->target == TARGET_NFS  ? F_NFS
                                                 : F_WEB1]);
    return 0;
}
