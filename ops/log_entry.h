#pragma once
/* One line as a host sends it, taken apart. Internal to ops/. */
#include "ops/logs.h"

/* Where lines come from on a host; each is one process there that follows it. */
enum log_source {
    SOURCE_UNITS,
    SOURCE_KERNEL,
    SOURCE_ACCESS,
    SOURCE_ERROR,
    SOURCE_MESSAGES, /* /var/log/messages: what the journal does not have, see log_syslog.h */
    LOG_SOURCES
};

enum {
    LOG_RAW_MAX = 4000, /* what a host cuts its lines to, our own mark included */
    LOG_FROM_MAX = 48,
    LOG_CURSOR_MAX = 256,
};

struct log_entry {
    enum log_service service;
    bool timed;        /* the times are the line's own */
    int64_t host_us;   /* when it was written, by the host's clock */
    int64_t stored_us; /* when the journal took it in, which is what it can be found by */
    bool seconds;
    bool cut;
    int priority;
    unsigned pid;
    char from[LOG_FROM_MAX];
    char cursor[LOG_CURSOR_MAX]; /* of the journal; "": none */
    char text[LOG_RAW_MAX + 1];
};

/*
 * Take `raw` apart; `zone_s` is the host's distance from UTC and now_s its time, for logs that do not say them.
 * False: it is no line of such a source. The rest of a line that was cut is lost; what is there of
 * it counts.
 */
bool log_entry_parse(struct log_entry *out, enum log_source source, const char *raw, int zone_s,
                     int64_t now_s);
/* One JSON object of the journal's. */
bool log_entry_journal(struct log_entry *out, const char *json);
/* The month that a text begins with, "Jan" to "Dec", from 0; -1: none. */
int log_month(const char *s);
/* Which service's a unit of the journal is. */
enum log_service log_unit_service(const char *unit);
