#pragma once
/* What the rules of subject "ipvs" share: rules_ipvs.c (servers), rules_ipvs_table.c (tables). */
#include "doctor/rule.h"

/* "10.1.1.140:80", "[fd00::1]:80", as ipvsadm takes it. */
const char *service_words(struct exam *x, const struct service *s);

void ipvs_emptied(struct exam *x);
void ipvs_misplaced(struct exam *x);
