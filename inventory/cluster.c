#include "inventory/cluster.h"

#include <string.h>

const struct host *cluster_next(const struct cluster *c, const struct host *after, unsigned roles)
{
    for (size_t i = after ? after->index_in_cluster + 1 : 0; i < c->n_hosts; i++)
        if (c->hosts[i].roles & roles)
            return &c->hosts[i];
    return NULL;
}

size_t cluster_count(const struct cluster *c, unsigned roles)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_hosts; i++)
        n += (c->hosts[i].roles & roles) != 0;
    return n;
}

const struct host *cluster_host(const struct cluster *c, const char *name)
{
    for (size_t i = 0; i < c->n_hosts; i++)
        if (strcmp(c->hosts[i].name, name) == 0)
            return &c->hosts[i];
    return NULL;
}

const struct host *cluster_host_at(const struct cluster *c, const struct ipaddr *a, unsigned roles)
{
    for (const struct host *h = NULL; (h = cluster_next(c, h, roles));)
        if (ipaddr_eq(&h->address, a))
            return h;
    return NULL;
}

bool cluster_knows(const struct host *h, const struct ipaddr *address, unsigned roles)
{
    return (h->roles | roles) != ROLE_REAL_SERVER || ipaddr_eq(&h->address, address);
}

static bool is_shared(const struct host *h)
{
    return h->roles != ROLE_REAL_SERVER;
}

void cluster_index(struct cluster *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_hosts; i++)
        n += is_shared(&c->hosts[i]);
    c->shared = arena_array(&c->arena, const struct host *, n + 1);
    for (size_t i = n = 0; i < c->n_hosts; i++)
        if (is_shared(&c->hosts[i]))
            c->shared[n++] = &c->hosts[i];
}

/* Whichever of the two comes first after `from`: h itself, or one that is shared. */
static const struct host *first_known(const struct cluster *c, const struct host *h, size_t from)
{
    const struct host *own = h->index_in_cluster >= from ? h : NULL;
    for (const struct host *const *s = c->shared; *s; s++)
        if ((*s)->index_in_cluster >= from)
            return own && own->index_in_cluster < (*s)->index_in_cluster ? own : *s;
    return own;
}

const struct host *cluster_next_known(const struct cluster *c, const struct host *h,
                                      const struct host *after)
{
    size_t from = after ? after->index_in_cluster + 1 : 0;
    if (c->shared && !is_shared(h))
        return first_known(c, h, from);
    for (size_t i = from; i < c->n_hosts; i++)
        if (cluster_knows(h, &c->hosts[i].address, c->hosts[i].roles))
            return &c->hosts[i];
    return NULL;
}

bool cluster_hands_over(const struct cluster *c)
{
    return c->profile == PROFILE_FAST && cluster_count(c, ROLE_DIRECTOR) > 1;
}

bool nfs_has_option(const char *list, const char *word)
{
    size_t n = strlen(word);
    while (*list && !strchr(" )", *list)) {
        size_t k = strcspn(list, ", )");
        if (k == n && !strncmp(list, word, n))
            return true;
        list += k + (list[k] == ',');
    }
    return false;
}

bool nfs_is_v3(const struct nfs *n)
{
    const char *list = n->mount_options;
    return list && (nfs_has_option(list, "nfsvers=3") || nfs_has_option(list, "vers=3") ||
                    nfs_has_option(list, "v3"));
}

const char *role_name(enum role r)
{
    switch (r) {
    case ROLE_DIRECTOR: return "director";
    case ROLE_REAL_SERVER: return "real_server";
    case ROLE_NFS: return "nfs";
    }
    return "?";
}

void cluster_free(struct cluster *c)
{
    if (!c)
        return;
    struct arena arena = c->arena; /* the cluster itself lives in it */
    arena_free(&arena);
}
