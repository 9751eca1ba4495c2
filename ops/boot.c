#include "ops/boot.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/quote.h"
#include "base/strbuf.h"
#include "engine/lock.h"

/* A poll waits for a host's lock for a moment only; the next one tries again. */
enum {
    ASK_AGAIN_MS = 1000,
    ASK_LIMIT_MS = 30 * 1000,
    LOCK_POLL_S = 3,
    ID_LEN = 36 /* proc(5): a UUID */
};

struct boot {
    char before[ID_LEN + 1], now[ID_LEN + 1];
    bool told;         /* to reboot, and its system manager has taken it */
    char refused[200]; /* or what that said */
    char holder[200];  /* who had the lock last */
    bool starting;     /* up, and not with everything yet */
    bool answered;     /* the last question */
};

struct boots {
    const struct boot_options *o;
    const struct cluster *cluster;
    struct boot *of; /* by index_in_cluster */
    bool *away;      /* those that are waited for */
    char owner[256]; /* of the locks */
};

/*
 * Its state has a name for each end of a boot; while one goes on it is one of these two. The order
 * is for the boot that it is about alone, so that it can be given again. Whoever takes it has the
 * lock before, and leaves it to a program that goes down with the host: no step of another run is
 * cut, none begins.
 */
static void ask(struct script *s, const struct host_result *hr, void *ud)
{
    struct boots *b = ud;
    struct boot *h = &b->of[hr->host->index_in_cluster];
    h->answered = h->starting = false;
    script_add(s, "b=$(cat /proc/sys/kernel/random/boot_id); r boot \"$b\"\n"
                  "case $(systemctl is-system-running 2>/dev/null </dev/null || :) in\n"
                  "initializing | starting) r starting 1 ;; esac\nr answered 1\n");
    if (h->told || !h->before[0])
        return;
    lock_functions(s);
    script_add(s, "read_holder; r holder \"$(holder)\"\n");
    script_addf(s, "[ \"$b\" = %s ] || { m end; exit 0; }\n", h->before);
    lock_take(s, LOCK_POLL_S, b->owner);
    script_add(s, "if o=$(systemctl reboot 2>&1 </dev/null); then\n"
                  "  sleep 120 </dev/null >/dev/null 2>&1 &\n"
                  "  r told 1\n"
                  "else r refused \"$(printf '%s\\n' \"$o\" | head -n 1)\"; fi\n");
}

/* What a host has said, as it may be shown; `nothing` where that is nothing. */
static void keep(char *buf, size_t size, const char *said, const char *nothing)
{
    autosb struct strbuf shown = {0};
    quote_terminal(&shown, said, strlen(said), false);
    snprintf(buf, size, "%s", shown.len ? sb_str(&shown) : nothing);
}

static int heard(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    struct boots *b = ud;
    struct boot *h = &b->of[hr->host->index_in_cluster];
    (void)e;
    if (!strncmp(value, "boot ", 5) && strlen(value + 5) == ID_LEN &&
        strspn(value + 5, "0123456789abcdef-") == ID_LEN)
        snprintf(h->now, sizeof h->now, "%s", value + 5);
    h->told |= !strcmp(value, "told 1");
    h->starting |= !strcmp(value, "starting 1");
    h->answered |= !strcmp(value, "answered 1");
    if (!strncmp(value, "holder ", 7))
        keep(h->holder, sizeof h->holder, value + 7, "nobody knows whose");
    if (!strncmp(value, "refused ", 8))
        keep(h->refused, sizeof h->refused, value + 8, "it gave no reason");
    return 0;
}

static int question(struct boots *b, struct err *e)
{
    const struct remote_query q = {.fragment = ask,
                                   .record = heard,
                                   .ud = b,
                                   .hosts = b->away,
                                   .limit_ms = ASK_LIMIT_MS,
                                   .insist = true};
    for (size_t i = 0; i < b->cluster->n_hosts; i++) /* some may not even be asked */
        b->of[i].answered = b->of[i].starting = false;
    return run_query(b->o->run, &q, e);
}

static bool is_up_again(const struct boot *h)
{
    return h->answered && strcmp(h->now, h->before) != 0 && !h->starting;
}

/* After a question: are all back? Nobody is to wait for a session that dies with its host. */
static bool sort_out(struct boots *b)
{
    bool all = true;
    for (size_t i = 0; i < b->cluster->n_hosts; i++) {
        struct boot *h = &b->of[i];
        if (!b->away[i])
            continue;
        b->away[i] = !is_up_again(h);
        all &= !b->away[i];
        if (h->told && !strcmp(h->now, h->before))
            run_disconnect(b->o->run, &b->cluster->hosts[i]);
    }
    return all;
}

static int refused(const struct boots *b, struct err *e)
{
    for (size_t i = 0; i < b->cluster->n_hosts; i++)
        if (b->of[i].refused[0]) {
            err_set(e, ERR_FAILED, "%s does not reboot: %s", b->cluster->hosts[i].name,
                    b->of[i].refused);
            return err_hint(e, "see `systemctl list-jobs` and `systemd-inhibit` there");
        }
    return 0;
}

/* The first that is waited for is named, with what is known of it. */
static int over(const struct boots *b, int64_t waited_ms, const struct err *why, struct err *e)
{
    size_t i = 0;
    while (!b->away[i])
        i++;
    const struct boot *h = &b->of[i];
    const char *name = b->cluster->hosts[i].name;
    unsigned waited_s = (unsigned)(waited_ms / 1000);
    if (h->answered && !h->told)
        return err_set(e, ERR_LOCKED,
                       "%s was not told to reboot: another run has been at work there for %u s: %s",
                       name, waited_s, h->holder);
    if (h->answered && !strcmp(h->now, h->before))
        err_set(e, ERR_FAILED, "%s was told to reboot, and %u s later it has not", name, waited_s);
    else if (h->answered)
        err_set(e, ERR_FAILED,
                "%s has been rebooted, and %u s later it is still starting: `systemctl list-jobs` "
                "there names what it waits for",
                name, waited_s);
    else
        err_set(e, ERR_UNREACHABLE, "%s has not come back within %u s of its reboot%s%s", name,
                waited_s, why->msg[0] ? ": " : "", why->msg);
    return err_hint(
        e, "once it is up, the same command goes on; --reboot-timeout gives a boot more time");
}

/* One that does not answer any more may have taken the order without having said so. */
static bool all_told(const struct boots *b)
{
    for (size_t i = 0; i < b->cluster->n_hosts; i++)
        if (b->away[i] && b->of[i].answered && !b->of[i].told)
            return false;
    return true;
}

/* Until all have been told there is the time for locks, and then as much as a boot may take. */
static int wait_for_all(struct boots *b, struct err *e)
{
    int64_t began = clock_ms(), limit_ms = (int64_t)b->o->lock_wait_s * 1000;
    for (bool told = false;;) {
        struct err why = {0};
        question(b, &why);
        if (why.code == ERR_INTERRUPTED || ssh_cancelled(b->o->cancel, 0))
            return err_set(e, ERR_INTERRUPTED, "interrupted while a host was booting");
        if (sort_out(b))
            return 0;
        if (refused(b, e) < 0)
            return -1;
        if (!told && (told = all_told(b))) {
            began = clock_ms();
            limit_ms = b->o->limit_ms;
        }
        if (clock_ms() - began >= limit_ms)
            return over(b, clock_ms() - began, &why, e);
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
    int rc = question(&b, e) < 0 ? err_wrap(e, "not told to reboot") : 0;
    for (size_t i = 0; i < n; i++)
        memcpy(b.of[i].before, b.of[i].now, sizeof b.of[i].before);
    if (rc == 0)
        rc = wait_for_all(&b, e);
    xfree(b.of);
    xfree(b.away);
    return rc;
}
