#pragma once
/*
 * The inventory's grammar as data: one table per JSON object. The same tables decode a file into
 * the model, name the nearest known key for an unknown one, and generate the JSON Schema; so an
 * editor, the documentation and the program cannot disagree. What a single value may be is here;
 * what values may be together is in check.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inventory/cluster.h"

enum field_type {
    TYPE_STRING,    /* const char *; `text` or `choices` say which */
    TYPE_INT,       /* unsigned or uint16_t; min and max */
    TYPE_TIME,      /* unsigned: a JSON number of seconds, stored in 1/unit s; min, max as stored */
    TYPE_BOOL,      /* bool */
    TYPE_CHOICE,    /* an enum: one of `choices` */
    TYPE_CHOICES,   /* unsigned, the values or-ed: one of `choices` or an array of them */
    TYPE_ADDRESS,   /* struct ipaddr */
    TYPE_ADDRESSES, /* struct address_list: an array */
    TYPE_MODE,      /* unsigned: a string of octal digits */
    TYPE_PATHS,     /* const char *const *: a local file, or an array of them; made absolute */
    TYPE_PATH,      /* const char *: a local file, made absolute; "" for false */
    TYPE_STRINGS,   /* const char *const *: a string that `text` allows, or an array of them */
    TYPE_SECRET,    /* const char *: a string that `text` allows, or where to get it: secret.h */
    TYPE_OBJECT,    /* of table `object`; the loader decodes it, nothing is stored */
    TYPE_LIST,      /* array of at least one `object`; the loader decodes it, nothing is stored */
};

struct choice {
    const char *word; /* NULL ends the list */
    unsigned value;
};

/* Which strings are allowed: an allow-list, for text that ends up in other programs' files. */
struct text_rule {
    const char *first; /* characters allowed first, as between a regular expression's [] */
    const char *rest;  /* characters allowed after (and first, if that is NULL); NULL: printable */
    unsigned max;      /* bytes */
    const char *form;  /* or: the regular expression of what is allowed, instead of the two, */
    bool (*has_form)(const char *); /* and the same as code */
    const char *what;  /* "letters, digits and '-', starting with a letter" */
    const char *too_long;          /* why `max`, or NULL */
    const char *refuse;            /* regular expression of what is refused all the same */
    bool (*refused)(const char *); /* the same as code */
    const char *why_refused;       /* "must not hold '..'" */
};

struct field {
    const char *name;
    enum field_type type;
    bool required;
    bool secret; /* the value must not be shown */
    unsigned offset, size;
    unsigned unit;    /* TYPE_TIME: how many make a second */
    long min, max;
    const char *def;  /* the default as JSON text; NULL: none, or computed from other values */
    const char *article; /* the default of profile "article"; NULL: the same */
    const struct choice *choices;
    const struct text_rule *text;
    const struct table *object;
    unsigned roles;   /* host keys: only for hosts of these roles; 0: any */
    const char *doc;
};

struct table {
    const char *what; /* "host": what messages call such an object */
    const char *doc;
    const struct field *fields;
    size_t n_fields; /* at most 32: struct seen is a bit mask */
};

/* What the top level decodes into; the rest goes straight into the model. */
struct top {
    const char *name;
    struct ipaddr vip;
    struct address_list vips;
    enum profile profile;
    enum firewall_policy firewall;
    enum web_servers_policy web_servers;
    enum selinux_policy selinux;
};

/* Indexes into the tables, for asking whether a key was given. */
enum { TOP_SCHEMA, TOP_CLUSTER, TOP_PROFILE, TOP_VIP, TOP_VIPS, TOP_SERVICES, TOP_VRRP, TOP_NFS, TOP_SSH,
       TOP_NETWORK, TOP_MONITORING, TOP_FIREWALL, TOP_WEB_SERVERS, TOP_SELINUX, TOP_HOSTS, TOP_N };
enum { SERVICE_VIP, SERVICE_PORT, SERVICE_PROTOCOL, SERVICE_SCHEDULER, SERVICE_PERSISTENCE,
       SERVICE_CHECK, SERVICE_N };
enum { HEALTH_TYPE, HEALTH_PATH, HEALTH_HOST, HEALTH_STATUS, HEALTH_INTERVAL, HEALTH_TIMEOUT,
       HEALTH_RETRIES, HEALTH_RETRY_DELAY, HEALTH_N };
enum { VRRP_ROUTER_ID, VRRP_VERSION, VRRP_ADVERT_INTERVAL, VRRP_INTERFACE, VRRP_AUTH_PASS,
       VRRP_UNICAST, VRRP_PREEMPT, VRRP_MIXED_VERSIONS, VRRP_N };
enum { NFS_EXPORT, NFS_MOUNT, NFS_MOUNT_OPTIONS, NFS_EXPORT_OPTIONS, NFS_OWNER, NFS_GROUP, NFS_MODE,
       NFS_LEASE_TIME, NFS_N };
enum { NETWORK_PREFIX, NETWORK_GATEWAY, NETWORK_DNS, NETWORK_N };
enum { MONITORING_HOST, MONITORING_INTERVAL, MONITORING_RETENTION, MONITORING_N };
enum { SSH_TRANSPORT, SSH_CONFIG, SSH_ALIAS, SSH_JUMP, SSH_USER, SSH_PORT, SSH_IDENTITY, SSH_AGENT,
       SSH_KNOWN_HOSTS, SSH_HOST_KEY, SSH_PINNED_KEYS, SSH_BECOME, SSH_PASSWORD, SSH_PASSPHRASE,
       SSH_BECOME_PASSWORD, SSH_CONNECT_TIMEOUT, SSH_DEAD_AFTER, SSH_N };
enum { HOST_NAME, HOST_HOSTNAME, HOST_ADDRESS, HOST_ROLE, HOST_WEIGHT, HOST_PRIORITY,
       HOST_INTERFACE, HOST_INDEX, HOST_PAGE, HOST_SSH, HOST_N };

extern const struct table top_table, service_table, health_table, vrrp_table, nfs_table, network_table,
    monitoring_table, ssh_table, host_table;
extern const struct text_rule hostname_rule; /* also for a name that serves as host name */

/* NULL when the string is allowed, else what is wrong with it: "must ...". */
const char *text_refused(const struct text_rule *r, const char *s, struct arena *a);

/* The rule as a regular expression, understood alike by POSIX (extended) and ECMA. */
struct strbuf;
void text_pattern(const struct text_rule *r, struct strbuf *out);
