/* A status report as one JSON object; see JSON OUTPUT in clusterctl(1). */
#include <limits.h>

#include "cli/json_out.h"
#include "cli/render_status.h"

/* JSON's readers have signed numbers; a counter past that is none of a real machine. */
static void amount(struct strbuf *sb, const char *key, uint64_t n)
{
    json_number(sb, key, n > LLONG_MAX ? LLONG_MAX : (long long)n);
}

static void address(struct strbuf *sb, const char *key, const struct ipaddr *a)
{
    char text[IPADDR_STRLEN];
    json_text(sb, key, ipaddr_str(a, text));
}

/* A version or state that is not known is left out. */
static void word(struct strbuf *sb, const char *key, const char *value)
{
    json_text(sb, key, *value ? value : NULL);
}

static void add_host(struct strbuf *sb, const struct status_host *h)
{
    static const char *const answers[] = {"answered", "late", "unreachable", "failed"};
    json_open(sb, NULL, '{');
    json_text(sb, "host", h->host->name);
    json_text(sb, "answer", answers[h->answer]);
    json_text(sb, "why", h->why);
    json_number(sb, "elapsed_ms", h->elapsed_ms);
    if (h->planned) {
        amount(sb, "changes", h->changes);
        amount(sb, "blocked", h->blocked);
        json_number(sb, "planned_ago_ms", h->planned_ago_ms);
    }
    json_open(sb, "units", '[');
    for (size_t i = 0; i < h->n_units; i++) {
        json_open(sb, NULL, '{');
        json_text(sb, "name", h->units[i].name);
        json_text(sb, "state", h->units[i].state);
        json_bool(sb, "active", h->units[i].active);
        json_bool(sb, "enabled", h->units[i].enabled);
        json_close(sb, '}');
    }
    json_close(sb, ']');
    json_open(sb, "versions", '{');
    word(sb, "kernel", h->kernel);
    word(sb, "keepalived", h->keepalived);
    word(sb, "nginx", h->nginx);
    word(sb, "nfs_utils", h->nfs_utils);
    json_close(sb, '}');
    json_close(sb, '}');
}

static void add_vip(struct strbuf *sb, const struct status_vip *v)
{
    json_open(sb, NULL, '{');
    address(sb, "address", v->vip);
    amount(sb, "holders", v->holders);
    amount(sb, "masters", v->masters);
    json_open(sb, "directors", '[');
    for (size_t i = 0; i < v->n_directors; i++) {
        const struct status_director *d = &v->directors[i];
        json_open(sb, NULL, '{');
        json_text(sb, "host", d->host->name);
        json_bool(sb, "answered", d->answered);
        json_bool(sb, "holds", d->holds_on != NULL);
        json_text(sb, "interface", d->holds_on);
        word(sb, "state", d->state);
        json_text(sb, "why", d->why);
        if (d->priority)
            json_number(sb, "priority", d->priority);
        json_close(sb, '}');
    }
    json_close(sb, ']');
    json_close(sb, '}');
}

static void add_rate(struct strbuf *sb, const struct status_rate *r)
{
    json_thousandths(sb, "connections_s", r->connections);
    json_thousandths(sb, "packets_in_s", r->packets_in);
    json_thousandths(sb, "bytes_in_s", r->bytes_in);
}

static void add_dest(struct strbuf *sb, const struct status_dest *d, bool rated)
{
    json_open(sb, NULL, '{');
    json_text(sb, "host", d->host ? d->host->name : NULL);
    address(sb, "address", &d->address);
    json_number(sb, "port", d->port);
    json_number(sb, "weight", d->weight);
    amount(sb, "active", d->active);
    amount(sb, "inactive", d->inactive);
    amount(sb, "connections", d->connections);
    amount(sb, "packets_in", d->packets_in);
    amount(sb, "bytes_in", d->bytes_in);
    if (rated)
        add_rate(sb, &d->rate);
    json_close(sb, '}');
}

static void add_service(struct strbuf *sb, const struct status_service *s)
{
    json_open(sb, NULL, '{');
    json_text(sb, "name", s->name);
    json_text(sb, "director", s->director ? s->director->name : NULL);
    json_bool(sb, "holder", s->holder);
    json_bool(sb, "present", s->present);
    json_text(sb, "why", s->why);
    if (s->present) {
        json_text(sb, "scheduler", s->scheduler);
        json_number(sb, "persistence_s", s->persistence_s);
        amount(sb, "active", s->active);
        amount(sb, "inactive", s->inactive);
        amount(sb, "connections", s->connections);
        amount(sb, "packets_in", s->packets_in);
        amount(sb, "bytes_in", s->bytes_in);
        if (s->rated)
            json_text(sb, "rates_from", s->rate_over_ms ? "counters" : "kernel");
        if (s->rate_over_ms)
            json_number(sb, "rates_over_ms", s->rate_over_ms);
        if (s->rated)
            add_rate(sb, &s->rate);
    }
    json_open(sb, "real_servers", '[');
    for (size_t i = 0; i < s->n_dests; i++)
        add_dest(sb, &s->dests[i], s->rated);
    json_close(sb, ']');
    json_close(sb, '}');
}

static void add_mount(struct strbuf *sb, const struct status_real_server *s)
{
    json_open(sb, "mount", '{');
    json_text(sb, "path", s->mount_point);
    json_text(sb, "source", s->mount_source);
    word(sb, "type", s->mount_type);
    word(sb, "version", s->mount_version);
    json_bool(sb, "at_work", s->mount_source && !s->mount_other && !s->mount_dead);
    json_close(sb, '}');
}

static void add_real_server(struct strbuf *sb, const struct status_real_server *s)
{
    json_open(sb, NULL, '{');
    json_text(sb, "host", s->host->name);
    amount(sb, "tables", s->tables);
    amount(sb, "tables_of", s->tables_of);
    json_text(sb, "missing_in", s->missing_in);
    json_bool(sb, "drained", s->drained);
    json_open(sb, "pages", '[');
    for (size_t i = 0; i < s->n_pages; i++) {
        json_open(sb, NULL, '{');
        json_number(sb, "port", s->pages[i].port);
        if (s->pages[i].status)
            json_number(sb, "status", s->pages[i].status);
        json_text(sb, "error", s->pages[i].error);
        json_number(sb, "elapsed_us", s->pages[i].elapsed_us);
        json_close(sb, '}');
    }
    json_close(sb, ']');
    if (s->answered) {
        json_text(sb, "nginx", s->nginx);
        amount(sb, "vips_on_lo", s->vips_on_lo);
    }
    if (s->wants_mount)
        add_mount(sb, s);
    json_close(sb, '}');
}

static void add_export(struct strbuf *sb, const struct status_export *x)
{
    json_open(sb, NULL, '{');
    json_text(sb, "host", x->host->name);
    json_text(sb, "path", x->path);
    json_open(sb, "clients", '[');
    for (size_t i = 0; i < x->n_clients; i++)
        json_text(sb, NULL, x->clients[i]);
    json_close(sb, ']');
    json_text(sb, "missing", x->missing);
    json_close(sb, '}');
}

static void add_problem(struct strbuf *sb, const struct status_problem *p)
{
    json_open(sb, NULL, '{');
    json_text(sb, "subject", p->subject);
    json_text(sb, "text", p->text);
    json_bool(sb, "loud", p->loud);
    json_close(sb, '}');
}

#define ADD_ALL(key, list, n, add)                                                                 \
    do {                                                                                           \
        json_open(&sb, key, '[');                                                                  \
        for (size_t i = 0; i < (n); i++)                                                           \
            add(&sb, &(list)[i]);                                                                  \
        json_close(&sb, ']');                                                                      \
    } while (0)

void print_status_json(FILE *f, const struct status_report *r)
{
    autosb struct strbuf sb = {0};
    int status = err_exit_status(status_verdict(r));
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "status");
    json_text(&sb, "cluster", r->cluster->name);
    json_text(&sb, "at", r->at);
    json_number(&sb, "elapsed_ms", r->elapsed_ms);
    json_bool(&sb, "ok", status == 0);
    ADD_ALL("problems", r->problems.v, r->problems.n, add_problem);
    ADD_ALL("vips", r->vips, r->n_vips, add_vip);
    ADD_ALL("services", r->services, r->n_services, add_service);
    ADD_ALL("real_servers", r->real_servers, r->n_real_servers, add_real_server);
    ADD_ALL("exports", r->exports, r->n_exports, add_export);
    ADD_ALL("hosts", r->hosts, r->n_hosts, add_host);
    json_number(&sb, "exit_status", status);
    json_line(&sb, f);
}
