#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    e->code = code;
    e->hint[0] = '\0';
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    return -1;
}

int err_errno(struct err *e, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    if (saved == ENOMEM)
        out_of_memory();
    e->code = ERR_SYSTEM;
    e->hint[0] = '\0';
    va_start(ap, fmt);
    int n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof e->msg)
        snprintf(e->msg + n, sizeof e->msg - (size_t)n, ": %s", strerror(saved));
    errno = saved;
    return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    struct strbuf sb = {.cap = sizeof e->msg - 1};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&sb, fmt, ap);
    va_end(ap);
    sb_addf(&sb, ": %s", e->msg);
    memcpy(e->msg, sb_str(&sb), sb.len + 1);
    sb_free(&sb);
    return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->hint, sizeof e->hint, fmt, ap);
    va_end(ap);
    return -1;
}

int err_exit_status(enum err_code code)
{
    switch (code) {
    case ERR_NONE: return 0;
    case ERR_USAGE: return 64;
    case ERR_INVENTORY: return 65;
    case ERR_UNREACHABLE: return 69;
    case ERR_LOCKED: return 75;
    case ERR_INTERRUPTED: return 130;
    case ERR_FAILED:
    case ERR_SYSTEM:
    case ERR_PROTOCOL: break;
    }
    return 1;
}
