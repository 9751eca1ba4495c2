/* When things happened, from everybody's own clock to the load's. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/quote.h"
#include "failover/tester.h"

enum { LOG_MAX = 200, LOG_MS = 30 * 1000 };

static void mark(struct tester *x, struct trial *t, enum mark_kind kind, int64_t at_us,
                 int64_t error_us, const char *text)
{
    struct mark m = {.at_us = at_us - t->log.epoch_us, .error_us = error_us, .kind = kind};
    m.text = arena_strdup(&x->report->arena, text);
    size_t i = t->marks.n;
    vec_push(&t->marks);
    for (; i > 0 && t->marks.v[i - 1].at_us > m.at_us; i--)
        t->marks.v[i] = t->marks.v[i - 1];
    t->marks.v[i] = m;
}

/* What one director's log says since the fault. */
struct log_ask {
    const struct trial *trial;
    const struct host *faulty, *director;
    int64_t fault_us; /* by our clock */
    struct clock_offset clock;
    size_t lines;
    int64_t at_us; /* out: of the first line that tells; 0: none */
    char text[160];
    int64_t stood_us; /* out: the longest time that the checks stood still */
};

/* journalctl(1): short-unix is seconds since 1970 with microseconds. */
static void log_fragment(struct script *s, const struct host_result *hr, void *ud)
{
    (void)hr;
    (void)ud;
    script_add(s, clock_sh);
    script_add(s, "journalctl -q -u keepalived.service --since=-10min -o short-unix --no-pager \\\n"
                  "  </dev/null 2>/dev/null | grep -E 'Entering MASTER STATE|Removing service|"
                  "timer expired' |\n"
                  "  tail -n 100 | while IFS= read -r l; do r log \"$l\"; done\n");
}

/* "1795359953.831719 LVS-master Keepalived_vrrp[921]: text": its time in nanoseconds as digits. */
static char *log_time(char *line, char ns[static 32])
{
    char *dot = strchr(line, '.'), *blank = strchr(line, ' ');
    if (!dot || !blank || blank - dot != 7 || dot - line > 12)
        return NULL;
    snprintf(ns, 32, "%.*s%.6s000", (int)(dot - line), line, dot + 1);
    return blank + 1;
}

/* Does the line say that the fault was noticed? */
static bool tells(const struct log_ask *a, const char *text)
{
    char rs[IPADDR_STRLEN + 20], address[IPADDR_STRLEN];
    if (a->trial->scenario->target == TARGET_ACTIVE)
        return a->director != a->faulty && strstr(text, "Entering MASTER STATE");
    snprintf(rs, sizeof rs, "Removing service [%s]:", ipaddr_str(&a->faulty->address, address));
    return a->trial->scenario->target == TARGET_REAL_SERVER && strstr(text, rs);
}

/* "LVS-master Keepalived_healthcheckers[946]: A thread timer expired 4.946460 seconds ago": how
 * long, or 0. */
static int64_t stood_still(const char *text)
{
    static const char expired[] = "A thread timer expired ";
    const char *at = strstr(text, expired);
    unsigned s, us;
    if (!at || !strstr(text, " Keepalived_healthcheckers[") ||
        sscanf(at + sizeof expired - 1, "%3u.%6u seconds", &s, &us) != 2)
        return 0;
    return (int64_t)s * 1000000 + us;
}

static int log_record(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    struct log_ask *a = ud;
    char ns[32];
    (void)hr;
    (void)e;
    if (!strncmp(value, "clock ", 6))
        clock_sample(&a->clock, value + 6);
    if (strncmp(value, "log ", 4) != 0 || a->lines++ > LOG_MAX)
        return 0;
    char *text = log_time(value + 4, ns);
    int64_t at = text ? clock_ours(&a->clock, ns) : 0;
    if (!at || at + a->clock.error_us < a->fault_us)
        return 0;
    int64_t stood = stood_still(text);
    if (stood > a->stood_us)
        a->stood_us = stood;
    if (a->at_us || !tells(a, text))
        return 0;
    a->at_us = at;
    if (a->trial->scenario->target == TARGET_ACTIVE)
        snprintf(a->text, sizeof a->text, "%s entered MASTER state", a->director->name);
    else
        snprintf(a->text, sizeof a->text, "%s took %s out of its table", a->director->name,
                 a->faulty->name);
    return 0;
}

/* The first director whose log tells; a log that cannot be read only leaves a gap in the report. */
static void mark_detected(struct tester *x, struct trial *t, const struct fault *f,
                          int64_t fault_us)
{
    struct log_ask best = {0};
    for (const struct host *h = NULL; (h = cluster_next(run_cluster(x->run), h, ROLE_DIRECTOR));) {
        struct err e = {0};
        struct log_ask a = {.trial = t, .faulty = f->host, .director = h, .fault_us = fault_us};
        struct remote_query q = {.fragment = log_fragment, .record = log_record, .ud = &a};
        if (run_query_host(x->run, h, &q, LOG_MS, &e) != 0)
            continue;
        if (a.at_us && (!best.at_us || a.at_us < best.at_us))
            best = a;
        if (a.stood_us > t->stood_us) {
            t->stood_us = a.stood_us;
            t->stood = h->name;
        }
    }
    if (best.at_us)
        mark(x, t, MARK_DETECTED, best.at_us, best.clock.error_us, best.text);
}

static void mark_moves(struct tester *x, struct trial *t, const neigh_changes *moves)
{
    for (size_t i = 1; i < moves->n; i++) { /* the first is what was there at the start */
        const struct neigh_change *m = &moves->v[i];
        char text[160], mac[MAC_STRLEN];
        if (!m->resolved)
            continue;
        const struct host *h = health_owner(x->run, &x->live, &m->mac);
        snprintf(text, sizeof text, "the VIP's packets go to %s (%s)", mac_str(&m->mac, mac),
                 h ? h->name : "a foreign machine");
        mark(x, t, MARK_MOVED, m->at_us, 0, text);
    }
}

void marks_collect(struct tester *x, struct trial *t, const struct fault *f,
                   const neigh_changes *moves, int64_t recovered_us)
{
    const struct fault_site *site = &f->sites[0];
    char text[160];
    /* A network is cut when the last of its commands has ended, a daemon hit by the first. */
    int64_t stamp = f->cuts ? site->ended_us : site->began_us;
    int64_t began = stamp ? stamp : f->injected_us;
    snprintf(text, sizeof text, "%s: %s", f->host->name, t->scenario->title);
    if (began) { /* else it was not made, or nobody knows when */
        mark(x, t, MARK_FAULT, began, stamp ? site->clock.error_us : 0, text);
        mark_detected(x, t, f, began);
    }
    mark_moves(x, t, moves);
    if (site->undone_us)
        mark(x, t, MARK_UNDO, site->undone_us, site->clock.error_us, "the fault is taken back");
    if (recovered_us)
        mark(x, t, MARK_RECOVERED, recovered_us, 0, "every part is at work again");
}
