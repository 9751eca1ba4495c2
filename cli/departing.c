#include "cli/departing.h"

#include <string.h>

#include "base/strlist.h"
#include "cli/render_plan.h"
#include "cli/traffic_cli.h"

/* A session over other hosts: the same options and the same lock, a run of its own. */
struct aside {
    struct invocation in;
    struct session session;
};

static void aside_open(struct aside *a, const struct departing *d, struct cluster *c, bool destroy)
{
    const struct session *s = d->session;
    a->in = *s->in;
    a->in.cluster = c;
    a->session = (struct session){.in = &a->in,
                                  .templates = s->templates,
                                  .cancel = s->cancel,
                                  .options = s->options,
                                  .claim = s->claim,
                                  .lines = true};
    a->session.options.templates = &a->session.templates;
    a->session.options.cancel = &a->session.cancel;
    a->session.options.record = NULL;
    a->session.options.destroy = destroy;
    a->session.options.stays = s->in->cluster;
    a->session.run = run_new(c, &a->session.options);
}

static void aside_close(struct aside *a)
{
    run_free(a->session.run);
}

static bool is_known(const struct departing *d, const struct member *m)
{
    for (size_t i = 0; i < d->cluster.n_hosts; i++)
        if (ipaddr_eq(&d->cluster.hosts[i].address, &m->address))
            return true;
    return cluster_host_at(d->session->in->cluster, &m->address, ROLE_ANY);
}

static bool is_named(const char *const *names, const struct member *m)
{
    char address[IPADDR_STRLEN];
    return strlist_contains(names, m->name) ||
           strlist_contains(names, ipaddr_str(&m->address, address));
}

/*
 * As the host that remembers it says, which may lie: keys and passwords are those of the inventory's first
 * host, so its key must be on file, as it is of what was in the inventory once.
 */
static void add_host(struct departing *d, const struct member *m)
{
    struct cluster *c = &d->cluster;
    struct host *list = arena_grow(&d->arena, c->hosts, c->n_hosts, sizeof *list);
    struct host *h = &list[c->n_hosts];
    *h = d->session->in->cluster->hosts[0];
    h->name = h->hostname = arena_strdup(&d->arena, m->name);
    h->address = m->address;
    h->roles = m->roles ? m->roles : ROLE_REAL_SERVER;
    h->interface = h->page = NULL;
    h->index = "index.html";
    h->weight = 0;
    h->ssh.port = m->port;
    h->ssh.user = arena_strdup(&d->arena, m->user);
    h->ssh.become = m->become;
    /* The first host's own; a pinned key among them, so that known_hosts decides. */
    h->ssh.alias = h->ssh.hostname = NULL;
    h->ssh.pinned_keys = NULL;
    h->ssh.host_key = HOST_KEY_STRICT;
    h->index_in_cluster = c->n_hosts++;
    c->hosts = list;
}

static void join(struct departing *d)
{
    const struct cluster *c = d->session->in->cluster;
    size_t n = c->n_hosts + d->cluster.n_hosts;
    d->everybody = *c;
    d->everybody.hosts = arena_array(&d->arena, struct host, n);
    memcpy(d->everybody.hosts, c->hosts, c->n_hosts * sizeof *c->hosts);
    memcpy(d->everybody.hosts + c->n_hosts, d->cluster.hosts,
           d->cluster.n_hosts * sizeof *c->hosts);
    d->everybody.n_hosts = n;
    d->everybody.shared = NULL;
    for (size_t i = 0; i < n; i++)
        d->everybody.hosts[i].index_in_cluster = i;
}

bool departing_find(struct departing *d, struct session *s)
{
    const struct cluster *c = s->in->cluster;
    *d = (struct departing){.session = s, .cluster = *c};
    d->cluster.hosts = NULL;
    d->cluster.n_hosts = 0;
    d->cluster.shared = NULL;
    d->cluster.network.managed = false; /* not asked about */
    for (size_t i = 0; i < run_count(s->run); i++) {
        const struct host_result *hr = run_result(s->run, i);
        for (size_t k = 0; hr->reached && k < hr->facts.members.n; k++) {
            const struct member *m = &hr->facts.members.v[k];
            if (!is_known(d, m) && !is_named(s->forgotten, m))
                add_host(d, m);
        }
    }
    if (d->cluster.n_hosts)
        join(d);
    return d->cluster.n_hosts > 0;
}

void departing_free(struct departing *d)
{
    arena_free(&d->arena);
}

static void note(const struct departing *d, const char *fmt, const struct host *h)
{
    char ip[IPADDR_STRLEN];
    autosb struct strbuf name = {0};
    if (d->session->in->args.output != OUTPUT_TEXT)
        return;
    sb_foreign(&name, h->name, false);
    report_note(&d->session->in->err, fmt, sb_str(&name), ipaddr_str(&h->address, ip));
}

/* What to do about one that cannot be reached. */
static int hint_forget(struct err *e)
{
    return e->code == ERR_UNREACHABLE
               ? err_hint(e, "it left the inventory, and is remembered until it could be put back to "
                             "what it was; if it is gone for good, add --forget with its name")
               : -1;
}

int departing_plan(struct departing *d, FILE *f, struct err *e)
{
    struct aside a;
    struct plan_totals t = {0};
    aside_open(&a, d, &d->cluster, true);
    int rc = session_pass(&a.session, RUN_OBSERVE, PASS_PLAN, e);
    if (a.in.args.output != OUTPUT_JSON)
        fputs("\nNo longer in the inventory:\n", f);
    for (size_t i = 0; i < d->cluster.n_hosts; i++) {
        plan_total(&t, run_result(a.session.run, i));
        if (a.in.args.output != OUTPUT_JSON)
            print_plan(f, &a.in.out, run_result(a.session.run, i));
    }
    aside_close(&a);
    return rc < 0 ? hint_forget(e) : (int)t.changes;
}

/* Put the directors, or the others, back to what they were. */
static int end_hosts(struct departing *d, bool directors, struct err *e)
{
    struct aside a;
    autofree bool *who = xcalloc(d->cluster.n_hosts, sizeof *who);
    size_t n = 0;
    for (size_t i = 0; i < d->cluster.n_hosts; i++)
        n += who[i] = directors == !!(d->cluster.hosts[i].roles & ROLE_DIRECTOR);
    if (!n)
        return 0;
    aside_open(&a, d, &d->cluster, true);
    run_set_scope(a.session.run, &(struct run_scope){.hosts = who});
    int rc = session_pass(&a.session, RUN_APPLY, PASS_APPLY, e);
    for (size_t i = 0; i < d->cluster.n_hosts; i++)
        d->clean[i] |= who[i] && run_result(a.session.run, i)->ok;
    aside_close(&a);
    return rc < 0 ? hint_forget(e) : 0;
}

/*
 * No new connections, and those that are open are waited for. Where that would leave nobody to
 * serve, the new servers come first, and connections to the old ones are cut.
 */
static int drain(struct departing *d, struct err *e)
{
    struct aside a;
    struct traffic t;
    uint64_t open = 0;
    size_t first = d->session->in->cluster->n_hosts, n = 0;
    autofree bool *who = xcalloc(d->everybody.n_hosts, sizeof *who);
    for (size_t i = first; i < d->everybody.n_hosts; i++)
        n += who[i] = d->everybody.hosts[i].roles & ROLE_REAL_SERVER;
    if (!n)
        return 0;
    aside_open(&a, d, &d->everybody, false);
    struct traffic_options o = traffic_options_of(&a.session);
    struct err why = {0};
    traffic_init(&t, &o);
    int rc = traffic_begin(&t, &why);
    if (rc == 0)
        rc = traffic_may_leave(&t, who, &why);
    if (rc == 0)
        rc = traffic_tell(&t, who, WISH_DRAIN_FOR_NOW, &why);
    if (rc == 0 && traffic_wait_closed(&t, who, TRAFFIC_CLOSE_MS, &open, &why) < 0)
        rc = -1;
    traffic_free(&t);
    aside_close(&a);
    if (rc < 0 && why.code == ERR_INTERRUPTED) {
        *e = why;
        return -1;
    }
    if (rc < 0 && d->session->in->args.output == OUTPUT_TEXT)
        report_note(&d->session->in->err, "not drained first: %s", why.msg);
    return 0;
}

int departing_begin(struct departing *d, struct err *e)
{
    d->clean = arena_array(&d->arena, bool, d->cluster.n_hosts);
    for (size_t i = 0; i < d->cluster.n_hosts; i++)
        note(d, "%s (%s) has left the inventory: it is taken out of the cluster",
             &d->cluster.hosts[i]);
    if (drain(d, e) < 0)
        return -1;
    /* A director that is dead for good is often why it has left: the others go on without it. */
    int rc = end_hosts(d, true, &d->left);
    if (rc == 0 || d->left.code == ERR_UNREACHABLE)
        return 0;
    *e = d->left;
    return -1;
}

/* Nobody is to remember those of which nothing is left. */
static int forget(struct departing *d, struct err *e)
{
    struct session *s = d->session;
    char address[IPADDR_STRLEN];
    size_t n = strlist_count(s->forgotten), before = n;
    for (size_t i = 0; i < d->cluster.n_hosts && n < OPTION_LIST_MAX; i++)
        if (d->clean[i])
            s->forgotten[n++] =
                arena_strdup(&s->arena, ipaddr_str(&d->cluster.hosts[i].address, address));
    if (n == before)
        return 0;
    return session_pass(s, RUN_APPLY, PASS_APPLY, e);
}

int departing_end(struct departing *d, struct err *e)
{
    struct err rest = {0};
    int rc = end_hosts(d, false, &rest);
    if (rc == 0)
        rest = d->left;
    if (forget(d, e) < 0)
        return -1;
    *e = rest;
    return rest.code == ERR_NONE ? 0 : -1;
}
