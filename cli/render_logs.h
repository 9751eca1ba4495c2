#pragma once
/* A line of a log, and what happens to the hosts while logs are read, in words. */
#include "cli/command.h"
#include "ops/logs.h"

struct log_columns {
    const struct style *style;
    size_t host, service; /* columns */
};

struct log_columns log_columns(const struct invocation *in, unsigned services);
/* "2026-01-31 12:00:00.123 HOST SERVICE PROGRAM[PID]: TEXT", in local time; with the newline. */
void log_line_text(struct strbuf *out, const struct log_columns *c, const struct log_line *l);
void log_line_json(struct strbuf *out, const struct log_line *l);
void log_notice_text(struct strbuf *out, const struct log_notice *n);
