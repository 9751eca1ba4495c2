#pragma once
/*
 * A timeline of where a run spends its time, a lane for each host: off, and next to free, until trace_start().
 * In Chrome's trace event format (the "Trace Event Format" document of the Chromium project; its viewer,
 * Perfetto and speedscope read it). Names are copied; from any thread.
 */
#include <stdint.h>

#include "base/strbuf.h"

void trace_start(void);
/* A span that ends now. `lane` and `name` may be anything: they are written as JSON strings. */
void trace_since(int64_t began_us, const char *lane, const char *name);
/* All of it as JSON; ends it, and forgets. */
void trace_write(struct strbuf *out);

/* From here to the end of the block: TRACE(host, "log-in"). Both must live until then. */
struct trace_span {
    const char *lane, *name;
    int64_t began_us;
};
struct trace_span trace_begin(const char *lane, const char *name);
void trace_end(struct trace_span *s);
#define TRACE(lane, name)                                                                          \
    __attribute__((cleanup(trace_end), unused)) struct trace_span trace_span_here =                \
        trace_begin(lane, name)
