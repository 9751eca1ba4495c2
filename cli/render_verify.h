#pragma once
/* What the checks found, as text, JSON lines or JUnit XML. */
#include <stdio.h>

#include "cli/term.h"
#include "inventory/cluster.h"
#include "verify/verify.h"

void print_checks(FILE *f, const struct style *st, const struct verify_report *r, bool failed_only);
void print_checks_total(FILE *f, const struct verify_report *r);
/* One {"type":"check"} line a check. */
void print_checks_json(FILE *f, const struct verify_report *r);
void print_checks_junit(FILE *f, const struct cluster *c, const struct verify_report *r);
