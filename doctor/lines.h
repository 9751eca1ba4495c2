#pragma once
/* What several rules do with a host's evidence and with its plan. */
#include "doctor/rule.h"

/* Every line with this tag becomes evidence: "HOST: WHAT: LINE". */
void add_lines(struct exam *x, struct finding *f, const struct exam_host *h, const char *tag,
               const char *what);
/* The finding accounts for the steps of this type whose key begins so. True: a deploy can do one.
 */
bool take_steps(struct exam *x, struct finding *f, const struct exam_host *h, enum res_type type,
                const char *begin);
