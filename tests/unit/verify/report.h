#pragma once
/* A run of the checks against the fake, and what is expected of its report. */
#include "fake.h"
#include "verify/verify.h"

extern struct verify_report report;

/* cmocka's: a fake that is as it should be for each test. */
int setup(void **state);
int teardown(void **state);

void verify(unsigned settle_ms);
/* With what watches the cluster. */
void verify_watched(enum verify_monitoring how);
const struct check_result *result(const char *id, const char *subject);
void assert_contains(const char *text, const char *part);
void assert_fails(const char *id, const char *subject, const char *reason);
/* The ids of what failed, and with a "~" of what was skipped, in order. */
void assert_only(const char *failed);
