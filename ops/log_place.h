#pragma once
/*
 * How far one log of one host has been read, and where to go on after a connection was lost: not a
 * line twice, not a line missing. Internal to ops/.
 */
#include "ops/log_entry.h"

/* A file as a host finds it: the log itself, or what logrotate(8) has made of the one before. */
struct log_file_seen {
    bool there;
    uint64_t inode;
    int64_t size;
    int64_t start; /* the byte from which on it was asked for, by lines or by time */
};

struct log_place {
    bool known;      /* something of it was read */
    int64_t last_us; /* the time of the newest line, by the host's clock; 0: none */
    /* The journal. */
    char cursor[LOG_CURSOR_MAX]; /* "": none */
    int64_t cursor_us;
    /* A file: the next byte is number `next` (from 0) of the file with that inode. */
    uint64_t inode;
    int64_t next;
    bool torn; /* `next` is inside of a line that was cut */
};

/* What to read of a file before it is followed from the end that was seen on. */
struct log_catch_up {
    int64_t old_from, from; /* ...up to both their sizes; old_from -1: nothing of the old one */
    bool gap;               /* lines may be missing in between */
};

/* `same_boot`: what the host has said of its files before is still true of them. */
struct log_catch_up log_catch_up(const struct log_place *p, const struct log_file_seen *now,
                                 const struct log_file_seen *old, bool same_boot);
