/* The real servers' nginx: whether it runs, has the port, and answers the VIP with our vhost. */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "doctor/http_evidence.h"
#include "doctor/lines.h"

#define OUR_VHOST "/etc/nginx/conf.d/clusterctl.conf"

static const struct exam_host *next_server(const struct exam *x, const struct exam_host *after)
{
    const struct host *h = after ? after->host : NULL;
    while ((h = cluster_next(x->cluster, h, ROLE_REAL_SERVER)))
        if (exam_host(x, h)->result->reached && exam_host(x, h)->asked)
            return exam_host(x, h);
    return NULL;
}

static bool nginx_runs(const struct exam_host *h)
{
    const struct evidence *unit = exam_line(h, "http.unit", NULL);
    return unit && strstr(unit->text, "ActiveState=active");
}

/* LISTEN 0 511 *:80 *:* users:(("apache2",pid=812,fd=4),...): its program; NULL: nginx, or local.
 */
static const char *stranger(struct exam *x, const char *line)
{
    autofree char *copy = xstrdup(line);
    char *rest = copy, *word = NULL;
    for (int i = 0; i < 4; i++)
        word = parse_word(&rest);
    const char *name = strstr(line, "((\"");
    if (!word || !name || !strncmp(word, "127.", 4) || !strncmp(word, "[::1]", 5))
        return NULL;
    name += 3;
    size_t n = strcspn(name, "\"");
    return n == 5 && !strncmp(name, "nginx", n) ? NULL : arena_strndup(&x->report->arena, name, n);
}

static const char *unit_of(struct exam *x, const struct exam_host *h, const char *program)
{
    size_t n = strlen(program);
    for (const struct evidence *l = NULL; (l = exam_line(h, "http.owner", l));)
        if (!strncmp(l->text, program, n) && l->text[n] == ' ' && strstr(l->text, ".service"))
            return arena_strdup(&x->report->arena, l->text + n + 1);
    return NULL;
}

static void port_taken(struct exam *x)
{
    for (const struct exam_host *h = NULL; (h = next_server(x, h));) {
        struct finding *f = NULL;
        for (const struct evidence *l = NULL; (l = exam_line(h, "http.listen", l));) {
            const char *program = stranger(x, l->text);
            if (!program)
                continue;
            const char *unit = unit_of(x, h, program);
            if (!f) {
                f = found(x, "http.port-taken", h->host, REMEDY_MANUAL);
                finding_cause(x, f, "%s%s%s%s holds nginx's port on %s", program, unit ? " (" : "",
                              unit ? unit : "", unit ? ")" : "", h->host->name);
                finding_fix(x, f, "on %s: systemctl disable --now %s; then: clusterctl deploy",
                            h->host->name, unit ? unit : "UNIT (of that program)");
            }
            finding_evidence(x, f, "%s: ss -ltnp: %s", h->host->name, l->text);
        }
        if (!f)
            continue;
        add_lines(x, f, h, "http.unit", "systemctl show nginx");
        take_steps(x, f, h, RES_PORT, "");
        take_steps(x, f, h, RES_SERVICE, "nginx.service");
    }
}

/* bind() failures are of a port that is taken: not of the configuration. */
static bool is_config_error(const char *line)
{
    return strstr(line, "[emerg]") && !strstr(line, "bind() to");
}

#define SEEN                                                                                       \
    "http.real-server", "dsr.*", "nginx.*", "nfs.shared", NO_ANSWER, "*http.vip", "*http.distribution"
static const char *const no_nginx[] = {
    "http.not-running", "http.default-site", "http.forbidden", "http.hangs", SEEN, NULL};

/* A finding's own list, where the rule has none for all. */
static void explain_all(struct exam *x, struct finding *f, const char *const *list,
                        const struct host *h)
{
    for (; *list; list++)
        finding_explains(x, f, *list + (**list == '*'), **list == '*' ? NULL : h);
}

static void config_broken(struct exam *x)
{
    for (const struct exam_host *h = NULL; (h = next_server(x, h));) {
        struct finding *f = NULL;
        bool ours = false;
        for (const struct evidence *l = NULL; (l = exam_line(h, "http.test", l));) {
            if (!is_config_error(l->text))
                continue;
            if (!f)
                f = found(x, "http.config-broken", h->host, REMEDY_MANUAL);
            finding_evidence(x, f, "%s: nginx -t: %s", h->host->name, l->text);
            ours |= strstr(l->text, OUR_VHOST) && exam_step(h, RES_FILE, OUR_VHOST);
        }
        if (!f)
            continue;
        finding_cause(x, f,
                      nginx_runs(h)
                          ? "nginx on %s runs, but its files have an error: the next reload "
                            "or start will fail"
                          : "nginx on %s does not start: its files have an error",
                      h->host->name);
        take_steps(x, f, h, RES_SERVICE, "nginx.service");
        if (!nginx_runs(h))
            explain_all(x, f, no_nginx, h->host);
        if (ours) {
            f->remedy = REMEDY_DEPLOY;
            finding_step(x, f, exam_step(h, RES_FILE, OUR_VHOST));
        }
        finding_fix(x, f,
                    ours ? "clusterctl deploy writes it anew on %s"
                         : "on %s: mend the line named above, nginx -t, then "
                           "systemctl reload-or-restart nginx",
                    h->host->name);
    }
}

static void not_running(struct exam *x)
{
    for (const struct exam_host *h = NULL; (h = next_server(x, h));) {
        const struct step *s = exam_step(h, RES_SERVICE, "nginx.service");
        if (nginx_runs(h) || !exam_line(h, "http.unit", NULL))
            continue;
        struct finding *f =
            found(x, "http.not-running", h->host, s ? REMEDY_DEPLOY : REMEDY_MANUAL);
        finding_cause(x, f, "nginx does not run on %s", h->host->name);
        add_lines(x, f, h, "http.unit", "systemctl show nginx");
        add_lines(x, f, h, "http.journal", "journalctl -u nginx");
        finding_step(x, f, s);
        finding_fix(x, f, "clusterctl deploy; by hand on %s: systemctl start nginx", h->host->name);
    }
}

/* An answer "PORT STATUS-LINE | FIRST LINE OF THE BODY", taken apart. */
struct reply {
    unsigned port, status; /* 0: no answer */
    const char *body;
};

static struct reply reply_of(const struct evidence *l)
{
    struct reply r = {.body = ""};
    const char *http = strstr(l->text, " HTTP/1."), *bar = strstr(l->text, " | ");
    r.port = (unsigned)strtoul(l->text, NULL, 10);
    if (http && strlen(http) > 10)
        r.status = (unsigned)strtoul(http + 10, NULL, 10);
    if (bar)
        r.body = bar + 3;
    return r;
}

/* Whether our vhost answers on this port; the port's whoami line goes to *out. */
static bool is_ours(const struct exam_host *h, unsigned port, const struct evidence **out)
{
    for (const struct evidence *l = NULL; (l = exam_line(h, "http.whoami", l));) {
        struct reply r = reply_of(l);
        *out = l;
        if (r.port == port)
            return r.status == 200 && !strcmp(r.body, h->host->name);
    }
    return false;
}

/* How strongly a line of another's file claims requests for the VIP. */
static int claim_of(const struct exam *x, const char *line)
{
    int best = 0;
    if (strstr(line, OUR_VHOST ":"))
        return 0;
    for (size_t i = 0; i < x->cluster->n_vips; i++) {
        char buf[IPADDR_STRLEN];
        if (strstr(line, ipaddr_str(&x->cluster->vips[i], buf)))
            best = 3;
    }
    if (!best && strstr(line, "listen") && strstr(line, "default_server"))
        best = 2;
    if (!best && strstr(line, ": listen"))
        best = 1;
    return best;
}

/* The file that takes the requests: the strongest claim, the first of equals as nginx reads. */
static const char *claimant(struct exam *x, const struct exam_host *h)
{
    const char *best = NULL;
    int strongest = 0;
    for (const struct evidence *l = NULL; (l = exam_line(h, "http.vhost", l));) {
        int claim = claim_of(x, l->text);
        if (claim <= strongest)
            continue;
        strongest = claim;
        const char *file = l->text + strcspn(l->text, " ");
        file += *file == ' ';
        best = arena_strndup(&x->report->arena, file, strcspn(file, ":"));
    }
    return best;
}

static void show_vhosts(struct exam *x, struct finding *f, const struct exam_host *h,
                        const char *file)
{
    for (const struct evidence *l = NULL; (l = exam_line(h, "http.vhost", l));) {
        const char *text = l->text + strcspn(l->text, " ");
        text += *text == ' ';
        if (file && !strncmp(text, file, strlen(file)))
            finding_evidence(x, f, "%s: nginx -T: %s", h->host->name, text);
    }
    for (const struct evidence *l = NULL; (l = exam_line(h, "http.test", l));)
        if (strstr(l->text, "[warn]"))
            finding_evidence(x, f, "%s: nginx -t: %s", h->host->name, l->text);
}

static void default_site(struct exam *x)
{
    for (const struct exam_host *h = NULL; (h = next_server(x, h));) {
        const struct evidence *l = NULL;
        while ((l = exam_line(h, "http.whoami", l)) &&
               (!reply_of(l).status || is_ours(h, reply_of(l).port, &(const struct evidence *){0})))
            ;
        if (!l || !nginx_runs(h))
            continue;
        const struct step *s = exam_step(h, RES_FILE, OUR_VHOST);
        const struct step *reload = exam_step(h, RES_SERVICE, "nginx.service");
        const char *file = claimant(x, h);
        struct finding *f =
            found(x, "http.default-site", h->host, s || reload ? REMEDY_DEPLOY : REMEDY_MANUAL);
        finding_cause(x, f,
                      "nginx on %s answers requests for the VIP with another site than the "
                      "cluster's%s%s",
                      h->host->name, file ? ": that of " : "", file ? file : "");
        finding_evidence(x, f, "%s: GET /.clusterctl/whoami on the VIP, port %s", h->host->name,
                         l->text);
        if (s && s->have && !s->have->file.exists)
            finding_evidence(x, f, "%s: %s does not exist", h->host->name, OUR_VHOST);
        show_vhosts(x, f, h, file);
        finding_step(x, f, s);
        finding_step(x, f, reload);
        if (s || reload)
            finding_fix(x, f, "clusterctl deploy writes the vhost and reloads nginx");
        else
            finding_fix(x, f,
                        "on %s: take the VIP out of %s (or remove it), nginx -t, then "
                        "systemctl reload nginx",
                        h->host->name, file ? file : "the file that claims it");
    }
}

static const struct step *page_step(const struct exam_host *h, const char *dir)
{
    const struct plan *p = &h->result->plan;
    for (size_t i = 0; h->result->reached && i < p->steps.n; i++)
        if (p->steps.v[i].want->type == RES_FILE &&
            !strncmp(p->steps.v[i].want->key, dir, strlen(dir)))
            return &p->steps.v[i];
    return NULL;
}

/* The share's own fault: its directory or a page is not as wanted, for all real servers alike. */
static struct finding *share_fault(struct exam *x, const struct exam_host *share,
                                   struct finding **already)
{
    const char *path = x->cluster->nfs.export_path;
    static const char *const seen[] = {"http.*", "dsr.*"};
    if (*already)
        return *already;
    if (!share || (!exam_step(share, RES_DIR, path) && !page_step(share, path)))
        return NULL;
    struct finding *f = *already = found(x, "http.forbidden", share->host, REMEDY_MANUAL);
    bool dir = take_steps(x, f, share, RES_DIR, path);
    bool pages = take_steps(x, f, share, RES_FILE, path);
    if (dir || pages)
        f->remedy = REMEDY_DEPLOY;
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        finding_explains(x, f, seen[i], NULL);
    finding_cause(x, f, "nginx cannot give out its pages, since %s on %s is not as it must be",
                  path, share->host->name);
    finding_fix(x, f, "clusterctl deploy sets the directory's owner and mode, and seeds its pages");
    return f;
}

/* Its own vhost, but the page is not given out, or takes for ever. */
static struct finding *server_fault(struct exam *x, const struct exam_host *h, unsigned status)
{
    struct finding *f = found(x, status ? "http.forbidden" : "http.hangs", h->host, REMEDY_MANUAL);
    if (status) {
        finding_cause(x, f, "nginx on %s does not give out its page: status %u", h->host->name,
                      status);
        finding_fix(x, f,
                    "on %s: let nginx's user read the page (chmod o+rX along the path of the "
                    "lines above), and see that its index file exists",
                    h->host->name);
    } else {
        finding_cause(x, f, "nginx on %s does not answer a request for its page within 6 s",
                      h->host->name);
        finding_fix(x, f,
                    "on %s: see what nginx waits for: ps -eo pid,stat,wchan:30,cmd | grep nginx",
                    h->host->name);
    }
    return f;
}

/* Mounts refuse a new file at once, while pages may still come from the real servers' caches. */
static void closed_share(struct exam *x, const struct exam_host *share, struct finding **of_share)
{
    for (const struct exam_host *h = NULL; (h = next_server(x, h));) {
        const struct check_result *c = exam_failed(x, "nfs.shared", h->host->name);
        bool refused = c && strstr(c->reason, "Permission denied");
        struct finding *f = refused ? share_fault(x, share, of_share) : NULL;
        if (f)
            finding_evidence(x, f, "%s: %s", c->subject, c->reason);
    }
}

static void page(struct exam *x)
{
    const struct host *nfs = cluster_next(x->cluster, NULL, ROLE_NFS);
    const struct exam_host *share = nfs && x->cluster->nfs.export_path ? exam_host(x, nfs) : NULL;
    struct finding *of_share = NULL;
    closed_share(x, share, &of_share);
    for (const struct exam_host *h = NULL; (h = next_server(x, h));)
        for (const struct evidence *l = NULL; (l = exam_line(h, "http.page", l));) {
            const struct evidence *who = NULL;
            struct reply r = reply_of(l);
            if (!is_ours(h, r.port, &who) || (r.status && r.status < 400))
                continue;
            struct finding *f = r.status ? share_fault(x, share, &of_share) : NULL;
            if (!f)
                f = server_fault(x, h, r.status);
            finding_evidence(x, f, "%s: GET / on the VIP, port %s", h->host->name, l->text);
            add_lines(x, f, h, "http.error", "/var/log/nginx/error.log");
            add_lines(x, f, h, "http.files", "ls -ldn");
        }
}

static const char *const wrong_answer[] = {SEEN, NULL};
static const char *const no_page[] = {SEEN, "*nfs.shared", NULL}; /* it may be found on the share's host */

static const struct rule rules[] = {
    {"http.port-taken", "nginx's port held by another program", port_taken, no_nginx},
    {"http.config-broken", "an nginx configuration that nginx refuses", config_broken, NULL},
    {"http.not-running", "an nginx that does not run", not_running, wrong_answer},
    {"http.default-site", "requests for the VIP answered by another site", default_site,
     wrong_answer},
    {"http.forbidden", "a page that nginx may not read, that is not there or never comes", page,
     no_page},
    {0},
};

const struct rule_set rule_set_http = {.subject = "http", .gather = http_gather, .rules = rules};
