#pragma once
/* What the checks found in the text format of Prometheus, for node_exporter's textfile collector. */
#include <stdint.h>

#include "base/strbuf.h"
#include "verify/verify.h"

/* `now_s` is the wall clock at the end, `elapsed_ms` what it all took. */
void metrics_of_checks(struct strbuf *out, const char *cluster, const struct verify_report *r,
                       int64_t now_s, int64_t elapsed_ms);
