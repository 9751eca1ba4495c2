#include "ops/boot.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "engine/lock.h"

enum { ASK_AGAIN_MS = 1000, ID_LEN = 36 /* proc(5): a UUID */ };

struct boot {
    char before[ID_LEN + 1], now[ID_LEN + 1];
    bool told;      /* to reboot */
    bool starting;  /* up, and not with everything yet */
    bool answered;  /* the last question */
};

struct boots {
    const struct boot_options *o;
    const struct cluster *cluster;
    struct boot *of;    /* by index_in_cluster */
    bool *away;         /* those that are waited for */
    char owner[256];    /* of the locks */
};

static const char id_sh[] = "r boot \"$(cat /proc/sys/kernel/random/boot_id)\"\n";

static void ask(struct script *s, const struct host_result *hr, void *ud)
{
    struct boots *b = ud;
    b->of[hr->host->index_in_cluster].answered = false;
    script_add(s, id_sh);
    /* Its state has a name for each end of a boot; while one goes on it is one of these two. */
    script_add(s, "case $(systemctl is-system-running 2>/dev/null || :) in initializing | starting) r starting 1 ;; "
                  "esac\nr answered 1\n");
}

/* Under the lock: what another run is at is ended first, and none begins until the host goes down. */
static void order(struct script *s, const struct host_result *hr, void *ud)
{
    struct boots *b = ud;
    (void)hr;
    lock_functions(s);
    lock_take(s, b->o->lock_wait_s, b->owner);
    script_add(s, "r told 1\nsystemctl reboot </dev/null >/dev/null\n");
}

static int heard(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    struct boots *b = ud;
    struct boot *h = &b->of[hr->host->index_in_cluster];
    (void)e;
    if (!strncmp(value, "boot ", 5))
        snprintf(h->now, sizeof h->now, "%s", value + 5);
    h->told |= !strcmp(value, "told 1");
    if (!strcmp(value, "starting 1"))
        h->starting = true;
    if (!strcmp(value, "answered 1"))
        h->answered = true;
    return 0;
}

static int question(struct boots *b, void (*fragment)(struct script *, const struct host_result *, void *),
                    bool insist, struct err *e)
{
    const struct remote_query q = {
        .fragment = fragment, .record = heard, .ud = b, .hosts = b->away, .insist = insist};
    return run_query(b->o->run, &q, e);
}

static size_t count(const struct boots *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->cluster->n_hosts; i++)
        n += b->away[i];
    return n;
}

/* The connection may well be lost before the answer to this comes. */
static int tell(struct boots *b, struct err *e)
{
    struct err why = {0};
    if (question(b, ask, true, e) < 0)
        return err_wrap(e, "not told to reboot");
    for (size_t i = 0; i < b->cluster->n_hosts; i++)
        memcpy(b->of[i].before, b->of[i].now, sizeof b->of[i].before);
    if (question(b, order, false, &why) < 0 && why.code != ERR_UNREACHABLE) {
        *e = why;
        return -1;
    }
    for (size_t i = 0; i < b->cluster->n_hosts; i++) {
        if (b->away[i] && !b->of[i].told && !why.code) {
            err_set(e, ERR_LOCKED, "another run is at work there, and has been for %u s", b->o->lock_wait_s);
            return run_name_host(e, &b->cluster->hosts[i]);
        }
        run_disconnect(b->o->run, &b->cluster->hosts[i]);
    }
    return 0;
}

/* The first that is waited for is named, with what is known of it. */
static int over(const struct boots *b, const struct err *why, struct err *e)
{
    size_t i = 0;
    while (!b->away[i])
        i++;
    const struct boot *h = &b->of[i];
    const char *name = b->cluster->hosts[i].name;
    unsigned limit_s = b->o->limit_ms / 1000;
    bool booted = strcmp(h->now, h->before) != 0;
    if (h->answered && !booted)
        err_set(e, ERR_FAILED, "%s was told to reboot, and %u s later it has not", name, limit_s);
    else if (h->answered)
        err_set(e, ERR_FAILED, "%s has been rebooted, and %u s later it is still starting: `systemctl list-jobs` "
                               "there names what it waits for", name, limit_s);
    else
        err_set(e, ERR_UNREACHABLE, "%s has not come back within %u s of its reboot%s%s", name, limit_s,
                why->msg[0] ? ": " : "", why->msg);
    return err_hint(e, "once it is up, the same command goes on; --reboot-timeout gives a boot more time");
}

static int wait_for_all(struct boots *b, struct err *e)
{
    struct err why = {0};
    for (int64_t deadline = deadline_in(b->o->limit_ms);;) {
        for (size_t i = 0; i < b->cluster->n_hosts; i++)
            b->of[i].starting = b->of[i].answered = false;
        why = (struct err){0};
        question(b, ask, true, &why);
        for (size_t i = 0; i < b->cluster->n_hosts; i++) {
            const struct boot *h = &b->of[i];
            if (h->answered && strcmp(h->now, h->before) != 0 && !h->starting)
                b->away[i] = false;
        }
        if (!count(b))
            return 0;
        if (!deadline_left(deadline))
            return over(b, &why, e);
        if (ssh_cancelled(b->o->cancel, ASK_AGAIN_MS))
            return err_set(e, ERR_INTERRUPTED, "interrupted while a host was booting");
    }
}

int boot_hosts(const struct boot_options *o, const bool *who, struct err *e)
{
    struct boots b = {.o = o, .cluster = run_cluster(o->run)};
    size_t n = b.cluster->n_hosts;
    b.of = xcalloc(n, sizeof *b.of);
    b.away = xcalloc(n, sizeof *b.away);
    memcpy(b.away, who, n * sizeof *b.away);
    lock_owner_text(b.owner, sizeof b.owner);
    int rc = tell(&b, e) < 0 ? -1 : wait_for_all(&b, e);
    xfree(b.of);
    xfree(b.away);
    return rc;
}
