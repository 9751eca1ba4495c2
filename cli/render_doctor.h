#pragma once
/* What an examination found, as text or JSON lines. */
#include <stdio.h>

#include "cli/term.h"
#include "doctor/doctor.h"

void print_findings(FILE *f, const struct style *st, const struct doctor_report *r);
/* How much was looked at, and how much was found: the last line. */
void print_findings_total(FILE *f, const struct doctor_report *r);
/* One {"type":"finding"} line a cause, one {"type":"unexplained"} line a failure without one. */
void print_findings_json(FILE *f, const struct doctor_report *r, bool after_fix);
