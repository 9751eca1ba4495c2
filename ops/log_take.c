#include "ops/log_take.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "engine/catalog.h"

int64_t log_wall_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t log_clock_ahead(const struct log_tail *t)
{
    enum { ON_THE_WAY_US = 25 * 1000 };
    int64_t ahead = t->clock.known ? clock_us() - t->clock.offset_us - log_wall_us() : 0;
    return t->may_be_right && ahead <= 0 && ahead >= -ON_THE_WAY_US ? 0 : ahead;
}

/*
 * In the hello, samples one after the other; then one every few seconds. The least of the last
 * minute counts: the others were on the way for longer.
 */
static void take_clock(struct log_tail *t, const char *ns)
{
    struct clock_offset one = {0};
    uint64_t theirs;
    if (parse_u64(ns, 0, INT64_MAX, &theirs))
        t->latest_s = (int64_t)(theirs / 1000000000);
    if (!t->now_s) {
        if (!t->clock.known)
            t->may_be_right = parse_u64(ns, 0, INT64_MAX, &theirs) &&
                              (int64_t)(theirs / 1000) >= t->asked_us;
        clock_sample(&t->clock, ns);
        return;
    }
    clock_sample(&one, ns);
    if (!one.known)
        return;
    t->beats[t->n_beats++ % TAIL_BEATS] = one.offset_us;
    if (t->n_beats < TAIL_BEATS) {
        if (one.offset_us < t->clock.offset_us)
            t->clock.offset_us = one.offset_us;
        return;
    }
    t->clock.offset_us = t->beats[0];
    for (size_t i = 1; i < TAIL_BEATS; i++)
        if (t->beats[i] < t->clock.offset_us)
            t->clock.offset_us = t->beats[i];
}

/* "+0130" */
static int zone_seconds(const char *s)
{
    uint64_t n;
    if ((s[0] != '+' && s[0] != '-') || !parse_u64(s + 1, 0, 2359, &n))
        return 0;
    int seconds = (int)(n / 100 * 3600 + n % 100 * 60);
    return s[0] == '-' ? -seconds : seconds;
}

/* Hosts' words: what is added to a byte, or made microseconds of a time, stays a number. */
static const int64_t most_bytes = INT64_MAX / 4, most_seconds = INT64_MAX / 4 / 1000000;

/* The next word of *s as a number; -1: it is none. */
static int64_t take_number(char **s, int64_t most)
{
    char *word = parse_word(s);
    uint64_t n;
    return word && parse_u64(word, 0, (uint64_t)most, &n) ? (int64_t)n : -1;
}

/* "SOURCE INODE SIZE START" */
static void take_file(struct log_tail *t, struct log_file_seen *files, char *rest)
{
    int64_t source = take_number(&rest, LOG_SOURCES - 1), inode = take_number(&rest, INT64_MAX);
    int64_t size = take_number(&rest, most_bytes), start = take_number(&rest, most_bytes);
    (void)t;
    if (source < 0 || inode < 0 || size < 0 || start < 0)
        return;
    files[source] = (struct log_file_seen){true, (uint64_t)inode, size, start};
}

/* "SOURCE BYTE": what comes next is of the old file when that is due, and of the new one then. */
static void take_base(struct log_tail *t, char *rest)
{
    int64_t source = take_number(&rest, LOG_SOURCES - 1), byte = take_number(&rest, most_bytes);
    if (source < 0 || byte < 0)
        return;
    struct log_place *p = &t->places[source];
    bool old = t->due[source].old_from >= 0;
    t->due[source].old_from = -1;
    t->base[source] = byte;
    p->next = byte;
    p->inode = old ? t->old[source].inode : t->now[source].inode;
}

/* Where its first line begins. */
static void take_journal(struct log_tail *t, char *rest)
{
    int64_t us = take_number(&rest, most_seconds * 1000000);
    t->journal_us = us > 0 ? us : 0;
}

static void take_record(struct log_tail *t, char *rest)
{
    char *what = parse_word(&rest);
    if (!what)
        return;
    if (!strcmp(what, "clock"))
        take_clock(t, rest);
    else if (!strcmp(what, "now"))
        t->now_s = t->latest_s = take_number(&rest, most_seconds);
    else if (!strcmp(what, "journal"))
        take_journal(t, rest);
    else if (!strcmp(what, "zone"))
        t->zone_s = zone_seconds(rest);
    else if (!strcmp(what, "boot"))
        snprintf(t->boot, sizeof t->boot, "%s", rest);
    else if (!strcmp(what, "file"))
        take_file(t, t->now, rest);
    else if (!strcmp(what, "old"))
        take_file(t, t->old, rest);
    else if (!strcmp(what, "at"))
        take_base(t, rest);
}

/* Behind this line of a file. One that was cut has an end that we do not know. */
static bool move_on(struct log_tail *t, enum log_source k, int64_t byte, size_t len, bool cut)
{
    struct log_place *p = &t->places[k];
    bool fragment = p->torn;
    p->torn = cut;
    p->next = t->base[k] + byte + (int64_t)len + !cut;
    p->known = true;
    return !fragment || byte > 0;
}

/* glibc may say that nothing matches when there is no memory. */
static bool matches(const regex_t *re, const char *s)
{
    errno = 0;
    int rc = regexec(re, s, 0, NULL, 0);
    if (rc && errno == ENOMEM)
        out_of_memory();
    return rc == 0;
}

static bool is_wanted(const struct log_tail *t, const struct log_line *l)
{
    const struct logs_options *o = t->options;
    if (!(t->wish.services & 1u << l->service))
        return false;
    if (o->since_us && l->at_us + (l->seconds ? 999999 : 0) < o->since_us)
        return false;
    return !o->grep || matches(o->grep, l->text) ||
           (l->from && matches(o->grep, l->from));
}

/*
 * A source's own order stands, however the measure of the host's clock moves. A log that tells
 * seconds only is not moved by less: the measure would make another second of it.
 */
static int64_t by_our_clock(struct log_tail *t, enum log_source k, int64_t host_us, bool seconds)
{
    enum { COARSE_US = 500 * 1000 };
    int64_t ahead = log_clock_ahead(t);
    bool coarse = seconds && ahead < COARSE_US && ahead > -COARSE_US;
    int64_t at = host_us - (coarse ? 0 : ahead);
    if (host_us >= t->newest_us[k]) {
        if (at < t->shown_us[k])
            at = t->shown_us[k];
        t->shown_us[k] = at;
        t->newest_us[k] = host_us;
    }
    return at;
}

/* keepalived quotes the lines of its file that it does not like, and auth_pass may stand in one. */
static void show(const struct log_tail *t, struct strbuf *out)
{
    const struct catalog c = {.cluster = t->wish.cluster, .host = t->wish.host};
    if (t->entry.service == LOG_KEEPALIVED)
        catalog_mask(&c, out, t->entry.text, strlen(t->entry.text));
    else
        sb_add(out, t->entry.text);
}

static void hand_on(struct log_tail *t, enum log_source k, bool cut)
{
    autosb struct strbuf shown = {0};
    show(t, &shown);
    const struct log_entry *x = &t->entry;
    size_t text = shown.len + 1, from = strlen(x->from) + 1;
    struct log_line *l = xmalloc(sizeof *l + text + from);
    char *room = (char *)(l + 1);
    *l = (struct log_line){.host = t->wish.host,
                           .service = x->service,
                           .host_us = x->host_us,
                           .at_us = by_our_clock(t, k, x->host_us, x->seconds),
                           .seconds = x->seconds,
                           .cut = cut || x->cut,
                           .priority = x->priority,
                           .pid = x->pid,
                           .text = memcpy(room, sb_str(&shown), text),
                           .from = memcpy(room + text, x->from, from)};
    if (!l->from[0])
        l->from = NULL;
    if (is_wanted(t, l))
        logs_deliver(t->logs, l);
    else
        xfree(l);
}

/* The file's end for us was found by whole seconds, in a zone whose offset may have changed. */
static bool in_journal(const struct log_tail *t, enum log_source k)
{
    return k == SOURCE_MESSAGES && t->journal_us && !t->entry.seconds &&
           t->entry.host_us >= t->journal_us;
}

/* "SOURCE:BYTE:TEXT" */
static void take_line(struct log_tail *t, char *rest)
{
    char *byte_at = strchr(rest, ':'), *text = byte_at ? strchr(byte_at + 1, ':') : NULL;
    uint64_t source, byte;
    if (!text)
        return;
    *byte_at++ = *text++ = '\0';
    if (!parse_u64(rest, 0, LOG_SOURCES - 1, &source) ||
        !parse_u64(byte_at, 0, (uint64_t)most_bytes, &byte))
        return;
    enum log_source k = (enum log_source)source;
    struct log_place *p = &t->places[k];
    size_t len = strlen(text), marks = (size_t)(text - rest) + strlen("@ l ") + NONCE_LEN;
    bool cut = len + marks >= LOG_RAW_MAX;
    if (log_source_file(k) && !move_on(t, k, (int64_t)byte, len, cut))
        return;
    struct log_entry *x = &t->entry;
    if (!log_entry_parse(x, k, text, t->zone_s, t->latest_s))
        return;
    if (!x->timed)
        x->host_us = x->stored_us = p->last_us ? p->last_us : t->now_s * 1000000;
    if (x->cursor[0] && x->stored_us >= p->cursor_us) {
        memcpy(p->cursor, x->cursor, sizeof p->cursor);
        p->cursor_us = x->stored_us;
    }
    if (x->stored_us > p->last_us)
        p->last_us = x->stored_us;
    p->known = true;
    if ((!t->after_us[k] || x->stored_us > t->after_us[k]) && !in_journal(t, k))
        hand_on(t, k, cut);
}

int log_take(void *ud, char *kind, char *rest, struct err *e)
{
    struct log_tail *t = ud;
    if (!strcmp(kind, "l"))
        take_line(t, rest);
    else if (!strcmp(kind, "r"))
        take_record(t, rest);
    else if (!strcmp(kind, "hello") || !strcmp(kind, "caught"))
        stream_wake(&t->stream);
    else if (!strcmp(kind, "over"))
        return err_set(e, ERR_FAILED, "what follows a log there has ended");
    return 0;
}
