#pragma once
/*
 * A failover test's report as a page for people: one file that needs nothing else, no network and
 * no scripts, in the reader's choice of light or dark. After failover_summarise().
 */
#include "base/err.h"
#include "base/strbuf.h"
#include "failover/report.h"

void failover_html(struct strbuf *out, const struct failover_report *r);
/* The same as a file, replaced as a whole. */
int failover_write_html(const char *path, const struct failover_report *r, struct err *e);
