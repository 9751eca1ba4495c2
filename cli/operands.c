#include "cli/operands.h"

#include <string.h>

#include "base/parse.h"
#include "base/vec.h"

/* Words for more than one host. As in the inventory, with the hyphens that people type. */
static const struct {
    const char *word;
    unsigned roles;
} words[] = {
    {"all", ROLE_ANY},
    {"director", ROLE_DIRECTOR},
    {"directors", ROLE_DIRECTOR},
    {"real-server", ROLE_REAL_SERVER},
    {"real-servers", ROLE_REAL_SERVER},
    {"real_server", ROLE_REAL_SERVER},
    {"nfs", ROLE_NFS},
};

int operands_take(struct invocation *in, int argc, char **argv, int first, struct err *e)
{
    const struct command *c = in->command;
    int n = argc - first, max = c->usage[0] ? 1 : 0;
    in->operands = (const char *const *)(argv + first);
    in->n_operands = (size_t)n;
    if (c->flags & CMD_HOSTS) {
        if (n || !(c->flags & CMD_NAMES_HOSTS))
            return 0;
        err_set(e, ERR_USAGE, "no host given");
    } else if (n > max) {
        err_set(e, ERR_USAGE, "unexpected argument '%s'", argv[first + max]);
    } else {
        in->operand = n ? argv[first] : NULL;
        return 0;
    }
    return err_hint(e, "usage: clusterctl %s%s%s [OPTIONS]", c->name, *c->usage ? " " : "",
                    c->usage);
}

/* Mark what one operand names. A host's own name comes first: one may be called "nfs". */
static bool mark(const struct cluster *c, const char *word, bool *named)
{
    struct ipaddr a;
    const struct host *h = cluster_host(c, word);
    if (!h && ipaddr_parse(word, &a))
        h = cluster_host_at(c, &a, ROLE_ANY);
    if (h)
        return named[h->index_in_cluster] = true;
    unsigned roles = 0;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i].word, word) == 0)
            roles = words[i].roles;
    for (h = NULL; (h = cluster_next(c, h, roles));)
        named[h->index_in_cluster] = true;
    return roles != 0;
}

static int unknown(const struct cluster *c, const char *word, struct err *e)
{
    VEC(const char *) known = {0};
    for (size_t i = 0; i < c->n_hosts; i++)
        *vec_push(&known) = c->hosts[i].name;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        *vec_push(&known) = words[i].word;
    vec_push(&known);
    err_set(e, ERR_USAGE, "'%s' is no host of %s, and no role", word, c->file);
    const char *near = nearest_word(word, known.v);
    if (near)
        err_hint(e, "did you mean '%s'?", near);
    else
        err_hint(e, "name hosts as in the inventory, or director, real-server, nfs or all; another "
                    "inventory goes with --inventory");
    vec_free(&known);
    return -1;
}

int operands_resolve(struct invocation *in, struct err *e)
{
    const struct cluster *c = in->cluster;
    bool *named = xcalloc(c->n_hosts, sizeof *named);
    int rc = 0;
    for (size_t i = 0; i < in->n_operands && rc == 0; i++)
        if (!mark(c, in->operands[i], named))
            rc = unknown(c, in->operands[i], e);
    in->hosts = xcalloc(c->n_hosts, sizeof *in->hosts);
    for (size_t i = 0; i < c->n_hosts && rc == 0; i++)
        if (named[i] || !in->n_operands)
            in->hosts[in->n_hosts++] = &c->hosts[i];
    if (rc == 0 && !in->n_hosts) /* a role that nobody has */
        rc = err_set(e, ERR_USAGE, "no host of %s is a '%s'", c->file, in->operands[0]);
    xfree(named);
    return rc;
}

void operands_free(struct invocation *in)
{
    xfree(in->hosts);
    in->hosts = NULL;
}
