#pragma once
/*
 * Facts: what a host is, as far as modules need to know before they can say what it must become.
 * Gathered by one short read-only script, or given (offline).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "engine/os.h"
#include "engine/owned.h"
#include "inventory/cluster.h"

struct iface_address {
    struct ipaddr address;
    unsigned prefix;
    const char *label;
};

struct iface {
    const char *name;
    const char *mac; /* "" for none */
    VEC(struct iface_address) addresses;
};

/* A host of the cluster, as this one remembers it; see members.h. */
struct member {
    const char *name;
    struct ipaddr address;
    uint16_t port;
    const char *user;
    enum become become;
    unsigned roles;
    bool departed; /* it had left the inventory when this was written */
};

enum selinux_mode { SELINUX_ABSENT, SELINUX_OFF, SELINUX_IS_PERMISSIVE, SELINUX_ENFORCING };

/* Who configures the interface that holds the host's address. */
enum net_stack { NET_UNKNOWN, NET_IFUPDOWN, NET_NETWORKD, NET_NETWORKMANAGER, NET_NM_IFCFG,
                 NET_SCRIPTS, NET_NETPLAN, NET_NETPLAN_NM };

/* What a run wants of a host's part in the traffic. Of a real server it is the directors' to do. */
enum wish {
    WISH_NONE,          /* as it is */
    WISH_DRAIN,         /* no new connections; a director gives the VIP away, until it boots */
    WISH_DRAIN_FOR_NOW, /* a real server: the same, and the next deploy may end it */
    WISH_UNDRAIN,
};

/* What is asked for with the units of hosts, rather than with what they are made of. */
enum unit_verb { UNITS_START, UNITS_STOP, UNITS_RESTART, UNITS_RELOAD };
struct unit_wish {
    enum unit_verb verb;
    const bool *hosts;   /* by index_in_cluster */
    const char *service; /* only the unit of this name, with or without ".service"; NULL: all */
};

/* A line of DRAINED_FILE: "NAME by operator", "NAME by deploy". */
struct drained {
    const char *name; /* a real server's, as in the inventory when it was drained */
    bool for_now;     /* a deploy's doing */
};

struct facts {
    const struct os_release *release; /* its row of the table of systems; NULL: not known (yet) */
    struct os_said said;              /* /etc/os-release */
    bool assume_family;               /* take the nearest row for a system that is not in the table */
    const char *kernel;                         /* uname -r */
    const char *hostname;
    const char *machine_id;
    bool root;                                  /* the shell runs as root */
    bool systemd;
    enum selinux_mode selinux;
    struct version keepalived; /* installed, else the package manager's candidate; 0.0.0: unknown */
    bool keepalived_installed;
    VEC(struct iface) ifaces;
    const char *interface;     /* the one that holds the host's inventory address, or NULL */
    VEC(struct drained) drained; /* directors: DRAINED_FILE */
    bool drains;               /* ...which is there */
    bool passive;              /* directors: HANDOVER_FILE says so */
    const enum wish *wishes;   /* by index_in_cluster; NULL: none */
    const struct unit_wish *units; /* NULL: none */
    const char *keepalived_conf; /* directors, where a real server is wished for: the file, or NULL */
    bool keepalived_conf_whole;  /* it is text, and this is all of it */
    enum net_stack net_stack;  /* looked for only where the inventory manages the network */
    const char *net_device, *net_profile; /* NetworkManager: type of the interface, active profile's file; or NULL */
    const char *good;          /* directors: "RUN SHA256" of the last good run (record.h), or NULL */
    const char *newest_run;    /* the last id of those that it remembers (record.h), or NULL */
    const char *holder;        /* who had the host's lock last, and where they were (lock.h), or NULL */
    VEC(struct member) members; /* none: it belongs to no cluster yet */
    const char *cluster_id;     /* "web 10.1.1.140", or NULL */
    VEC(struct owned) owned; /* what it remembers of before us, in the order in which it was made */
    bool unrecorded;         /* an older clusterctl set it up, and wrote nothing down */
    struct arena arena;
};

/* The reading script (a fragment for script.h) and its parser: one record at a time. */
struct script;
/* `f` is new; f->wishes, f->units and f->assume_family may be set. */
void facts_script(struct script *s, const struct cluster *c, const struct host *host,
                  const struct facts *f);
int facts_record(struct facts *f, char *value, struct err *e);
/* After the last record: derive, and refuse what cannot be served (unknown OS, not root, ...). */
int facts_finish(struct facts *f, const struct host *host, struct err *e);

/* What is given of a host instead of being looked at; NULL, ABSENT, UNKNOWN: nothing is. */
struct facts_given {
    const char *os_id, *os_version; /* both or none */
    const char *kernel, *interface;
    const char *keepalived;         /* "1.3.5", also the line of `keepalived -v` */
    enum selinux_mode selinux;
    enum net_stack net_stack;
};
/*
 * What a host would look like: without `given` (or what it leaves out) Debian 12 on eth0. For
 * --offline. The strings of `given` are not copied.
 */
void facts_assume(struct facts *f, const struct cluster *c, const struct host *host);
int facts_give(struct facts *f, const struct cluster *c, const struct host *host,
               const struct facts_given *given, struct err *e);
enum net_stack net_stack_named(const char *name); /* as the reading script says it */

/* What a director is to do with a real server: its list, as the run wishes it. */
enum wish facts_wish(const struct facts *f, const struct host *rs); /* DRAIN, FOR_NOW or NONE */
/* What was wished for has been carried out: the facts are as a new look would find them. */
void facts_carried_out(struct facts *f, const struct cluster *c, const struct host *self);
/* Is anything wished for a host of these roles? */
bool facts_wished(const struct facts *f, const struct cluster *c, unsigned roles);

bool facts_has_address(const struct facts *f, const struct ipaddr *a, const char **ifname);
void facts_free(struct facts *f);
