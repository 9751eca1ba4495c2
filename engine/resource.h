#pragma once
/*
 * Resources: the few typed things that a host is made of. What is wanted and what is observed have
 * the same type, and the plan is their difference. Each type's behaviour lives in its own file
 * (res_*.c) behind the table in restype.h.
 *
 * Strings belong to the arena of the catalog (wanted) or of the observation (observed).
 */
#include <stdbool.h>
#include <stddef.h>

#include "engine/facts.h"
#include "inventory/cluster.h"

enum res_type {
    RES_HOSTNAME,
    RES_NETWORK,
    RES_CONFIRM,
    RES_PACKAGES,
    RES_PORT,
    RES_DIR,
    RES_FILE,
    RES_BLOCK,
    RES_SYSCTL,
    RES_KMOD,
    RES_ADDRESS,
    RES_FIREWALL,
    RES_SEBOOL,
    RES_SELINUX,
    RES_EXPORT,
    RES_MOUNT,
    RES_SERVICE,
    RES_OWNED,
    RES_TYPES
};

/* What a change costs the cluster's users, from nothing to a moved VIP. Ordered. */
enum impact { IMPACT_NONE, IMPACT_RELOAD, IMPACT_RESTART, IMPACT_VIP_MOVES };
const char *impact_name(enum impact i);

/* The program that must accept a new file before it takes the old one's place. */
enum file_check {
    FILE_CHECK_NONE,
    FILE_CHECK_KEEPALIVED, /* keepalived -t: any output is a refusal (FIELD-NOTES) */
    FILE_CHECK_NGINX,      /* nginx -t with the file in its place, in a private mount namespace */
    FILE_CHECK_FSTAB,      /* findmnt --verify */
    FILE_CHECK_SYSTEMD,    /* systemd-analyze verify */
    FILE_CHECK_NFT,        /* nft -c -f */
    FILE_CHECK_PROMETHEUS,       /* promtool check config: with the rule files that it names */
    FILE_CHECK_PROMETHEUS_RULES, /* promtool check rules */
};

/* key: the host name */
struct res_hostname {
    const char *live;   /* kernel's */
    const char *stored; /* /etc/hostname */
};

struct catalog;

struct net_file {
    const char *path, *content;
};

/*
 * The host's address, static: in the files of what manages the interface, and live. key: our file.
 * The live half changes under a timer that takes everything back; see RES_CONFIRM.
 */
struct res_network {
    enum net_stack stack;
    const char *interface;
    struct ipaddr address;
    const char *content; /* of our file; observed: NULL when there is none */
    const char *live;    /* wanted: "10.1.1.130/24 via 10.1.1.1" */
    /* observed */
    const char *addresses, *gateways; /* "10.1.1.130/24", "10.1.1.1"; joined by commas; NULL: none */
    struct net_file *others;          /* every other file that ifupdown reads */
    size_t n_others;
    const char *in_force; /* the file that systemd-networkd uses for the interface, or NULL */
};

/*
 * The timer that takes a network change back. key: its unit. Wanted: none is pending. As its step
 * needs the milestone of the network's, it is sent only over the network that has been changed.
 */
struct res_confirm {
    bool pending; /* observed */
};

/* A set installed in one transaction. key: a label, "packages" */
struct res_packages {
    enum package_manager manager; /* wanted */
    const char *repository;   /* wanted: the package that brings a repository of theirs, or NULL */
    const char *const *names; /* NULL-terminated */
    bool *installed;          /* observed: one for each name */
};

/*
 * A port that must be free or held by one of ours. key: "tcp/80". Somebody else's is refused; another
 * web server is stopped and disabled where that is asked for.
 */
struct res_port {
    unsigned port;
    bool stop;            /* wanted */
    const char *owner;    /* wanted: the program that may hold it; observed: who does, or NULL */
    const char *evidence; /* observed: the line of ss(8) */
};

/* key: absolute path */
struct res_dir {
    bool exists;
    bool any; /* wanted: existence is all that counts (a mount point shows the mounted root's mode) */
    const char *owner, *group;
    unsigned mode;
};

/* key: absolute path */
struct res_file {
    bool exists;         /* wanted: always true */
    const char *content; /* NUL-terminated text; NULL when it does not exist */
    size_t len;
    bool special;        /* observed: there, but not a regular file */
    const char *owner, *group;
    unsigned mode;
    enum file_check check;
    bool seed;          /* create it when missing; never overwrite: its content is the user's */
    bool backup;        /* keep the first original beside it as PATH.clusterctl-orig */
    bool daemon_reload; /* a systemd unit or drop-in */
    enum impact impact; /* wanted: of its change, beyond that of what it notifies */
};

/*
 * A block between marker lines in a file shared with others. key: absolute path. Lines outside the
 * block whose field number drop_field (from 1) is drop_value are taken out: they say the same thing
 * another way (an older fstab line for our mount point).
 */
struct res_block {
    const char *marker;  /* "clusterctl" */
    const char *content; /* the lines inside */
    unsigned drop_field; /* 0: drop nothing */
    const char *drop_value;
    const char *drop_value2; /* or NULL */
    enum file_check check;
    /* observed: the whole file as it is */
    bool exists;
    const char *file;
    size_t file_len;
    const char *owner, *group;
    unsigned mode;
};

/* Live value only; the file is a RES_FILE. key: "net.ipv4.conf.all.arp_ignore" */
struct res_sysctl {
    const char *value;
};

/* Loaded now; at boot is a RES_FILE in modules-load.d. key: module name */
struct res_kmod {
    bool loaded;
};

/* A live address and its host route; at boot is a service. key: "10.1.1.140/32" */
struct res_address {
    struct ipaddr address;
    unsigned prefix;
    const char *interface;
    const char *label; /* "lo:1" */
    bool present, route;
};

/* One thing to let in. */
struct fw_rule {
    const char *protocol; /* "tcp", "udp", "vrrp" */
    unsigned port;        /* 0 for vrrp */
    struct ipaddr source; /* family 0: anyone */
};

enum firewall_backend { FW_NONE, FW_FIREWALLD, FW_UFW, FW_IPTABLES, FW_NFTABLES };

/* The rules that must be in force in whatever firewall is active. key: "firewall" */
struct res_firewall {
    bool disabled; /* wanted: no firewall at all */
    struct fw_rule *rules;
    size_t n_rules;
    /* observed: what is active, and the rules of ours in it, now and after a reboot, in its words */
    enum firewall_backend backend;
    const char *const *chains; /* nftables: "inet filter input", those that drop; iptables: all INPUT */
    const char *const *boot_chains; /* those that a boot makes; "*": not known */
    const char *const *live, *const *stored;
    const char *const *ours; /* firewalld, ufw: of these, and maybe gone by now, those that we made */
};

/* key: boolean's name */
struct res_sebool {
    bool on;
};

/* Enforcement off. key: "selinux" */
struct res_selinux {
    enum selinux_policy mode; /* wanted: SELINUX_PERMISSIVE or SELINUX_DISABLED */
    bool by_argument;         /* wanted: a kernel must be told so to be rid of it; observed: all are */
    /* observed */
    bool can_argue;           /* grubby(8) is there */
    bool live, enforcing;
    const char *config;       /* what the next boot reads; NULL: there is no such file */
};

/* Live export table. key: the exported path */
struct res_export {
    const char *const *clients; /* addresses, NULL-terminated */
    const char *options;        /* wanted, comma separated: all must be in force */
    const char *const *live;    /* observed: "client options" lines of the table for this path */
};

/* key: mount point */
struct res_mount {
    const char *source; /* "10.1.1.134:/nfs/web"; observed: NULL when nothing is mounted */
    const char *fstype; /* "nfs": nfs4 counts as the same */
    const char *options;/* wanted: not compared; observed: for evidence */
    bool stale;         /* observed: a stat did not answer in time */
};

enum notify { NOTIFY_NONE, NOTIFY_RELOAD, NOTIFY_RESTART };

/* key: unit name with suffix */
struct res_service {
    bool exists, enabled, active;
    bool stopped;        /* wanted: not active, and whether it is enabled does not matter */
    enum notify pending; /* observed: a changed file has not been taken up yet */
    bool stale_unit;     /* observed: systemd's NeedDaemonReload */
    const char *state;   /* observed: "failed", "inactive", ... for messages */
};

/*
 * That the host remembers what it was before us: a record for each resource of the catalog, see
 * owned.h. key: the directory it keeps it in. With `forget`: that nothing of it is left.
 */
struct res_owned {
    const struct catalog *catalog; /* wanted */
    bool forget;                   /* wanted */
    bool exists;                   /* observed */
    const char *const *records;    /* observed: "TYPE KEY", as in the records */
};

/* Something that must have happened on another host first. */
struct need {
    const struct host *host;
    const char *milestone; /* what the other host's resource `provides` */
    bool soft;             /* go on without it when that host has failed */
};

struct owned;

struct resource {
    enum res_type type;
    const char *key;    /* unique among the type's resources of a host */
    const char *module; /* who declared it */
    size_t index;       /* in the catalog */
    union {
        struct res_hostname hostname;
        struct res_network network;
        struct res_confirm confirm;
        struct res_packages packages;
        struct res_port port;
        struct res_dir dir;
        struct res_file file;
        struct res_block block;
        struct res_sysctl sysctl;
        struct res_kmod kmod;
        struct res_address address;
        struct res_firewall firewall;
        struct res_sebool sebool;
        struct res_selinux selinux;
        struct res_export export;
        struct res_mount mount;
        struct res_service service;
        struct res_owned owned;
    };
    /*
     * Wanted: this is to be taken back, by what the host remembers of it; nothing else of the
     * resource is set. Observed: it has not been yet.
     */
    const struct owned *gone;
    /* Wanted only. */
    const char *notify; /* unit to reload or restart once this has changed; declared later */
    enum notify notify_how;
    struct need *needs;
    size_t n_needs;
    bool costless; /* what is notified, or is this service, serves no user of the cluster's */
    const char *provides; /* milestone reached once everything up to here is as wanted */
};
