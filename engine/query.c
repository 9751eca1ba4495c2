/* Questions to hosts between the passes: on the sessions that these have opened. */
#include "base/clock.h"
#include "engine/run_state.h"

struct query_job {
    const struct remote_query *q;
    struct err *errs;
};

static int ask_once(struct run *r, struct worker *w, const struct remote_query *q, int64_t deadline,
                    struct err *e)
{
    if (!*w->ssh)
        *w->ssh = ssh_connect(w->hr->host, r->options.cancel, e);
    return *w->ssh ? worker_query(w, q, deadline, e) : -1;
}

static void query_host(struct run *r, size_t host, void *ud)
{
    struct query_job *job = ud;
    struct worker w = run_worker(r, host);
    struct err *e = &job->errs[host];
    if ((job->q->hosts && !job->q->hosts[host]) || !w.hr->reached || (!*w.ssh && !job->q->insist))
        return;
    /* An earlier question may have broken it: that one's failure is not this one's. */
    if (*w.ssh && !ssh_usable(*w.ssh))
        run_disconnect(r, w.hr->host);
    bool fresh = !*w.ssh;
    int64_t deadline = deadline_in(job->q->limit_ms ? job->q->limit_ms : WORKER_LOOK_MS);
    if (ask_once(r, &w, job->q, deadline, e) == 0 || fresh || !job->q->insist ||
        !worker_lost(&w, e))
        return;
    run_disconnect(r, w.hr->host);
    *e = (struct err){0};
    ask_once(r, &w, job->q, deadline, e);
}

int run_query(struct run *r, const struct remote_query *q, struct err *e)
{
    struct query_job job = {q, xcalloc(r->cluster->n_hosts, sizeof *job.errs)};
    int rc = run_parallel(r, query_host, &job, NULL, e);
    for (size_t i = 0; rc == 0 && i < r->cluster->n_hosts; i++) {
        if (job.errs[i].code == ERR_NONE)
            continue;
        *e = job.errs[i];
        rc = run_name_host(e, &r->cluster->hosts[i]);
    }
    xfree(job.errs);
    return rc;
}

int run_query_host(struct run *r, const struct host *h, const struct remote_query *q,
                   unsigned limit_ms, struct err *e)
{
    struct worker w = run_worker(r, h->index_in_cluster);
    int64_t deadline = deadline_in(limit_ms);
    if (!w.hr->reached)
        return err_set(e, ERR_UNREACHABLE, "%s was not reached", h->name);
    if (*w.ssh) {
        if (worker_query(&w, q, deadline, e) == 0)
            return 0;
        if (e->code != ERR_UNREACHABLE)
            return run_name_host(e, h);
        run_disconnect(r, h);
        if (deadline_left(deadline) == 0)
            return run_name_host(e, h);
    }
    *e = (struct err){0};
    return ask_once(r, &w, q, deadline, e) == 0 ? 0 : run_name_host(e, h);
}
