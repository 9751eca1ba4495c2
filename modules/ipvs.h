#pragma once
/* The usual value of one of the sysctls that module ipvs sets, as /proc/sys shows it; NULL: none. */
const char *ipvs_sysctl(const char *key);
