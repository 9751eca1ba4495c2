#pragma once
/*
 * What rsyslog writes of the cluster's services, on hosts whose journal does not have it: one that
 * is kept in memory begins with the boot, and that of CentOS 7 cannot be asked for what we need.
 * Internal to ops/.
 */
#include "base/strbuf.h"
#include "ops/log_entry.h"

/* Whether anything of these services on a host of these roles is found there. */
bool log_syslog_has(unsigned services, unsigned roles);
/* The extended regular expression that its lines match, and no others. */
void log_syslog_pattern(struct strbuf *out, unsigned services, unsigned roles);
/*
 * "Nov 14 23:13:20 host prog[12]: text" (RFC 3164, 4.1.2) or "2023-11-14T23:13:20.123456+01:00 host
 * ...". The first has no year: it is the latest that does not make the line a day newer than the
 * host's time, now_s. False: of none of our services.
 */
bool log_entry_syslog(struct log_entry *out, const char *raw, int zone_s, int64_t now_s);
