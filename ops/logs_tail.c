/* One host: connect, catch up, follow; and again when it was away. */
#include "ops/logs_tail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ops/log_take.h"

enum {
    CATCH_UP_SILENCE_MS = 120 * 1000, /* a large file may have to be searched for a time */
    FOLLOW_SILENCE_MS = 20 * 1000,    /* of a host that says something every five seconds */
    WHOLE_MS = 600 * 1000,            /* all of it without following */
    STAYED_MS = 30 * 1000,            /* a connection that lasted so long was a good one */
    RETRY_LEAST_MS = 1000,
    RETRY_MOST_MS = 10 * 1000,
};

/* Until the handler wakes us: the piece that was sent has been answered. */
static int exchange(struct log_tail *t, unsigned silence_ms, struct err *e)
{
    if (stream_send(&t->stream, e) < 0)
        return -1;
    int rc = stream_wait(&t->stream, silence_ms, e);
    return rc > 0 ? err_set(e, ERR_UNREACHABLE, "%s: its shell has ended", t->wish.host->name) : rc;
}

/* The newest line of the journal that was read, by the host's clock. */
static int64_t journal_read_us(const struct log_tail *t)
{
    int64_t units = t->places[SOURCE_UNITS].last_us, kernel = t->places[SOURCE_KERNEL].last_us;
    return units > kernel ? units : kernel;
}

/*
 * After a boot, a journal in memory has lost what we have read of it, and /var/log/messages has all
 * of it. What was written in the very second of what was read last counts as read.
 */
static int64_t messages_after(const struct log_tail *t)
{
    const struct log_place *p = &t->places[SOURCE_MESSAGES];
    int64_t read_us = journal_read_us(t), after = p->last_us > read_us ? p->last_us : read_us;
    if (!p->known)
        return -1;
    return after / 1000000 < t->now_s ? t->now_s : after / 1000000 + 1;
}

/* The journal has what is in /var/log/messages too; see log_syslog.h for when it has not. */
static bool reads(const struct log_tail *t, enum log_source k)
{
    bool messages = logs_has_source(&t->wish, SOURCE_MESSAGES) &&
                    (t->now[SOURCE_MESSAGES].there || t->old[SOURCE_MESSAGES].there);
    switch (k) {
    case SOURCE_MESSAGES: return messages;
    case SOURCE_UNITS:
    case SOURCE_KERNEL: return logs_has_source(&t->wish, k) && (t->journal_us || !messages);
    default: return logs_has_source(&t->wish, k);
    }
}

static int hello(struct log_tail *t, struct err *e)
{
    const struct logs_options *o = t->options;
    int64_t after_s[LOG_SOURCES];
    char boot[sizeof t->boot];
    int64_t ago_s = o->since_us ? (log_wall_us() - o->since_us) / 1000000 + 1 : -1;
    for (size_t k = 0; k < LOG_SOURCES; k++) {
        after_s[k] = t->places[k].last_us ? t->places[k].last_us / 1000000 + 1 : -1;
        t->now[k] = t->old[k] = (struct log_file_seen){0};
    }
    after_s[SOURCE_MESSAGES] = messages_after(t);
    t->clock = (struct clock_offset){0};
    t->n_beats = 0;
    t->now_s = t->latest_s = t->journal_us = 0;
    memcpy(boot, t->boot, sizeof boot);
    t->asked_us = log_wall_us();
    logs_ask_hello(&t->stream.script, &t->wish, o->since_us && ago_s < 0 ? 0 : ago_s, after_s);
    if (exchange(t, CATCH_UP_SILENCE_MS, e) < 0)
        return -1;
    t->same_boot = t->boot[0] && !strcmp(boot, t->boot);
    return 0;
}

static void say_clock(struct log_tail *t)
{
    enum { LEAST_US = 100 * 1000 };
    int64_t ahead = log_clock_ahead(t), error = t->clock.error_us;
    int64_t size = ahead < 0 ? -ahead : ahead, change = ahead - t->told_ahead_us;
    if (size < LEAST_US + 2 * error || (change < size / 4 && -change < size / 4))
        return;
    t->told_ahead_us = ahead;
    logs_notify(t->logs, &(struct log_notice){.kind = LOG_CLOCK,
                                              .host = t->wish.host,
                                              .ahead_us = ahead,
                                              .error_us = error});
}

static void say_back(struct log_tail *t)
{
    t->reached = true;
    if (t->away_since_ms)
        logs_notify(t->logs, &(struct log_notice){.kind = LOG_BACK,
                                                  .host = t->wish.host,
                                                  .away_ms = clock_ms() - t->away_since_ms});
    t->away_since_ms = 0;
}

static void ask_file(struct log_tail *t, enum log_source k)
{
    struct log_catch_up *c = &t->due[k];
    *c = log_catch_up(&t->places[k], &t->now[k], &t->old[k], t->same_boot);
    if (c->gap)
        logs_notify(t->logs, &(struct log_notice){.kind = LOG_GAP,
                                                  .host = t->wish.host,
                                                  .file = log_source_file(k)});
    logs_ask_file(&t->stream.script, k, c, &t->now[k], &t->old[k]);
}

/* What was written up to now; in the end our place is where the files ended in the hello. */
static int catch_up(struct log_tail *t, struct err *e)
{
    struct script *s = &t->stream.script;
    for (enum log_source k = 0; k < LOG_SOURCES; k++) {
        struct log_place *p = &t->places[k];
        if (!reads(t, k))
            continue;
        if (k == SOURCE_MESSAGES)
            t->after_us[k] = p->known ? journal_read_us(t) : 0;
        if (log_source_file(k)) {
            ask_file(t, k);
            continue;
        }
        if (!t->same_boot) /* entries that a power cut took may have had the numbers of new ones */
            p->cursor[0] = '\0', p->cursor_us = 0;
        t->after_us[k] = p->known && !p->cursor[0] ? p->last_us : 0;
        logs_ask_journal(s, &t->wish, k, p);
    }
    script_add(s, "m caught\n");
    if (!t->options->follow) {
        script_end(s);
        return stream_send(&t->stream, e) < 0 ? -1 : stream_finish(&t->stream, WHOLE_MS, e);
    }
    if (exchange(t, CATCH_UP_SILENCE_MS, e) < 0)
        return -1;
    for (enum log_source k = 0; k < LOG_SOURCES; k++) {
        struct log_place *p = &t->places[k];
        p->known = true;
        p->inode = t->now[k].inode;
        p->next = t->now[k].size;
        p->torn = false;
        t->after_us[k] = 0;
    }
    return 0;
}

static int follow(struct log_tail *t, struct err *e)
{
    struct script *s = &t->stream.script;
    script_add(s, "{\n");
    for (enum log_source k = 0; k < LOG_SOURCES; k++)
        if (reads(t, k) && !(k == SOURCE_MESSAGES && t->journal_us))
            logs_ask_follow(s, &t->wish, k, &t->places[k], t->now_s);
    script_add(s, logs_stay_sh);
    script_add(s, "}\n");
    return exchange(t, FOLLOW_SILENCE_MS, e);
}

/* One connection. */
static int tail_once(struct log_tail *t, struct err *e)
{
    const struct remote_handler handler = {.line = log_take, .ud = t};
    int rc = stream_open(&t->stream, t->wish.host, &t->cancel, &handler, e);
    if (rc == 0)
        rc = hello(t, e);
    if (rc == 0) {
        say_back(t);
        say_clock(t);
        if (t->options->since_us)
            t->wish.since_us = t->options->since_us + log_clock_ahead(t);
        rc = catch_up(t, e);
    }
    if (rc == 0)
        logs_caught_up(t->logs, t);
    if (rc == 0 && t->options->follow)
        rc = follow(t, e);
    stream_close(&t->stream);
    return rc;
}

/*
 * Whether it makes sense to try again: a host that was followed may refuse us while it boots; one
 * that has never let us in will not.
 */
static bool worth_a_retry(const struct log_tail *t, const struct err *e)
{
    return t->options->follow && (t->reached || e->code == ERR_UNREACHABLE);
}

void log_tail_run(struct log_tail *t)
{
    for (int wait_ms = RETRY_LEAST_MS;;) {
        struct err e = {0};
        int64_t began = clock_ms();
        int rc = tail_once(t, &e);
        if (rc == 0 || e.code == ERR_INTERRUPTED)
            break;
        if (!t->away_since_ms && clock_ms() - began > STAYED_MS)
            wait_ms = RETRY_LEAST_MS;
        bool retry = worth_a_retry(t, &e);
        if (!t->away_since_ms || !retry)
            logs_notify(t->logs, &(struct log_notice){.kind = LOG_UNREACHED,
                                                      .host = t->wish.host,
                                                      .err = e,
                                                      .retried = retry});
        if (!t->away_since_ms)
            t->away_since_ms = clock_ms();
        logs_caught_up(t->logs, t);
        if (!retry || ssh_cancelled(&t->cancel, wait_ms))
            break;
        wait_ms = wait_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : wait_ms * 2;
    }
    logs_caught_up(t->logs, t);
}
