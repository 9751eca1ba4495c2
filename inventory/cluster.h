#pragma once
/*
 * The inventory as an immutable model: what the operator asked for, every default filled in, every
 * cross-host rule checked. Strings belong to the cluster's arena. Nothing here knows the hosts'
 * facts.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ipaddr.h"
#include "base/mem.h"

enum role {
    ROLE_DIRECTOR = 1 << 0,
    ROLE_REAL_SERVER = 1 << 1,
    ROLE_NFS = 1 << 2,
};

enum protocol { PROTO_TCP, PROTO_UDP };
enum check_type { CHECK_TCP, CHECK_HTTP };
enum become { BECOME_NONE, BECOME_SUDO };
enum transport_kind {
    TRANSPORT_LIBSSH2, /* in this process */
    TRANSPORT_OPENSSH, /* the system's ssh */
};
enum host_key_policy {
    HOST_KEY_STRICT,     /* on file, or refused */
    HOST_KEY_ACCEPT_NEW, /* a host of which nothing is on file is put there */
};

/* Whose timers and habits are the defaults. An explicit value always wins. */
enum profile {
    PROFILE_FAST,    /* fail over in tenths of a second, hand over without loss */
    PROFILE_ARTICLE, /* the walk-through's own: there to be compared with */
};

enum firewall_policy {
    FIREWALL_OPEN,    /* let VRRP, the services and NFS through whatever firewall is active */
    FIREWALL_DISABLE, /* stop and disable it, as the article does */
    FIREWALL_LEAVE,   /* do not look at it */
};
enum web_servers_policy {
    WEB_SERVERS_REFUSE, /* another web server on a port of nginx' stands in a deploy's way */
    WEB_SERVERS_STOP,   /* it is stopped and disabled, as the article does */
};
enum selinux_policy {
    SELINUX_MANAGE,     /* set the booleans that the cluster needs */
    SELINUX_PERMISSIVE, /* as the article's temporary cure */
    SELINUX_DISABLED,   /* as its section 2.3.2: for good, from the next boot on */
    SELINUX_LEAVE,
};

struct health_check {
    enum check_type type;
    const char *path;       /* HTTP: request target, begins with '/' */
    const char *host;       /* HTTP: Host header; NULL means the VIP */
    unsigned status;        /* HTTP: the expected status, default 200 */
    unsigned interval_ms;   /* keepalived delay_loop */
    unsigned timeout_ms;    /* connect_timeout */
    unsigned retries;       /* failed tries after the first before the server leaves the table */
    unsigned retry_delay_ms;
};

struct service {
    struct ipaddr vip;      /* one of cluster.vips */
    uint16_t port;
    enum protocol protocol;
    const char *scheduler;  /* ipvs scheduler name: rr, wrr, lc, wlc, sh, mh, ... */
    unsigned persistence_s; /* 0: none */
    struct health_check check;
};

struct vrrp {
    unsigned virtual_router_id;     /* 1-255 (RFC 9568) */
    unsigned version;               /* 2 or 3 */
    unsigned advert_interval_cs;    /* hundredths of a second, the unit of VRRPv3 on the wire */
    const char *interface;          /* NULL: the one that holds the host's inventory address */
    const char *auth_pass;          /* NULL: none; at most 8 characters; VRRPv2 only; secret */
    bool unicast;                   /* adverts to the other director's address, not 224.0.0.18 */
    bool mixed_versions;            /* the directors' keepalived may be 1.x here and 2.x there */
    bool preempt;                   /* the higher priority takes the VIP back on its return */
};

struct nfs {
    const char *export_path;    /* on the NFS host, absolute */
    const char *mount_path;     /* on every real server, absolute; also nginx' root */
    const char *mount_options;  /* fstab's 4th field, "_netdev" and friends included */
    const char *export_options; /* exports(5) options of each real server */
    const char *owner, *group;  /* of the exported directory */
    unsigned mode;              /* of the exported directory */
    unsigned lease_s;           /* nfsd's lease and grace times, in seconds */
};

struct address_list {
    struct ipaddr *v;
    size_t n;
};

/* The static addresses of all hosts, where the operator wants them managed. */
struct network {
    bool managed;            /* "network" is in the inventory */
    unsigned prefix;         /* of every host's address */
    struct ipaddr gateway;   /* family 0: no default route through this interface */
    struct address_list dns; /* at most NETWORK_MAX_DNS */
};
enum { NETWORK_MAX_DNS = 3 }; /* MAXNS of resolv.h: further ones are never asked */

/* Prometheus and its exporters, where the operator wants them; see monitoring.h. */
struct monitoring {
    bool wanted;             /* "monitoring" is in the inventory */
    const char *host;        /* the name of Prometheus' host as given, or NULL: monitoring_host() */
    unsigned interval_s;     /* between two scrapes, and two looks at the alerts */
    unsigned retention_days; /* for how long samples are kept */
};

/*
 * What the inventory leaves to its default may still come from ssh_config (ssh_configure()); `*_given`
 * is what it says itself.
 */
struct ssh_settings {
    enum transport_kind transport;
    const char *config;            /* ssh_config file, absolute; "": none; NULL: ~/.ssh/config */
    const char *alias;             /* what ssh_config calls the host; NULL: its address */
    const char *hostname;          /* HostName of ssh_config, where SSH connects; NULL: the address */
    const char *revoked_keys;      /* and RevokedHostKeys: a file; or NULL */
    const char *const *jump;       /* NULL, or a NULL-terminated list of "[USER@]HOST[:PORT]": through
                                      each, in this order; "none" alone is none */
    bool jump_given;
    const char *user;
    bool user_given;
    uint16_t port;
    bool port_given;
    const char *const *identities; /* NULL-terminated list of private key files, absolute paths */
    bool identities_given;
    bool agent;                    /* also try the keys of ssh-agent */
    const char *const *known_hosts;/* NULL-terminated list of files, absolute paths */
    bool known_hosts_given;
    enum host_key_policy host_key;
    const char *const *pinned_keys;/* NULL, or a NULL-terminated list, which then stands instead of
                                      known_hosts: "TYPE BASE64" or "SHA256:..." */
    enum become become;
    const char *password;          /* secrets; NULL: not given */
    const char *passphrase;        /* of every identity that is encrypted */
    const char *become_password;   /* sudo's */
    unsigned connect_timeout_ms;   /* TCP connect and SSH handshake, each */
    unsigned dead_after_ms;        /* no sign of life from the peer's TCP: the connection is lost */
};

struct host {
    const char *name;       /* unique; what messages call it */
    const char *hostname;   /* what the machine is to call itself; default: name */
    struct ipaddr address;
    unsigned roles;         /* enum role bits, at least one */
    unsigned weight;        /* real server: 0-65535, default 1 (ipvs) */
    unsigned priority;      /* director: VRRP priority 1-254 */
    const char *interface;  /* NULL: a director's is that of vrrp; else found on the host */
    const char *index;      /* real server: nginx index file under the share */
    const char *page;       /* real server: text that seeds the index file; NULL: not seeded */
    struct ssh_settings ssh;
    size_t index_in_cluster;
};

struct cluster {
    const char *name;
    struct ipaddr *vips;
    size_t n_vips;
    struct service *services;
    size_t n_services;
    struct vrrp vrrp;
    struct nfs nfs;              /* export_path NULL: no NFS host in the inventory */
    struct network network;
    struct monitoring monitoring;
    enum profile profile;
    enum firewall_policy firewall;
    enum web_servers_policy web_servers;
    enum selinux_policy selinux;
    struct ssh_settings ssh;     /* of a host that says nothing of its own; as given */
    struct host *hosts;          /* in the order of the file */
    size_t n_hosts;
    const struct host **shared;  /* those that all others know, NULL-terminated: cluster_index() */
    const char *file;            /* where it was read from, for messages */
    const char *text;            /* the inventory as hosts may keep it: with auth_pass, but no secret
                                    of log-in (secret.h) */
    bool text_has_secret;        /* auth_pass stands in it, and may be short enough to be guessed: its
                                    digest, which tells a right guess, is not to be shown */
    struct secret_source *secrets; /* what was taken from elsewhere */
    struct arena arena;
};

/* The hosts of a role, in order: for (h = NULL; (h = cluster_next(c, h, ROLE_NFS));) */
const struct host *cluster_next(const struct cluster *c, const struct host *after, unsigned roles);
size_t cluster_count(const struct cluster *c, unsigned roles);
const struct host *cluster_host(const struct cluster *c, const char *name);
/* The host of any of these roles that has this address, or NULL. */
const struct host *cluster_host_at(const struct cluster *c, const struct ipaddr *a, unsigned roles);
enum { ROLE_ANY = ROLE_DIRECTOR | ROLE_REAL_SERVER | ROLE_NFS };
/*
 * Whether a host has to do with another (or is it): real servers, of which there may be thousands, know
 * nothing of each other. `roles` are the other's.
 */
bool cluster_knows(const struct host *h, const struct ipaddr *address, unsigned roles);
/*
 * All that `h` knows, itself among them, in order: for (k = NULL; (k = cluster_next_known(c, h, k));)
 * Where the cluster has an index, in a time that does not grow with the number of real servers.
 */
const struct host *cluster_next_known(const struct cluster *c, const struct host *h,
                                      const struct host *after);
/* To be called when the hosts are known; a copy of a cluster with other hosts sets `shared` to NULL. */
void cluster_index(struct cluster *c);
/* Two directors that hand over to each other: know of connections, and of planned stops. */
bool cluster_hands_over(const struct cluster *c);
/* Whether one of "a,b,c" is this word; the list ends at a blank or a bracket. */
bool nfs_has_option(const char *list, const char *word);
/* Is the share mounted by version 3 of the protocol: with mountd and rpcbind? */
bool nfs_is_v3(const struct nfs *n);
const char *role_name(enum role r); /* "director", "real_server", "nfs" */

void cluster_free(struct cluster *c);
