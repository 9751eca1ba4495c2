#pragma once
/* What a failover test found, as text, JSON and JUnit. See cli/failover_html.h for the page. */
#include <stdio.h>

#include "cli/term.h"
#include "failover/report.h"

/* One trial, as it ends. */
void failover_print_trial(FILE *f, const struct style *st, const struct failover_report *r,
                          const struct trial *t);
/* The table of all scenarios, and a last line with the totals. After failover_summarise(). */
void failover_print_summary(FILE *f, const struct style *st, const struct failover_report *r);

/*
 * One object a line. Times are microseconds since the trial's load began; what was not seen is left
 * out. `requests`: with each request's record, as rows of an array whose columns it names.
 */
void failover_print_trial_json(FILE *f, const struct failover_report *r, const struct trial *t,
                               bool requests);
/* The line of each scenario ("summary") and the last ("result"). */
void failover_print_result_json(FILE *f, const struct failover_report *r);
/* All of it: trials, summaries, result. */
void failover_print_json(FILE *f, const struct failover_report *r, bool requests);

/* A test case a trial: clusterctl.failover, director-kill[2]. */
void failover_print_junit(FILE *f, const struct failover_report *r);
