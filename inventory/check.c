/*
 * What values may be together. Each check reports everything it finds and passes over values that
 * decoding has already complained about, so that one slip makes one message.
 */
#include <ctype.h>
#include <string.h>

#include "base/strmap.h"
#include "inventory/draft.h"

#define complain(d, pointer, ...) diagnostics_add((d)->diags, pointer, __VA_ARGS__)
#define hint(d, ...) diagnostics_hint((d)->diags, __VA_ARGS__)

const char *address_problem(const struct ipaddr *a, bool vip)
{
    if (a->family == AF_INET6)
        return "is an IPv6 address, which cannot be deployed yet";
    if (a->b[0] == 0)
        return "is the unspecified address";
    if (a->b[0] >= 224 && a->b[0] <= 239)
        return "is a multicast address";
    if (a->b[0] == 255 && a->b[1] == 255 && a->b[2] == 255 && a->b[3] == 255)
        return "is the broadcast address";
    if (vip && a->b[0] == 127)
        return "is a loopback address, which no other machine can reach";
    return NULL;
}

static void check_address(struct draft *d, const struct ipaddr *a, char *pointer, bool vip)
{
    char buf[IPADDR_STRLEN];
    const char *problem = address_problem(a, vip);
    if (!problem) {
        xfree(pointer);
        return;
    }
    complain(d, pointer, "%s %s %s", vip ? "virtual IP" : "address", ipaddr_str(a, buf), problem);
    if (a->family == AF_INET6)
        hint(d, "use an IPv4 address");
}

static char *vip_pointer(const struct draft *d, size_t i)
{
    return seen_given(&d->top_seen, TOP_VIPS) ? pointerf("/vips/%zu", i) : pointerf("/vip");
}

static void check_vips(struct draft *d, struct strmap *vips)
{
    struct cluster *c = d->c;
    char buf[IPADDR_STRLEN];
    bool vip = seen_given(&d->top_seen, TOP_VIP), list = seen_given(&d->top_seen, TOP_VIPS);
    if (vip && list) {
        complain(d, pointerf("/vips"), "\"vip\" and \"vips\" are both given");
        diagnostics_at_key(d->diags);
        hint(d, "put every virtual IP into \"vips\" and remove \"vip\"");
    } else if (!vip && !list && d->top_seen.bad != UINT32_MAX) {
        complain(d, pointerf("%s", ""), "the inventory has neither \"vip\" nor \"vips\"");
        hint(d, "add the virtual IP, as in \"vip\": \"10.1.1.140\"");
    }
    for (size_t i = 0; i < c->n_vips; i++) {
        if (!c->vips[i].family)
            continue;
        check_address(d, &c->vips[i], vip_pointer(d, i), true);
        const char *s = arena_strdup(&c->arena, ipaddr_str(&c->vips[i], buf));
        if (strmap_add(vips, s, &c->vips[i]))
            complain(d, vip_pointer(d, i), "virtual IP %s is given twice", s);
    }
}

static size_t index_of(const struct draft *d, const struct host *h)
{
    return (size_t)(h - d->c->hosts);
}

static const char *lower(struct arena *a, const char *s)
{
    char *t = arena_strdup(a, s);
    for (char *p = t; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return t;
}

static void check_host_names(struct draft *d)
{
    autostrmap struct strmap names = {0}, hostnames = {0};
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        struct host *h = &d->c->hosts[i];
        const struct host *other;
        bool own = seen_given(&d->host_seen[i], HOST_HOSTNAME);
        if (h->name && (other = strmap_add(&names, h->name, h))) {
            complain(d, pointerf("/hosts/%zu/name", i),
                     "host name \"%s\" is already that of /hosts/%zu", h->name, index_of(d, other));
            if (!own)
                continue; /* the host name is the same mistake */
        }
        if (!h->hostname || !seen_good(&d->host_seen[i], HOST_HOSTNAME))
            continue;
        const char *wrong = own ? NULL : text_refused(&hostname_rule, h->hostname, &d->c->arena);
        char *pointer = pointerf("/hosts/%zu/%s", i, own ? "hostname" : "name");
        if (wrong) {
            complain(d, pointer, "name \"%s\" cannot be the machine's host name: it %s", h->name,
                     wrong);
            hint(d, "add a \"hostname\" to this host, or change its name");
        } else if ((other = strmap_add(&hostnames, lower(&d->c->arena, h->hostname), h))) {
            complain(d, pointer, "hostname \"%s\" is already that of host \"%s\" (/hosts/%zu)",
                     h->hostname, other->name ? other->name : "?", index_of(d, other));
        } else {
            xfree(pointer);
        }
    }
}

static void check_host_addresses(struct draft *d, const struct strmap *vips)
{
    autostrmap struct strmap seen = {0};
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        struct host *h = &d->c->hosts[i];
        char buf[IPADDR_STRLEN];
        if (!h->address.family)
            continue;
        check_address(d, &h->address, pointerf("/hosts/%zu/address", i), false);
        const char *s = arena_strdup(&d->c->arena, ipaddr_str(&h->address, buf));
        if (strmap_get(vips, s)) {
            complain(d, pointerf("/hosts/%zu/address", i), "address %s is also a virtual IP", s);
            hint(d, "the virtual IP must be an address of its own that no host uses");
        }
        const struct host *other = strmap_add(&seen, s, h);
        if (other)
            complain(d, pointerf("/hosts/%zu/address", i),
                     "address %s is already that of host \"%s\" (/hosts/%zu)", s,
                     other->name ? other->name : "?", index_of(d, other));
    }
}

/* A director forwards to the very VIP that it owns, so as a real server it would loop packets; a
 * real server that exports would mount from itself and hang with itself. */
static void check_role_pairs(struct draft *d, const struct host *h)
{
    if ((h->roles & ROLE_DIRECTOR) && (h->roles & ROLE_REAL_SERVER)) {
        complain(
            d, pointerf("/hosts/%zu/role", index_of(d, h)),
            "a host cannot be director and real_server: packets for the virtual IP would loop");
        hint(d, "use separate machines");
    }
    if ((h->roles & ROLE_REAL_SERVER) && (h->roles & ROLE_NFS)) {
        complain(d, pointerf("/hosts/%zu/role", index_of(d, h)),
                 "a host cannot be real_server and nfs: it would mount its own export");
        hint(d, "leave out the nfs host to serve local files, or use separate machines");
    }
}

static void check_role_keys(struct draft *d, const struct host *h)
{
    for (unsigned f = 0; f < host_table.n_fields; f++) {
        const struct field *field = &host_table.fields[f];
        if (!field->roles || (h->roles & field->roles) ||
            !seen_given(&d->host_seen[index_of(d, h)], f))
            continue;
        complain(d, pointerf("/hosts/%zu/%s", index_of(d, h), field->name),
                 "%s is only for hosts with the role %s", field->name,
                 role_name((enum role)field->roles));
        diagnostics_at_key(d->diags);
        hint(d, "remove it, or give the host that role");
    }
}

static void check_role_counts(struct draft *d, const size_t count[static ROLE_NFS + 1])
{
    if (!count[ROLE_DIRECTOR])
        complain(d, pointerf("/hosts"), "no host has the role director");
    if (!count[ROLE_REAL_SERVER])
        complain(d, pointerf("/hosts"), "no host has the role real_server");
    if (!count[ROLE_NFS] && seen_given(&d->top_seen, TOP_NFS)) {
        complain(d, pointerf("/nfs"), "nfs is given, but no host has the role nfs");
        diagnostics_at_key(d->diags);
        hint(d,
             "give a host the role nfs, or remove \"nfs\" to serve each real server's own files");
    }
}

/* A lock manager's ports are drawn at its start, so that no firewall can be told them. */
static void check_nfs_version(struct draft *d)
{
    const char *list = d->c->nfs.mount_options;
    if (!nfs_is_v3(&d->c->nfs) || nfs_has_option(list, "nolock") ||
        nfs_has_option(list, "local_lock=all"))
        return;
    complain(d, pointerf("/nfs/mount_options"),
             "NFS version 3 without nolock needs ports that change with every start");
    hint(d, "add nolock, as pages are only read; or ask for nfsvers=4, which needs one port");
}

static void check_roles(struct draft *d)
{
    static const struct {
        enum role role;
        size_t max;
        const char *why;
    } limits[] = {{ROLE_DIRECTOR, 2, "one active and one standby"},
                  {ROLE_NFS, 1, "one export is supported"}};
    size_t count[ROLE_NFS + 1] = {0};
    bool all_known = d->c->n_hosts > 0;
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        const struct host *h = &d->c->hosts[i];
        if (!seen_good(&d->host_seen[i], HOST_ROLE)) {
            all_known = false;
            continue;
        }
        for (unsigned r = ROLE_DIRECTOR; r <= ROLE_NFS; r <<= 1)
            count[r] += (h->roles & r) != 0;
        for (size_t l = 0; l < ARRAY_LEN(limits); l++)
            if ((h->roles & limits[l].role) && count[limits[l].role] > limits[l].max)
                complain(d, pointerf("/hosts/%zu/role", i),
                         "host %zu with the role %s: at most %zu (%s)", count[limits[l].role],
                         role_name(limits[l].role), limits[l].max, limits[l].why);
        check_role_pairs(d, h);
        check_role_keys(d, h);
    }
    if (all_known)
        check_role_counts(d, count);
}

static void check_priorities(struct draft *d)
{
    const struct host *by_priority[256] = {0};
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        const struct host *h = &d->c->hosts[i];
        if (!(h->roles & ROLE_DIRECTOR) || !h->priority ||
            !seen_good(&d->host_seen[i], HOST_PRIORITY))
            continue;
        const struct host *other = by_priority[h->priority & 255];
        by_priority[h->priority & 255] = h;
        if (!other)
            continue;
        bool own = seen_given(&d->host_seen[i], HOST_PRIORITY);
        complain(d, pointerf("/hosts/%zu%s", i, own ? "/priority" : ""),
                 "priority %u%s is already that of director \"%s\" (/hosts/%zu)%s", h->priority,
                 own ? "" : " (the default)", other->name ? other->name : "?", index_of(d, other),
                 seen_given(&d->host_seen[index_of(d, other)], HOST_PRIORITY) ? ""
                                                                              : ", by default");
        hint(d, "the preferred director needs the higher one, as in 254 and 253");
    }
}

/* The share is one directory: two texts for one file of it cannot both be. */
static void check_pages(struct draft *d)
{
    autostrmap struct strmap pages = {0};
    if (!cluster_count(d->c, ROLE_NFS))
        return;
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        struct host *h = &d->c->hosts[i];
        if (!h->page || !h->index || !seen_good(&d->host_seen[i], HOST_INDEX))
            continue;
        const struct host *other = strmap_add(&pages, h->index, h);
        if (other && strcmp(other->page, h->page) != 0) {
            complain(d, pointerf("/hosts/%zu/page", i),
                     "the page of %s differs from that of host \"%s\" (/hosts/%zu), "
                     "but on the share it is one file",
                     h->index, other->name ? other->name : "?", index_of(d, other));
            hint(d, "give each host an \"index\" of its own");
        }
    }
}

/* keepalived refuses a table whose weights add up to nothing. */
static void check_weights(struct draft *d)
{
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        const struct host *h = &d->c->hosts[i];
        if (!seen_good(&d->host_seen[i], HOST_ROLE) || !seen_good(&d->host_seen[i], HOST_WEIGHT))
            return; /* it may be this one that serves */
        if (!(h->roles & ROLE_REAL_SERVER))
            continue;
        if (h->weight)
            return;
        if (first == SIZE_MAX)
            first = i;
    }
    if (first == SIZE_MAX)
        return;
    complain(d, pointerf("/hosts/%zu/weight", first),
             "every real server has the weight 0: no client would be served");
    hint(d, "give at least one of them a weight from 1; `clusterctl drain` takes one out for a while");
}

static void check_vrrp(struct draft *d)
{
    const struct vrrp *v = &d->c->vrrp;
    if (!seen_good(&d->vrrp_seen, VRRP_VERSION))
        return;
    if (v->version == 3 && seen_given(&d->vrrp_seen, VRRP_AUTH_PASS)) {
        complain(d, pointerf("/vrrp/auth_pass"),
                 "VRRP version 3 has no authentication: auth_pass "
                 "would be ignored");
        diagnostics_at_key(d->diags);
        hint(d, "remove auth_pass, or set \"version\": 2");
    }
    if (!seen_good(&d->vrrp_seen, VRRP_ADVERT_INTERVAL))
        return;
    double s = v->advert_interval_cs / 100.0;
    if (v->version == 2 && v->advert_interval_cs % 100) {
        complain(d, pointerf("/vrrp/advert_interval"),
                 "advert_interval must be whole seconds with VRRP version 2, not %g", s);
        hint(d, "set \"version\": 3 for fractions, or use 1");
    } else if (v->version == 3 && v->advert_interval_cs > 4095) {
        complain(d, pointerf("/vrrp/advert_interval"),
                 "advert_interval must be at most 40.95 seconds with VRRP version 3, not %g", s);
    }
}

static void check_health(struct draft *d, size_t i)
{
    static const unsigned http_only[] = {HEALTH_PATH, HEALTH_HOST, HEALTH_STATUS};
    if (d->services[i].check.type == CHECK_HTTP || !seen_good(&d->health_seen[i], HEALTH_TYPE))
        return;
    /* The default type depends on values that may be wrong themselves. */
    if (!seen_given(&d->health_seen[i], HEALTH_TYPE) &&
        (!seen_good(&d->service_seen[i], SERVICE_PORT) ||
         !seen_good(&d->service_seen[i], SERVICE_PROTOCOL)))
        return;
    for (size_t k = 0; k < ARRAY_LEN(http_only); k++) {
        if (!seen_given(&d->health_seen[i], http_only[k]))
            continue;
        const char *name = health_table.fields[http_only[k]].name;
        complain(d, pointerf("/services/%zu/check/%s", i, name),
                 "%s is only for checks of type http; this one is tcp", name);
        diagnostics_at_key(d->diags);
        hint(d, "add \"type\": \"http\", or remove it");
    }
}

/* One service on one VIP: known already? */
static bool check_service_on(struct draft *d, struct strmap *seen, size_t i,
                             const struct ipaddr *vip)
{
    struct service *s = &d->services[i];
    char buf[IPADDR_STRLEN];
    const char *key = arena_printf(&d->c->arena, "%s:%u/%s", ipaddr_str(vip, buf), s->port,
                                   s->protocol == PROTO_TCP ? "tcp" : "udp");
    const struct service *other = strmap_add(seen, key, s);
    if (!other || other == s)
        return true;
    complain(d, pointerf("/services/%zu", i), "service %s is already defined by /services/%zu", key,
             (size_t)(other - d->services));
    return false;
}

static void check_services(struct draft *d, const struct strmap *vips)
{
    autostrmap struct strmap seen = {0};
    for (size_t i = 0; i < d->n_services; i++) {
        struct service *s = &d->services[i];
        struct seen *given = &d->service_seen[i];
        char buf[IPADDR_STRLEN];
        check_health(d, i);
        if (s->vip.family && !strmap_get(vips, ipaddr_str(&s->vip, buf)) &&
            seen_good(&d->top_seen, TOP_VIP) && seen_good(&d->top_seen, TOP_VIPS)) {
            complain(d, pointerf("/services/%zu/vip", i), "%s is not a virtual IP of the cluster",
                     buf);
            hint(d, "add it to \"vips\", or leave out \"vip\" for a service on every virtual IP");
        }
        if (!seen_good(given, SERVICE_VIP) || !seen_good(given, SERVICE_PORT) ||
            !seen_good(given, SERVICE_PROTOCOL))
            continue;
        if (s->vip.family)
            check_service_on(d, &seen, i, &s->vip);
        else
            for (size_t k = 0; k < d->c->n_vips; k++)
                if (d->c->vips[k].family && !check_service_on(d, &seen, i, &d->c->vips[k]))
                    break;
    }
}

/* ssh compares keys, and has no setting for fingerprints of them. */
static void check_pins(struct draft *d)
{
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        const struct ssh_settings *ssh = &d->c->hosts[i].ssh;
        if (ssh->transport != TRANSPORT_OPENSSH || !ssh->pinned_keys)
            continue;
        for (const char *const *p = ssh->pinned_keys; *p; p++) {
            if (strncmp(*p, "SHA256:", 7) != 0)
                continue;
            complain(d, pointerf("/hosts/%zu", i),
                     "transport \"openssh\" cannot pin a host key by its fingerprint (%s)", *p);
            hint(d, "put the key itself under \"pinned_keys\", as in \"ssh-ed25519 AAAA...\"; "
                    "ssh-keyscan prints it: compare its fingerprint");
            return;
        }
    }
}

static const char *with_variable(const char *const *paths)
{
    for (; paths && *paths; paths++)
        if (strstr(*paths, "${"))
            return *paths;
    return NULL;
}

/* ssh puts in what the environment says, in quotes too (ssh_config(5), ENVIRONMENT VARIABLES). */
static void check_ssh_paths(struct draft *d)
{
    for (size_t i = 0; i < d->c->n_hosts; i++) {
        const struct ssh_settings *ssh = &d->c->hosts[i].ssh;
        const char *path = with_variable((const char *const[]){ssh->config, NULL});
        if (ssh->transport != TRANSPORT_OPENSSH && !ssh->jump_given)
            continue;
        if (!path && !(path = with_variable(ssh->identities)))
            path = with_variable(ssh->known_hosts);
        if (!path)
            continue;
        complain(d, pointerf("/hosts/%zu", i),
                 "ssh would put the value of a variable into the path \"%s\"", path);
        hint(d, "write the path out; \"~/\" stands for your home");
        return;
    }
}

void check_draft(struct draft *d)
{
    autostrmap struct strmap vips = {0};
    check_vips(d, &vips);
    check_host_names(d);
    check_host_addresses(d, &vips);
    check_roles(d);
    check_nfs_version(d);
    check_priorities(d);
    check_weights(d);
    check_pages(d);
    check_vrrp(d);
    check_network(d);
    check_monitoring(d);
    check_services(d, &vips);
    check_pins(d);
    check_ssh_paths(d);
}
