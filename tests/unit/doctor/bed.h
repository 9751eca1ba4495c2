#pragma once
/* A cluster's answers, all well, for a test to spoil; and what the rules make of them. */
#include "../verify/fake.h"
#include "../verify/test.h"
#include "doctor/rule.h"

struct bed {
    struct exam exam;
    struct doctor_report report;
    struct doctor_options options;
};

/* The two sides of a step. */
struct wanted {
    struct resource *want, *have;
};

extern struct bed bed;

int bed_setup(void **state);
int bed_teardown(void **state);

/* A host's further line "TAG TEXT", or all lines of a tag replaced by one ("" for none). */
void bed_say(unsigned host, const char *line);
void bed_instead(unsigned host, const char *tag, const char *text);
/* A step in the host's plan, its want and have zero but for what the test sets. */
struct wanted bed_step(unsigned host, enum res_type type, const char *key);

/* Run the sets; the findings, causes only, are in bed.report. */
void bed_examine(const struct rule_set *const *sets);
/* The one finding there is: of this id, on this host. */
const struct finding *bed_only(const char *id, const char *host);
bool bed_shows(const struct finding *f, const char *text); /* among its evidence */
bool bed_sees(const struct finding *f, const char *text);  /* among its symptoms */
