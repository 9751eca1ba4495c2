#include "inventory/draft.h"

/* The first director is preferred; a high priority takes over sooner: (256 - p)/256 of an advert.
 */
static const unsigned priorities[][2] = {
    [PROFILE_FAST] = {254, 253}, [PROFILE_ARTICLE] = {100, 50}};

static void decode_vips(struct draft *r)
{
    struct cluster *c = r->c;
    c->vips = r->top.vips.v;
    c->n_vips = r->top.vips.n;
    if (c->n_vips == 0 && r->top.vip.family) {
        c->vips = &r->top.vip;
        c->n_vips = 1;
    }
}

static void decode_vrrp(struct decoder *d, struct draft *r, const json_t *json,
                        const struct where *w)
{
    struct vrrp *v = &r->c->vrrp;
    decode_defaults(d, &vrrp_table, v);
    if (json_is_object(json))
        decode_object(d, &vrrp_table, json, v, w, &r->vrrp_seen);
    /* Version 2 cannot say a tenth of a second. */
    if (v->version == 2 && !seen_given(&r->vrrp_seen, VRRP_ADVERT_INTERVAL))
        v->advert_interval_cs = 100;
}

static enum check_type default_check(const struct draft *r, const struct service *s)
{
    bool web = s->port == 80 && s->protocol == PROTO_TCP;
    return web && r->c->profile == PROFILE_FAST ? CHECK_HTTP : CHECK_TCP;
}

static void decode_service(struct decoder *d, struct draft *r, size_t i, const json_t *json,
                           const struct where *w)
{
    struct service *s = &r->services[i];
    struct health_check *h = &s->check;
    const json_t *check = json_object_get(json, "check");
    decode_object(d, &service_table, json, s, w, &r->service_seen[i]);
    if (json_is_object(check))
        decode_object(d, &health_table, check, h, &(struct where){.up = w, .key = "check"},
                      &r->health_seen[i]);
    if (!seen_given(&r->health_seen[i], HEALTH_TYPE))
        h->type = default_check(r, s);
}

static void decode_services(struct decoder *d, struct draft *r, const json_t *list,
                            const struct where *w)
{
    struct arena *a = &r->c->arena;
    struct service model = {0};
    decode_defaults(d, &service_table, &model);
    decode_defaults(d, &health_table, &model.check);
    r->n_services = json_is_array(list) ? json_array_size(list) : 1;
    r->services = arena_array(a, struct service, r->n_services);
    r->service_seen = arena_array(a, struct seen, r->n_services);
    r->health_seen = arena_array(a, struct seen, r->n_services);
    for (size_t i = 0; i < r->n_services; i++)
        r->services[i] = model;
    if (!json_is_array(list)) {
        r->services[0].port = 80;
        r->services[0].check.type = default_check(r, &r->services[0]);
        return;
    }
    for (size_t i = 0; i < r->n_services; i++)
        decode_service(d, r, i, json_array_get(list, i), &(struct where){.up = w, .index = i});
}

static void note_given(struct ssh_settings *ssh, const struct seen *seen)
{
    ssh->jump_given |= seen_given(seen, SSH_JUMP);
    ssh->user_given |= seen_given(seen, SSH_USER);
    ssh->port_given |= seen_given(seen, SSH_PORT);
    ssh->identities_given |= seen_given(seen, SSH_IDENTITY);
    ssh->known_hosts_given |= seen_given(seen, SSH_KNOWN_HOSTS);
}

static void decode_host(struct decoder *d, struct draft *r, size_t i, const json_t *json,
                        const struct where *w)
{
    struct host *h = &r->c->hosts[i];
    const json_t *ssh = json_object_get(json, "ssh");
    decode_object(d, &host_table, json, h, w, &r->host_seen[i]);
    if (json_is_object(ssh)) {
        struct seen seen;
        decode_object(d, &ssh_table, ssh, &h->ssh, &(struct where){.up = w, .key = "ssh"}, &seen);
        note_given(&h->ssh, &seen);
    }
    if (!seen_given(&r->host_seen[i], HOST_HOSTNAME))
        h->hostname = h->name;
}

static void decode_hosts(struct decoder *d, struct draft *r, const json_t *list,
                         const struct ssh_settings *ssh, const struct where *w)
{
    struct cluster *c = r->c;
    struct host model = {.ssh = *ssh};
    unsigned directors = 0;
    decode_defaults(d, &host_table, &model);
    c->n_hosts = json_array_size(list);
    c->hosts = arena_array(&c->arena, struct host, c->n_hosts);
    r->host_seen = arena_array(&c->arena, struct seen, c->n_hosts);
    for (size_t i = 0; i < c->n_hosts; i++) {
        struct host *h = &c->hosts[i];
        *h = model;
        h->index_in_cluster = i;
        decode_host(d, r, i, json_array_get(list, i), &(struct where){.up = w, .index = i});
        if ((h->roles & ROLE_DIRECTOR) && directors < 2) {
            if (!h->priority)
                h->priority = priorities[c->profile][directors];
            directors++;
        }
    }
}

/* A section of its own that may be left out altogether. */
static void decode_monitoring(struct decoder *d, struct draft *r, const json_t *json,
                              const struct where *w)
{
    struct monitoring *m = &r->c->monitoring;
    decode_defaults(d, &monitoring_table, m);
    if (!json_is_object(json))
        return;
    m->wanted = true;
    decode_object(d, &monitoring_table, json, m, w, &r->monitoring_seen);
}

void decode_draft(struct decoder *d, const json_t *json, struct draft *r)
{
    struct cluster *c = r->c;
    struct where top = {0};
    struct seen seen;

    decode_defaults(d, &top_table, &r->top);
    decode_object(d, &top_table, json, &r->top, &top, &r->top_seen);
    if (!json_is_object(json))
        return;
    c->name = r->top.name;
    c->profile = d->profile = r->top.profile;
    c->firewall = r->top.firewall;
    c->web_servers = r->top.web_servers;
    c->selinux = r->top.selinux;
    decode_vips(r);
    decode_vrrp(d, r, json_object_get(json, "vrrp"), &(struct where){.up = &top, .key = "vrrp"});

    const json_t *nfs = json_object_get(json, "nfs"), *ssh = json_object_get(json, "ssh");
    decode_defaults(d, &nfs_table, &c->nfs);
    if (json_is_object(nfs))
        decode_object(d, &nfs_table, nfs, &c->nfs, &(struct where){.up = &top, .key = "nfs"},
                      &seen);

    const json_t *network = json_object_get(json, "network");
    if (json_is_object(network)) {
        c->network.managed = true;
        decode_object(d, &network_table, network, &c->network,
                      &(struct where){.up = &top, .key = "network"}, &r->network_seen);
    }

    decode_monitoring(d, r, json_object_get(json, "monitoring"),
                      &(struct where){.up = &top, .key = "monitoring"});

    decode_defaults(d, &ssh_table, &c->ssh);
    if (json_is_object(ssh)) {
        decode_object(d, &ssh_table, ssh, &c->ssh, &(struct where){.up = &top, .key = "ssh"},
                      &seen);
        note_given(&c->ssh, &seen);
        if (seen_given(&seen, SSH_ALIAS)) {
            diagnostics_add(d->diags, pointerf("/ssh/alias"),
                            "alias is what one host is called, not all of them");
            diagnostics_at_key(d->diags);
            diagnostics_hint(d->diags, "put it under the \"ssh\" of that host");
        }
    }
    decode_services(d, r, json_object_get(json, "services"),
                    &(struct where){.up = &top, .key = "services"});
    decode_hosts(d, r, json_object_get(json, "hosts"), &c->ssh,
                 &(struct where){.up = &top, .key = "hosts"});
    if (!cluster_count(c, ROLE_NFS))
        c->nfs.export_path = NULL;
}
