/* What reboots add to a rollout: a boot takes minutes, so nothing is rebooted that is needed
 * meanwhile. */
#include "base/clock.h"
#include "ops/boot.h"
#include "ops/rollout_order.h"

int rollout_check(struct rollout *r, struct err *e)
{
    rollout_say(r, "verifying the cluster before the first reboot");
    if (rollout_checks(r, NULL, true, e) == 0)
        return 0;
    return e->code == ERR_INTERRUPTED
               ? -1
               : err_wrap(e, "nothing was rebooted, as not all is right before");
}

static int still_due(struct rollout *r, const bool *who, struct err *e)
{
    for (size_t i = 0; i < r->cluster->n_hosts; i++) {
        const struct host_result *hr = run_result(r->o.traffic.run, i);
        const char *why = who[i] ? plan_wants_boot(&hr->catalog, &hr->observed) : NULL;
        if (!why)
            continue;
        err_set(e, ERR_FAILED, "%s was rebooted, and still: %s", hr->host->name, why);
        return err_hint(e, "its boot loader may give the kernel other arguments than grubby set: "
                           "see /proc/cmdline there");
    }
    return 0;
}

int rollout_boot(struct rollout *r, const bool *who, struct err *e)
{
    const struct boot_options o = {.run = r->o.traffic.run,
                                   .cancel = r->o.traffic.cancel,
                                   .limit_ms = r->o.boot_ms,
                                   .lock_wait_s = r->o.lock_wait_s};
    autosb struct strbuf list = {0};
    int64_t begin = clock_ms();
    rollout_names(r, who, &list);
    rollout_say(r, "rebooting %s", sb_str(&list));
    if (boot_hosts(&o, who, e) < 0 || rollout_pass(r, who, RUN_OBSERVE, e) < 0)
        return -1;
    rollout_say(r, "%s: up again after %lld s", sb_str(&list),
                (long long)(clock_ms() - begin) / 1000);
    return still_due(r, who, e);
}

/* Whether a request is answered again shows what the real servers have of the share. */
int rollout_boot_share(struct rollout *r, struct err *e)
{
    autofree bool *who = xcalloc(r->cluster->n_hosts, sizeof *who);
    const struct host *nfs = cluster_next(r->cluster, NULL, ROLE_NFS);
    if (!nfs || nfs->roles & ROLE_DIRECTOR || !r->pending[nfs->index_in_cluster])
        return 0;
    who[nfs->index_in_cluster] = true;
    r->pending[nfs->index_in_cluster] = false; /* whatever comes of it */
    rollout_say(r, "%s has the share: what is not in a cache is not served until it is up again",
                nfs->name);
    if (rollout_boot(r, who, e) < 0 || rollout_checks(r, NULL, true, e) < 0)
        return rollout_stop(r, who, e);
    if (traffic_look(&r->traffic, e) < 0)
        return -1;
    rollout_note_served(r);
    return 0;
}

int rollout_passive_again(struct rollout *r, const struct host *d, struct err *e)
{
    rollout_say(r, "%s was passive before, and is again", d->name);
    return traffic_hand_over(&r->traffic, d, e);
}

int rollout_not_booted(const struct err *why, struct err *e)
{
    *e = *why;
    return err_hint(e, "it was not rebooted: bring another one back first (`clusterctl status`, "
                       "`clusterctl doctor`)");
}
