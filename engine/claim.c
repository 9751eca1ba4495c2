#include "engine/claim.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/quote.h"
#include "engine/lock.h"
#include "engine/stream.h"

enum {
    AGAIN_MS = 10 * 1000,                  /* between tries for a connection that was lost */
    SILENCE_MS = LOCK_GONE_S * 1000,       /* of a host that answers every beat */
    CANCELLED_MS = 100,                    /* how often the caller looks for an interruption */
};

enum answer { ASKED, MINE, BUSY, UNREACHED /* before it has answered */ };

/* One director, and the thread that talks to it. */
struct held {
    struct claim *claim;
    const struct host *host;
    struct remote_handler handler;
    struct stream stream;
    pthread_t thread;
    /* Under the claim's lock. */
    enum answer answer;
    bool waited;
    bool lost;         /* since the connection was */
    bool asking;       /* ...and it has not been asked for again yet */
    bool taken;        /* somebody else has had it in between */
    int64_t heard_ms;  /* when the last line came */
    struct strbuf who; /* has it, printable */
};

struct claim {
    struct claim_options o;
    struct ssh_cancel cancel; /* of our own connections: until the release, whatever is interrupted */
    char owner[256];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n;
    struct held *held;
};

static void answered(struct held *h, enum answer a, const char *who)
{
    struct claim *c = h->claim;
    pthread_mutex_lock(&c->lock);
    if (a == ASKED)
        h->waited = true;
    else if (a != UNREACHED || h->answer == ASKED)
        h->answer = a;
    if (who) {
        sb_reset(&h->who);
        quote_terminal(&h->who, who, strlen(who), false);
    }
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

/* For the second time: somebody else may have had it in between. */
static void take_over(struct held *h, const char *before)
{
    struct claim *c = h->claim;
    pthread_mutex_lock(&c->lock);
    if (h->lost && *before && strcmp(before, c->owner) != 0) {
        h->taken = true;
        sb_reset(&h->who);
        quote_terminal(&h->who, before, strlen(before), false);
    }
    pthread_mutex_unlock(&c->lock);
}

static void heard(struct held *h)
{
    pthread_mutex_lock(&h->claim->lock);
    h->heard_ms = clock_ms();
    pthread_mutex_unlock(&h->claim->lock);
}

static int on_line(void *ud, char *kind, char *rest, struct err *e)
{
    struct held *h = ud;
    (void)e;
    heard(h);
    if (!strcmp(kind, "locked")) {
        answered(h, ASKED, rest);
    } else if (!strcmp(kind, "busy")) {
        answered(h, BUSY, rest);
        stream_wake(&h->stream);
    } else if (!strcmp(kind, "mine")) {
        take_over(h, rest);
        answered(h, MINE, NULL);
        stream_wake(&h->stream);
    }
    return 0;
}

/* Connect, and ask for it; 0: it is ours. The stream is to be closed in any case. */
static int take(struct held *h, unsigned wait_s, struct err *e)
{
    struct script *s = &h->stream.script;
    if (stream_open(&h->stream, h->host, &h->claim->cancel, &h->handler, e) < 0)
        return -1;
    lock_functions(s);
    lock_of_cluster(s);
    lock_take(s, wait_s, h->claim->owner);
    if (stream_send(&h->stream, e) < 0 || stream_wait(&h->stream, wait_s * 1000 + SILENCE_MS, e) != 0)
        return -1;
    pthread_mutex_lock(&h->claim->lock);
    bool mine = h->answer == MINE;
    pthread_mutex_unlock(&h->claim->lock);
    return mine ? 0 : -1;
}

/* Until it is lost, or to be given up. */
static void hold(struct held *h)
{
    struct err ignored = {0};
    while (stream_listen(&h->stream, LOCK_BEAT_S * 1000, &ignored) == 0) {
        if (clock_ms() - h->heard_ms > SILENCE_MS)
            return;
        lock_at_step(&h->stream.script, 0, 0);
        script_add(&h->stream.script, "m beat\n");
        if (stream_send(&h->stream, &ignored) < 0)
            return;
    }
}

/* The connection is lost; or it has been asked for again. */
static void set_lost(struct held *h, bool lost, bool asking)
{
    pthread_mutex_lock(&h->claim->lock);
    h->taken |= h->lost && h->answer == BUSY;
    h->lost = lost;
    h->asking = asking;
    pthread_cond_broadcast(&h->claim->changed);
    pthread_mutex_unlock(&h->claim->lock);
}

static void *keep(void *ud)
{
    struct held *h = ud;
    struct err e = {0};
    unsigned wait_s = h->claim->o.wait_s;
    for (;;) {
        int rc = take(h, wait_s, &e);
        if (rc == 0) {
            set_lost(h, false, false);
            hold(h);
            set_lost(h, true, true);
        } else {
            answered(h, UNREACHED, NULL);
            set_lost(h, true, false);
        }
        stream_close(&h->stream);
        if (rc < 0 && wait_s) /* the caller goes on without it, or not at all */
            return NULL;
        wait_s = 0;
        if (ssh_cancelled(&h->claim->cancel, rc == 0 ? 0 : AGAIN_MS))
            return NULL;
    }
}

static void say(const struct claim *c, const struct held *h)
{
    autosb struct strbuf text = {0};
    sb_addf(&text, "waiting for another run on this cluster, of %s", sb_str(&h->who));
    if (c->o.say)
        c->o.say(c->o.ud, sb_str(&text));
}

static void wait_changed(struct claim *c)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_nsec += CANCELLED_MS * 1000000L;
    ts.tv_sec += ts.tv_nsec / 1000000000L;
    ts.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&c->changed, &c->lock, &ts);
}

/* Wait for this director's answer; the thread's are the connection and all that is said over it. */
static int await(struct claim *c, struct held *h, struct err *e)
{
    bool told = false, interrupted = false;
    pthread_mutex_lock(&c->lock);
    while (h->answer == ASKED && !interrupted) {
        if (h->waited && !told) {
            told = true;
            say(c, h);
        }
        wait_changed(c);
        interrupted = ssh_cancelled(c->o.cancel, 0);
    }
    int rc = 0;
    if (interrupted)
        rc = err_set(e, ERR_INTERRUPTED, "interrupted before anything was changed");
    else if (h->answer == BUSY)
        rc = err_set(e, ERR_LOCKED, "another run is at work on this cluster: locked on %s by %s",
                     h->host->name, h->who.len ? sb_str(&h->who) : "another run");
    pthread_mutex_unlock(&c->lock);
    if (rc < 0 && e->code == ERR_LOCKED)
        err_hint(e, "wait for that run to end, then run the same command again; --lock-wait waits longer");
    return rc;
}

/* One after the other, in the inventory's order: two that want it both cannot have one half each. */
static int take_all(struct claim *c, struct err *e)
{
    bool waited = false;
    for (const struct host *d = NULL; (d = cluster_next(run_cluster(c->o.run), d, ROLE_DIRECTOR));) {
        struct held *h = &c->held[c->n];
        if (!run_result_of(c->o.run, d)->reached)
            continue;
        *h = (struct held){.claim = c, .host = d, .handler = {.line = on_line, .ud = h}};
        int rc = pthread_create(&h->thread, NULL, keep, h);
        if (rc != 0)
            return err_set(e, ERR_SYSTEM, "cannot start a thread: %s", strerror(rc));
        c->n++;
        if (await(c, h, e) < 0)
            return -1;
        waited |= h->waited;
    }
    return waited;
}

int claim_take(struct claim **out, const struct claim_options *o, struct err *e)
{
    struct claim *c = xcalloc(1, sizeof *c);
    *out = NULL;
    c->o = *o;
    c->cancel = *o->cancel;
    c->cancel.cancel_fd = eventfd(0, EFD_CLOEXEC);
    c->held = xcalloc(cluster_count(run_cluster(o->run), ROLE_DIRECTOR), sizeof *c->held);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    lock_owner_text(c->owner, sizeof c->owner);
    int rc = c->cancel.cancel_fd < 0 ? err_errno(e, "cannot make an eventfd") : take_all(c, e);
    if (rc < 0) {
        claim_release(c);
        return -1;
    }
    *out = c;
    return rc;
}

/*
 * What was heard of lately cannot be another's. Where a director is not heard of any more (it may boot), it
 * has been asked again before anything is said.
 */
int claim_check(struct claim *c, struct err *e)
{
    enum { SURE_MS = (LOCK_GONE_S - LOCK_BEAT_S) * 1000, NOTICED_MS = 2000 };
    int rc = 0;
    if (!c)
        return 0;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n && rc == 0; i++) {
        struct held *h = &c->held[i];
        int64_t began = clock_ms();
        while (h->answer == MINE && !h->taken && clock_ms() - h->heard_ms > SURE_MS &&
               (h->asking || clock_ms() - began < NOTICED_MS) && !ssh_cancelled(c->o.cancel, 0))
            wait_changed(c);
        if (h->taken)
            rc = err_set(e, ERR_LOCKED, "this run stood still, and another one has had the cluster since: "
                                        "locked on %s by %s", h->host->name, sb_str(&h->who));
    }
    pthread_mutex_unlock(&c->lock);
    return rc < 0 ? err_hint(e, "look at what that one did (`clusterctl history`), then run the same command again")
                  : 0;
}

void claim_release(struct claim *c)
{
    if (!c)
        return;
    if (c->cancel.cancel_fd >= 0)
        (void)eventfd_write(c->cancel.cancel_fd, 1);
    for (size_t i = 0; i < c->n; i++) {
        pthread_join(c->held[i].thread, NULL);
        sb_free(&c->held[i].who);
    }
    if (c->cancel.cancel_fd >= 0)
        close(c->cancel.cancel_fd);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->changed);
    xfree(c->held);
    xfree(c);
}
