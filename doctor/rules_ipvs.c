/* Real servers missing from a director's table, and why; tables that are empty, or misplaced. */
#include <string.h>

#include "base/parse.h"
#include "doctor/firewall.h"
#include "doctor/ipvs_rules.h"
#include "doctor/keepalived_evidence.h"
#include "doctor/lines.h"
#include "engine/script.h"
#include "verify/drained.h"

/*
 * A director asks each real server as its own keepalived does, from its own address; bash's
 * /dev/tcp, since a director has no HTTP client. A host that is no director must have no table.
 */
static void gather_probe(struct script *s, const struct service *v, const struct host *h)
{
    char ip[IPADDR_STRLEN], vip[IPADDR_STRLEN];
    script_add(s, "ask");
    script_arg(s, h->name);
    script_arg(s, ipaddr_str(&h->address, ip));
    script_argn(s, v->port);
    script_arg(s, v->check.host ? v->check.host : ipaddr_str(&v->vip, vip));
    script_arg(s, v->check.type == CHECK_HTTP ? v->check.path : "");
    script_add(s, " &\n");
}

static void gather_director(struct script *s, const struct cluster *c)
{
    script_add(s, "ask() {\n"
                  "  o=$(timeout 3 bash -c 'exec 3<>\"/dev/tcp/$0/$1\" || exit\n"
                  "    [ -n \"$3\" ] || { echo connected; exit; }\n"
                  "    printf \"GET %s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n\" \"$3\" \"$2\" >&3\n"
                  "    IFS= read -r l <&3; echo \"${l%?}\"' \"$2\" \"$3\" \"$4\" \"$5\" 2>&1)\n"
                  "  [ $? = 124 ] && o='timed out after 3 s'\n"
                  "  r ipvs.ask \"$1 $3 $(printf '%s' \"$o\" | tail -n 1)\"\n"
                  "}\n");
    for (size_t i = 0; i < c->n_services; i++)
        for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));)
            if (c->services[i].protocol == PROTO_TCP)
                gather_probe(s, &c->services[i], h);
    script_add(s, "wait\n");
}

static void gather(struct script *s, const struct host_result *hr)
{
    const struct cluster *c = hr->catalog.cluster;
    if (hr->host->roles & ROLE_DIRECTOR)
        gather_director(s, c);
    else
        script_add(s, "[ -r /proc/net/ip_vs ] && sed 1,3d /proc/net/ip_vs | each ipvs.table\n");
    if (hr->host->roles & ROLE_REAL_SERVER)
        script_add(s,
                   "ss -Hltn | each ipvs.listen\n"
                   "timeout 10 systemctl show -p ActiveState -p SubState -p Result nginx.service |"
                   " each ipvs.nginx\n"
                   "timeout 20 journalctl -q --no-pager -b -n 3 -o cat -u nginx.service |"
                   " each ipvs.journal\n");
}

/* A real server that a director does not send a service's connections to. */
struct missing {
    const struct service *service;
    const struct host *server;
    const struct host *director; /* the first; the others miss it for the same reason */
    const char *asked;           /* what that director got when it asked, or NULL */
};

static const struct ipvs_service *table_of(const struct exam *x, const struct host *director,
                                           const struct service *s)
{
    const struct live_host *lh = &x->live.hosts[director->index_in_cluster];
    return lh->ipvs_read ? ipvs_find(&lh->ipvs, s) : NULL;
}

static bool lacks(const struct exam *x, const struct host *director, const struct missing *m)
{
    const struct ipvs_service *t = table_of(x, director, m->service);
    const struct ipvs_dest *d = t ? ipvs_dest_find(t, &m->server->address, m->service->port) : NULL;
    return t && (!d || d->weight == 0);
}

/* "Web01-RS 80 HTTP/1.1 200 OK": the answer to this director's own question. */
static const char *asked(struct exam *x, const struct host *director, const struct missing *m)
{
    const char *key = arena_printf(&x->report->arena, "%s %u ", m->server->name, m->service->port);
    for (const struct evidence *l = NULL; (l = exam_line(exam_host(x, director), "ipvs.ask", l));)
        if (!strncmp(l->text, key, strlen(key)))
            return l->text + strlen(key);
    return NULL;
}

const char *service_words(struct exam *x, const struct service *s)
{
    char vip[IPADDR_STRLEN];
    return arena_printf(&x->report->arena, s->vip.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
                        ipaddr_str(&s->vip, vip), s->port);
}

static struct finding *about(struct exam *x, const char *id, const struct missing *m,
                             enum remedy remedy)
{
    struct finding *f = found(x, id, m->server, remedy);
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));) {
        if (!lacks(x, h, m))
            continue;
        finding_symptom(x, f, "%s: %s is not in the table of %s, or has weight 0", h->name,
                        m->server->name, service_words(x, m->service));
        finding_explains(x, f, "ipvs.table", h);
        const char *answer = asked(x, h, m);
        if (answer)
            finding_evidence(x, f, "%s: asked %s port %u: %s", h->name, m->server->name,
                             m->service->port, answer);
    }
    return f;
}

static bool nginx_runs(const struct exam_host *h)
{
    for (const struct evidence *l = NULL; (l = exam_line(h, "ipvs.nginx", l));)
        if (!strncmp(l->text, "ActiveState=", 12))
            return !strcmp(l->text + 12, "active") || !strcmp(l->text + 12, "reloading");
    return true;
}

/* "LISTEN 0 511 0.0.0.0:80 0.0.0.0:*": the local address is the fourth word. */
static bool listens(const struct exam_host *h, unsigned port)
{
    for (const struct evidence *l = NULL; (l = exam_line(h, "ipvs.listen", l));) {
        autofree char *copy = xstrdup(l->text);
        char *rest = copy, *word = NULL;
        uint64_t n;
        for (int i = 0; i < 4; i++)
            word = parse_word(&rest);
        const char *colon = word ? strrchr(word, ':') : NULL;
        if (colon && parse_u64(colon + 1, 1, 65535, &n) && n == port)
            return true;
    }
    return false;
}

/* The causes, from the machine outwards; each returns whether it is the one. --------------------*/

static bool server_down(struct exam *x, const struct missing *m)
{
    struct exam_host *eh = exam_host(x, m->server);
    const struct step *step = exam_step(eh, RES_SERVICE, "nginx.service");
    if (!eh->asked || nginx_runs(eh))
        return false;
    bool deploy = step && !step->blocked;
    struct finding *f = about(x, "ipvs.server-down", m, deploy ? REMEDY_DEPLOY : REMEDY_MANUAL);
    finding_cause(x, f, "nginx does not run on %s", m->server->name);
    add_lines(x, f, exam_host(x, m->server), "ipvs.nginx", "systemctl show nginx");
    add_lines(x, f, exam_host(x, m->server), "ipvs.journal", "journal");
    finding_step(x, f, step);
    finding_fix(x, f, "%s",
                deploy
                    ? "clusterctl deploy starts it"
                    : "systemctl start nginx; nginx -t and journalctl -u nginx say why it ended");
    return true;
}

static bool port_closed(struct exam *x, const struct missing *m)
{
    struct exam_host *eh = exam_host(x, m->server);
    const struct step *file = NULL, *service = exam_step(eh, RES_SERVICE, "nginx.service");
    if (!eh->asked || m->service->protocol != PROTO_TCP || listens(eh, m->service->port))
        return false;
    for (size_t i = 0; i < eh->result->plan.steps.n && !file; i++)
        if (eh->result->plan.steps.v[i].want->type == RES_FILE &&
            strstr(eh->result->plan.steps.v[i].want->key, "/nginx/"))
            file = &eh->result->plan.steps.v[i];
    struct finding *f = about(x, "ipvs.port-closed", m, file ? REMEDY_DEPLOY : REMEDY_MANUAL);
    finding_cause(x, f, "nothing listens on port %u of %s, though nginx runs", m->service->port,
                  m->server->name);
    add_lines(x, f, exam_host(x, m->server), "ipvs.listen", "ss -ltn");
    finding_step(x, f, file);
    finding_step(x, f, service);
    finding_fix(x, f, "%s",
                file ? "clusterctl deploy writes nginx' configuration anew and reloads it"
                     : "nginx -T shows what it should listen on; systemctl restart nginx");
    return true;
}

/* Does this filter keep the director's connection out? */
static bool filtered_at(struct exam *x, const struct missing *m, bool leaving)
{
    const struct host *at = leaving ? m->director : m->server;
    struct exam_host *eh = exam_host(x, at);
    struct fw_drop d;
    struct packet p = {.leaving = leaving,
                       .protocol = m->service->protocol == PROTO_TCP ? "tcp" : "udp",
                       .port = m->service->port,
                       .source = m->director->address,
                       .destination = m->server->address};
    if (!eh->asked || !firewall_drops(x, eh, &p, &d))
        return false;
    const struct step *step = exam_step(eh, RES_FIREWALL, NULL);
    bool deploy = step && !step->blocked && !leaving;
    struct finding *f = about(x, "ipvs.server-filtered", m, deploy ? REMEDY_DEPLOY : REMEDY_MANUAL);
    finding_cause(x, f, "the firewall of %s drops the connections of %s to port %u of %s", at->name,
                  m->director->name, m->service->port, m->server->name);
    firewall_evidence(x, f, eh, &d);
    if (deploy) {
        finding_step(x, f, step);
        finding_fix(x, f, "clusterctl deploy lets port %u in, now and at boot", m->service->port);
    } else {
        finding_fix(x, f, "on %s: %s (and out of the file that brings it back at boot)", at->name,
                    firewall_undo(x, eh, &d, &p));
    }
    return true;
}

static bool filtered(struct exam *x, const struct missing *m)
{
    if (m->asked && !strncmp(m->asked, "HTTP/", 5))
        return false;
    if (filtered_at(x, m, false) || filtered_at(x, m, true))
        return true;
    if (!m->asked || !strcmp(m->asked, "connected"))
        return false;
    struct finding *f = about(x, "ipvs.server-silent", m, REMEDY_MANUAL);
    finding_cause(x, f,
                  "%s cannot connect to port %u of %s, where something listens and no "
                  "firewall of either is in the way",
                  m->director->name, m->service->port, m->server->name);
    finding_fix(x, f,
                "look at what is between them: switches, the cloud's network rules, a wrong route "
                "(ip route get on both); or it is too busy to accept (ss -ltn there: Recv-Q above "
                "Send-Q)");
    return true;
}

/* The line of the director's file that makes the check another than the inventory's, or NULL. */
static const char *wrong_check(struct exam *x, const struct missing *m)
{
    const struct health_check *c = &m->service->check;
    const struct exam_host *eh = exam_host(x, m->director);
    char vip[IPADDR_STRLEN];
    const struct {
        const char *word, *want;
    } lines[] = {
        {"path", c->path},
        {"status_code", arena_printf(&x->report->arena, "%u", c->status)},
        {"virtualhost", c->host ? c->host : ipaddr_str(&m->service->vip, vip)},
    };
    if (c->type != CHECK_HTTP || x->cluster->n_services != 1) /* whose line it is must be plain */
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        for (const struct evidence *l = NULL; (l = conf_line(eh, lines[i].word, l));) {
            const char *value = l->text + strlen(lines[i].word);
            if (strcmp(value + strspn(value, " "), lines[i].want) != 0)
                return l->text;
        }
    }
    return NULL;
}

static bool check_wrong(struct exam *x, const struct missing *m)
{
    const char *line = wrong_check(x, m);
    const struct step *file =
        exam_step(exam_host(x, m->director), RES_FILE, "/etc/keepalived/keepalived.conf");
    if (!line && !file)
        return false;
    struct finding *f = about(x, "ipvs.check-wrong", m, REMEDY_MANUAL);
    finding_cause(x, f, "the check of %s on %s is not the inventory's, and %s does not pass it",
                  m->server->name, m->director->name, m->server->name);
    if (line)
        finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: %s", m->director->name, line);
    const struct exam_host *eh = exam_host(x, m->director);
    const struct evidence *l = journal_last(eh, "rror", m->server->name);
    if ((l = l ? l : journal_last(eh, "HTTP status code error", NULL)))
        journal_evidence(x, f, eh, l);
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));)
        if (lacks(x, h, m) && keepalived_conf_steps(x, f, exam_host(x, h)))
            f->remedy = REMEDY_DEPLOY;
    finding_fix(x, f, "%s",
                f->remedy == REMEDY_DEPLOY
                    ? "clusterctl deploy writes the file anew and reloads keepalived"
                    : "systemctl reload keepalived there; is the check in the inventory as meant?");
    return true;
}

/* The server answers the inventory's own question, with something else than is asked for. */
static bool check_fails(struct exam *x, const struct missing *m)
{
    const struct health_check *c = &m->service->check;
    const char *status = m->asked && !strncmp(m->asked, "HTTP/", 5) ? strchr(m->asked, ' ') : NULL;
    if (!status || strtoul(status, NULL, 10) == c->status)
        return false;
    struct finding *f = about(x, "ipvs.check-fails", m, REMEDY_MANUAL);
    finding_cause(x, f, "%s answers the check (GET %s) with%s, not %u", m->server->name, c->path,
                  status, c->status);
    finding_fix(x, f,
                "on %s: /var/log/nginx/error.log; is %s there? Else change check in the "
                "inventory",
                m->server->name, c->path);
    return true;
}

/* Everything is right, and yet it is not there: keepalived thinks it is, or waits for its check. */
static void entry_gone(struct exam *x, const struct missing *m)
{
    char ip[IPADDR_STRLEN];
    const struct host *h = m->director;
    struct exam_host *eh = exam_host(x, h);
    const struct ipvs_service *t = table_of(x, h, m->service);
    bool there = t && ipvs_dest_find(t, &m->server->address, m->service->port);
    struct finding *f = about(x, "ipvs.entry-gone", m, REMEDY_MANUAL);
    finding_cause(x, f,
                  "%s serves and passes its check, but somebody took it out of the table of %s",
                  m->server->name, h->name);
    const struct evidence *l = journal_last(eh, " service ", ipaddr_str(&m->server->address, ip));
    if (l)
        journal_evidence(x, f, eh, l);
    finding_fix(x, f,
                m->server->address.family == AF_INET6
                    ? "on %s: ipvsadm -%c -%c %s -r [%s]:%u -g -w %u (a reload of keepalived does "
                      "not bring it back)"
                    : "on %s: ipvsadm -%c -%c %s -r %s:%u -g -w %u (a reload of keepalived does "
                      "not bring it back)",
                h->name, there ? 'e' : 'a', m->service->protocol == PROTO_TCP ? 't' : 'u',
                service_words(x, m->service), ip, m->service->port, m->server->weight);
}

static void diagnose(struct exam *x, const struct missing *m)
{
    /* Port 80 taken by another program: a cause of its own, and the plan says so. */
    const struct step *port = exam_step(exam_host(x, m->server), RES_PORT, NULL);
    if (!exam_host(x, m->server)->asked || (port && port->blocked))
        return;
    if (server_down(x, m) || port_closed(x, m) || filtered(x, m) || check_wrong(x, m) ||
        check_fails(x, m))
        return;
    entry_gone(x, m);
}

static void servers(struct exam *x)
{
    const struct cluster *c = x->cluster;
    for (size_t i = 0; i < c->n_services; i++) {
        for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));) {
            struct missing m = {.service = &c->services[i], .server = h};
            for (const struct host *d = NULL; (d = cluster_next(c, d, ROLE_DIRECTOR));) {
                if (m.director || !lacks(x, d, &m) || !weight_wanted(x->run, h))
                    continue;
                m.director = d;
                m.asked = asked(x, d, &m);
            }
            if (m.director)
                diagnose(x, &m);
        }
    }
}

static const char *const by_emptied[] = {"ipvs.*", "*vrrp.symmetry", "*http.vip",
                                         "*http.distribution", NULL};
static const char *const by_server[] = {"*http.vip",   "*http.distribution", "http.real-server",
                                        "nginx.vhost", "dsr.path",           "nfs.shared",
                                        NULL};
static const char *const by_misplaced[] = {"*http.vip", "*http.distribution", "dsr.path", NULL};

static const struct rule rules[] = {
    {"ipvs.emptied", "a director's virtual services were taken out of its table", ipvs_emptied,
     by_emptied},
    {"ipvs.server-*",
     "a real server is missing from a table: it is down, its port closed or "
     "filtered, the check wrong or failed, or the entry was taken out",
     servers, by_server},
    {"ipvs.misplaced", "a host that is no director has virtual services", ipvs_misplaced,
     by_misplaced},
    {0},
};

const struct rule_set rule_set_ipvs = {.subject = "ipvs", .gather = gather, .rules = rules};
