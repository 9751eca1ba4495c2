#include "cli/facts_file.h"

#include <jansson.h>
#include <string.h>

#include "base/parse.h"
#include "base/vec.h"
#include "engine/netstack.h"

/* By the values of enum selinux_mode (OFF cannot be told from ABSENT). */
static const char *const selinux_modes[] = {"absent", "disabled", "permissive", "enforcing", NULL};

enum key { OS_ID, OS_VERSION, KERNEL, INTERFACE, KEEPALIVED, SELINUX, NET_STACK };
static const char *const keys[] = {"os_id",      "os_version", "kernel",    "interface",
                                   "keepalived", "selinux",    "net_stack", NULL};
static const char *const parts[] = {"all", "roles", "hosts", NULL};
static const char *const roles[] = {"director", "real_server", "nfs", NULL};

static int index_of(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

/* "director", "Web01-RS": the word in an error, with the nearest that there is. */
static int unknown(const char *what, const char *name, const char *const *names, struct err *e)
{
    err_set(e, ERR_USAGE, "unknown %s \"%s\"", what, name);
    const char *near = names ? nearest_word(name, names) : NULL;
    return near ? err_hint(e, "did you mean \"%s\"?", near) : -1;
}

static int take_choice(unsigned *out, const char *key, const char *value,
                       const char *const *choices, struct err *e)
{
    int i = index_of(choices, value);
    if (i < 0)
        return unknown(key, value, choices, e);
    *out = (unsigned)i;
    return 0;
}

static int take(struct facts_given *g, enum key k, const char *value, struct err *e)
{
    unsigned choice = 0;
    switch (k) {
    case OS_ID: g->os_id = value; return 0;
    case OS_VERSION: g->os_version = value; return 0;
    case KERNEL: g->kernel = value; return 0;
    case INTERFACE: g->interface = value; return 0;
    case KEEPALIVED: g->keepalived = value; return 0;
    case SELINUX:
        if (take_choice(&choice, keys[k], value, selinux_modes, e) < 0)
            return -1;
        g->selinux = (enum selinux_mode)choice;
        return 0;
    case NET_STACK:
        if (take_choice(&choice, keys[k], value, net_stack_names, e) < 0)
            return -1;
        g->net_stack = (enum net_stack)choice;
        return 0;
    }
    return 0;
}

/* One object of facts over what is given already. */
static int give(struct facts_given *g, json_t *object, struct arena *a, struct err *e)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return err_set(e, ERR_USAGE, "must be an object");
    json_object_foreach (object, key, value) {
        int k = index_of(keys, key);
        if (k < 0)
            return unknown("key", key, keys, e);
        if (!json_is_string(value) || !*json_string_value(value))
            return err_set(e, ERR_USAGE, "%s must be a string that is not empty", key);
        if (take(g, (enum key)k, arena_strdup(a, json_string_value(value)), e) < 0)
            return -1;
    }
    return 0;
}

static int give_roles(struct facts_given *given, json_t *object, const struct cluster *c,
                      struct arena *a, struct err *e)
{
    const char *name;
    json_t *facts;
    json_object_foreach (object, name, facts) {
        int role = index_of(roles, name); /* in the order of the bits of enum role */
        if (role < 0)
            return unknown("role", name, roles, e);
        for (const struct host *h = NULL; (h = cluster_next(c, h, 1u << role));)
            if (give(&given[h->index_in_cluster], facts, a, e) < 0)
                return err_wrap(e, "roles.%s", name);
    }
    return 0;
}

static int give_hosts(struct facts_given *given, json_t *object, const struct cluster *c,
                      struct arena *a, struct err *e)
{
    const char *name;
    json_t *facts;
    json_object_foreach (object, name, facts) {
        const struct host *h = cluster_host(c, name);
        if (!h)
            return unknown("host", name, NULL, e);
        if (give(&given[h->index_in_cluster], facts, a, e) < 0)
            return err_wrap(e, "hosts.%s", name);
    }
    return 0;
}

/* A version means nothing without the system that it is of. */
static int check(const struct facts_given *given, const struct cluster *c, struct err *e)
{
    for (size_t i = 0; i < c->n_hosts; i++)
        if (!given[i].os_id && given[i].os_version)
            return err_set(e, ERR_USAGE, "%s has an os_version and no os_id", c->hosts[i].name);
    return 0;
}

static int give_all(struct facts_given *given, json_t *root, const struct cluster *c,
                    struct arena *a, struct err *e)
{
    const char *key;
    json_t *value;
    if (!json_is_object(root))
        return err_set(e, ERR_USAGE, "must be a JSON object");
    json_object_foreach (root, key, value) {
        if (index_of(parts, key) < 0)
            return unknown("key", key, parts, e);
        if (!json_is_object(value))
            return err_set(e, ERR_USAGE, "%s must be an object", key);
    }
    json_t *all = json_object_get(root, "all");
    for (size_t i = 0; all && i < c->n_hosts; i++)
        if (give(&given[i], all, a, e) < 0)
            return err_wrap(e, "all");
    if (give_roles(given, json_object_get(root, "roles"), c, a, e) < 0 ||
        give_hosts(given, json_object_get(root, "hosts"), c, a, e) < 0)
        return -1;
    return check(given, c, e);
}

const struct facts_given *facts_file_load(const char *path, const struct cluster *c,
                                          struct arena *a, struct err *e)
{
    json_error_t je;
    struct facts_given *given = arena_array(a, struct facts_given, c->n_hosts);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &je);
    if (!root && je.line > 0)
        err_set(e, ERR_USAGE, "%s:%d:%d: %s", path, je.line, je.column, je.text);
    else if (!root)
        err_set(e, ERR_USAGE, "%s", je.text); /* which names the file */
    else if (give_all(given, root, c, a, e) < 0)
        err_wrap(e, "%s", path);
    else
        e = NULL;
    json_decref(root);
    if (!e)
        return given;
    err_wrap(e, "option '--facts'");
    return NULL;
}
