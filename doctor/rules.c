/* The table of rule sets: evidence is gathered, and rules run, in this order. */
#include "doctor/rule.h"

const struct rule_set *const rule_sets[] = {
    &rule_set_reach,
    &rule_set_vrrp,
    &rule_set_vrid,
    &rule_set_keepalived,
    &rule_set_ipvs,
    &rule_set_vip,
    &rule_set_http,
    &rule_set_nfs,
    &rule_set_selinux,
    &rule_set_host,
    &rule_set_drift, /* the last: what no rule above accounts for */
    NULL,
};
