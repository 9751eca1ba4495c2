/* The real servers, and what the NFS host exports. */
#include <string.h>

#include "ops/status_build.h"

enum { TEXT_MAX = 200, WORD_MAX = 32, MAX_CLIENTS = 256 };

/* The lists are as old as the plans. */
static bool is_drained(const struct build *b, const struct host *rs)
{
    const struct cluster *c = b->cluster;
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_DIRECTOR));) {
        const struct look *l = build_look(b, h);
        if (l && l->result && l->result->reached &&
            facts_wish(&l->result->facts, rs) != WISH_NONE)
            return true;
    }
    return false;
}

/* One director's services that send to the server. */
static void count_tables(const struct build *b, const struct host *director,
                         struct status_real_server *out, struct strbuf *missing)
{
    const struct cluster *c = b->cluster;
    const struct look *l = build_look(b, director);
    bool all = true;
    if (!l || !l->now.live.ipvs_read)
        return;
    for (size_t i = 0; i < c->n_services; i++) {
        const struct service *s = &c->services[i];
        const struct ipvs_service *t = ipvs_find(&l->now.live.ipvs, s);
        const struct ipvs_dest *d = t ? ipvs_dest_find(t, &out->host->address, s->port) : NULL;
        bool sends = d && (d->weight || !out->host->weight || out->drained);
        out->tables_of++;
        out->tables += sends;
        all &= sends;
    }
    if (!all)
        build_list(missing, director->name);
}

static void add_tables(struct build *b, struct status_real_server *out)
{
    autosb struct strbuf missing = {0};
    out->drained = is_drained(b, out->host);
    for (const struct host *h = NULL; (h = cluster_next(b->cluster, h, ROLE_DIRECTOR));)
        count_tables(b, h, out, &missing);
    if (missing.len)
        out->missing_in = arena_strdup(&b->out->arena, sb_str(&missing));
}

static void add_pages(struct build *b, struct status_real_server *out, const struct look *l)
{
    out->pages = arena_array(&b->out->arena, struct status_page, LOOK_MAX_PAGES);
    for (size_t i = 0; i < l->n_pages; i++) {
        const struct look_page *p = &l->pages[i];
        out->pages[out->n_pages++] =
            (struct status_page){.port = p->port,
                                 .status = p->status,
                                 .error = p->status ? NULL : build_shown(b, p->error, TEXT_MAX),
                                 .elapsed_us = p->elapsed_us};
    }
}

static void add_mount(struct build *b, struct status_real_server *out, const struct look *l)
{
    const struct resource *want, *have = look_seen(l, RES_MOUNT, NULL, &want);
    struct arena *a = &b->out->arena;
    if (!have)
        return;
    const struct res_mount *m = &have->mount;
    out->wants_mount = true;
    out->mount_point = build_shown(b, want->key, TEXT_MAX);
    out->mount_dead = m->stale;
    if (!m->source)
        return;
    const char *version = mount_option(a, m->options, "vers");
    out->mount_source = build_shown(b, m->source, TEXT_MAX);
    out->mount_type = build_shown(b, m->fstype, WORD_MAX);
    out->mount_version = build_shown(b, version ? version : "", WORD_MAX);
    out->mount_other = strncmp(m->fstype, want->mount.fstype, strlen(want->mount.fstype)) != 0 ||
                       strcmp(m->source, want->mount.source) != 0;
}

static size_t vips_on_lo(const struct cluster *c, const struct live_host *h)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_vips; i++) {
        const struct live_iface *iface = NULL;
        while ((iface = live_holder(h, &c->vips[i], iface)))
            if (!strcmp(iface->name, "lo")) {
                n++;
                break;
            }
    }
    return n;
}

static void add_real_server(struct build *b, const struct host *h)
{
    struct status_real_server *out = &b->out->real_servers[b->out->n_real_servers++];
    const struct look *asked = b->looks[h->index_in_cluster], *l = build_look(b, h);
    *out = (struct status_real_server){
        .host = h, .answered = l, .nginx = "", .mount_type = "", .mount_version = ""};
    add_tables(b, out);
    if (asked)
        add_pages(b, out, asked);
    if (!l)
        return;
    const struct status_unit *nginx = build_unit(b, h, "nginx.service");
    out->nginx = nginx ? nginx->state : "unknown";
    out->nginx_active = nginx && nginx->active;
    out->vips_on_lo = vips_on_lo(b->cluster, &l->now.live);
    add_mount(b, out, l);
}

void build_real_servers(struct build *b)
{
    struct status_report *r = b->out;
    size_t n = cluster_count(b->cluster, ROLE_REAL_SERVER);
    r->real_servers = arena_array(&r->arena, struct status_real_server, n + 1);
    for (const struct host *h = NULL; (h = cluster_next(b->cluster, h, ROLE_REAL_SERVER));)
        add_real_server(b, h);
}

/* "10.1.1.132(rw,sync,...)": whom it is for. */
static const char *client_of(struct build *b, const char *entry)
{
    struct ipaddr a;
    size_t n = strcspn(entry, "(");
    const char *who = arena_strndup(&b->out->arena, entry, n > TEXT_MAX ? TEXT_MAX : n);
    const struct host *h = ipaddr_parse(who, &a) ? cluster_host_at(b->cluster, &a, ROLE_ANY) : NULL;
    if (h)
        return h->name;
    return build_shown(b, who, TEXT_MAX);
}

static bool exported_to(const struct status_export *x, const char *name)
{
    for (size_t i = 0; i < x->n_clients; i++)
        if (!strcmp(x->clients[i], name))
            return true;
    return false;
}

static void add_export(struct build *b, const struct host *h, const struct resource *want,
                       const struct resource *have)
{
    struct status_export *x = &b->out->exports[b->out->n_exports++];
    const char *const *live = have->export.live;
    const char **clients = arena_array(&b->out->arena, const char *, MAX_CLIENTS);
    autosb struct strbuf missing = {0};
    *x = (struct status_export){
        .host = h, .path = build_shown(b, want->key, TEXT_MAX), .clients = clients};
    for (; live && *live && x->n_clients < MAX_CLIENTS; live++)
        clients[x->n_clients++] = client_of(b, *live);
    for (const struct host *rs = NULL; (rs = cluster_next(b->cluster, rs, ROLE_REAL_SERVER));)
        if (!exported_to(x, rs->name) && !exported_to(x, "*"))
            build_list(&missing, rs->name);
    if (missing.len)
        x->missing = arena_strdup(&b->out->arena, sb_str(&missing));
}

void build_exports(struct build *b)
{
    size_t n = 0;
    for (unsigned count = 1; count <= 2; count++) {
        for (size_t i = 0; i < b->cluster->n_hosts; i++) {
            const struct host *h = &b->cluster->hosts[i];
            const struct look *l = build_look(b, h);
            const struct resource *want, *have = NULL;
            while (l && (have = look_seen(l, RES_EXPORT, have, &want))) {
                if (count == 1)
                    n++;
                else
                    add_export(b, h, want, have);
            }
        }
        if (count == 1)
            b->out->exports = arena_array(&b->out->arena, struct status_export, n + 1);
    }
}
