#pragma once
/*
 * What a host is asked for its logs: three pieces of one script. Internal to ops/.
 *
 *   hello      its clock, its boot, its files
 *   catch up   what has been written up to now, from where we are on
 *   follow     what is written from then on, until its standard input ends
 *
 * Lines of logs come as `l SOURCE:BYTE:TEXT`, BYTE counted from that of the last `r at SOURCE BYTE`.
 */
#include "engine/script.h"
#include "ops/log_place.h"

/* What a host has of what is wanted. */
struct logs_wish {
    const struct cluster *cluster;
    const struct host *host;
    unsigned services;
    unsigned lines;    /* newest lines of each source; 0: all since since_us */
    int64_t since_us;  /* by the host's clock; 0: not given */
};

bool logs_has_source(const struct logs_wish *w, enum log_source s);
/* NULL: it is no file. */
const char *log_source_file(enum log_source s);

/*
 * Answers: `r boot ID`, `r clock NS` (engine/host_clock.h), `r now SECONDS`, `r zone +HHMM`,
 * `r journal US` (its first line's time, where /var/log/messages is there and it has one),
 * `r file SOURCE INODE SIZE START`, `r old SOURCE INODE SIZE START`, `hello`.
 * ago_s: begin files with what is that old, or with after_s since 1970 by the host's clock; both -1:
 * with w->lines.
 */
void logs_ask_hello(struct script *s, const struct logs_wish *w, int64_t ago_s,
                    const int64_t after_s[static LOG_SOURCES]);
/* Pieces of the second part. */
void logs_ask_journal(struct script *s, const struct logs_wish *w, enum log_source source,
                      const struct log_place *p);
void logs_ask_file(struct script *s, enum log_source source, const struct log_catch_up *c,
                   const struct log_file_seen *now, const struct log_file_seen *old);
/*
 * Pieces of the third, all of which must be in one brace group: what is behind it in the shell's
 * input is not the script's any more. Follow one source, in the background; `over SOURCE` when that
 * ends. now_s: the host's time in the hello.
 */
void logs_ask_follow(struct script *s, const struct logs_wish *w, enum log_source source,
                 const struct log_place *p, int64_t now_s);
/* The last words of a script that follows: `r clock NS` every few seconds, and the end of it all. */
extern const char logs_stay_sh[];
