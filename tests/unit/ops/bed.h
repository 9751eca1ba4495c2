#pragma once
/* The reference cluster as five looks, fed with lines as hosts would send them. */
#include "../verify/test.h"

#include "ops/look.h"
#include "ops/status_build.h"

enum { LVS1, LVS2, WEB1, WEB2, NFS, BED_HOSTS };

/* A director's lines, but for the numbers of its counters. */
#define ADDR_VIP "addr 2: eth0 inet 10.1.1.140/32 scope global eth0\\ valid\n"
#define TABLE                                                                                      \
    "ipvs -A -t 10.1.1.140:80 -s rr\n"                                                             \
    "ipvs -a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w 1\n"                                          \
    "ipvs -a -t 10.1.1.140:80 -r 10.1.1.133:80 -g -w 2\n"                                          \
    "ipvs_end\n"
#define VRRP(state, priority)                                                                      \
    "vrrp  VRRP Instance = VI_1\nvrrp  VRRP Version = 3\nvrrp  State = " state                     \
    "\nvrrp  Virtual Router ID = 10\nvrrp  Priority = " priority                                   \
    "\nvrrp  Advert interval = 0.1 sec\nvrrp   10.1.1.140\nvrrp_end\n"
#define CONNECTIONS                                                                                \
    "st_plain IP Virtual Server version 1.2.1 (size=4096)\n"                                       \
    "st_plain Prot LocalAddress:Port Scheduler Flags\n"                                            \
    "st_plain   -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"             \
    "st_plain TCP  10.1.1.140:80 rr\n"                                                             \
    "st_plain   -> 10.1.1.132:80                Route   1      3          40\n"                    \
    "st_plain   -> 10.1.1.133:80                Route   2      5          60\n"                    \
    "st_plain_end\n"
#define STATS(all, first, second)                                                                  \
    "st_stats Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"    \
    "st_stats TCP  10.1.1.140:80        " all "\n"                                                 \
    "st_stats   -> 10.1.1.132:80        " first "\n"                                               \
    "st_stats   -> 10.1.1.133:80        " second "\nst_stats_end\n"
#define RATE                                                                                       \
    "st_rate TCP  10.1.1.140:80        9 90 0 900 0\n"                                             \
    "st_rate   -> 10.1.1.132:80        4 40 0 400 0\n"                                             \
    "st_rate   -> 10.1.1.133:80        5 50 0 500 0\nst_rate_end\n"
#define UNIT(name, active, enabled)                                                                \
    "service:" name " LoadState loaded\nservice:" name " ActiveState " active "\nservice:" name    \
    " UnitFileState " enabled "\n"
#define KEEPALIVED UNIT("keepalived.service", "active", "enabled")
#define ON_LO "addr 1: lo inet 10.1.1.140/32 scope global lo:1\n"
/* Number 1 of a real server's catalog; number 1 of the NFS host's. */
#define MOUNTED                                                                                    \
    "1 line 163 23 0:39 / /srv/web rw,noatime shared:88 - nfs4 10.1.1.134:/nfs/web "               \
    "rw,vers=4.2,hard\n"
#define EXPORTED "1 client 10.1.1.132(rw,sync)\n1 client 10.1.1.133(rw,sync)\n"

extern const char bed_active[], bed_backup[], bed_web[], bed_nfs[];

struct bed {
    struct cluster cluster;
    struct host hosts[BED_HOSTS];
    struct service service;
    struct ipaddr vip;
    struct host_result results[BED_HOSTS];
    struct look looks[BED_HOSTS];
    const struct look *taken[BED_HOSTS]; /* NULL: late */
    int64_t waited_ms[BED_HOSTS];
    struct status_report report;
};

/* For cmocka: every host has answered as it should; *state is the bed. */
int bed_setup(void **state);
int bed_teardown(void **state);
/* A host's next answer. -1: a line was refused. */
int bed_answer(struct bed *b, size_t host, const char *lines);
void bed_away(struct bed *b, size_t host, enum status_answer answer, const char *why);
/* Build the report anew. */
const struct status_report *bed_report(struct bed *b);
/* Is there a problem of this subject whose text has these words? */
bool bed_problem(const struct status_report *r, const char *subject, const char *words);
