#pragma once
/*
 * Errors with context.
 *
 * Convention used everywhere below cli/: a function that can fail takes `struct err *e` as its last
 * parameter and returns 0 or -1 (or a pointer or NULL). Whoever finds the failure calls err_set();
 * every caller on the way up that knows something more (which host, which file) adds it in front
 * with err_wrap(). Only cli/ prints. A message says what failed, where and why; the hint says what
 * to do next. `e` is never NULL.
 */
#include <stdbool.h>

enum err_code {
    ERR_NONE = 0,
    ERR_FAILED,      /* a step or a check failed: exit 1 */
    ERR_USAGE,       /* the command line: exit 64 (sysexits EX_USAGE) */
    ERR_INVENTORY,   /* bad inventory: exit 65 (EX_DATAERR) */
    ERR_UNREACHABLE, /* a host cannot be reached, or its connection was lost: exit 69 (EX_UNAVAILABLE) */
    ERR_LOCKED,      /* another run holds the lock: exit 75 (EX_TEMPFAIL) */
    ERR_INTERRUPTED, /* Ctrl-C or SIGTERM: exit 130 */
    ERR_SYSTEM,      /* a local system call failed: exit 1 */
    ERR_PROTOCOL,    /* the remote end said something that makes no sense: exit 1 */
};

struct err {
    enum err_code code;
    char msg[1024];
    char hint[512];
};

/* Forget any earlier error and record this one. Always returns -1, so `return err_set(...)`. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set(), with ": strerror(errno)" appended; the code is ERR_SYSTEM. */
int err_errno(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "context: " before the message. Always returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Say what to do about it. Replaces an earlier hint. Always returns -1. */
int err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The exit status that the command line promises for a code (see clusterctl(1)). */
int err_exit_status(enum err_code code);
