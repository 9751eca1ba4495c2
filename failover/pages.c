#include <string.h>

#include "failover/tester.h"
#include "probe/http.h"
#include "verify/sample.h"

enum { ASK_MS = 3000 };

static int learn_one(struct pages *p, const struct service *s, const struct host *h, struct err *e)
{
    struct http_result r;
    http_get(&h->address, s->port, "/", NULL, ASK_MS, &r);
    int rc = 0;
    if (r.status != 200)
        rc = err_set(e, ERR_FAILED, "%s does not serve its page: %s%ld", h->name,
                     r.status ? "HTTP status " : r.error, r.status);
    else
        sb_addn(&p->bodies[p->n], sb_str(&r.body), r.body.len);
    p->hosts[p->n++] = h;
    http_result_free(&r);
    return rc;
}

static bool all_differ(const struct pages *p)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = i + 1; k < p->n; k++)
            if (!strcmp(sb_str(&p->bodies[i]), sb_str(&p->bodies[k])))
                return false;
    return true;
}

int pages_learn(struct pages *p, const struct cluster *c, const struct service *s, struct arena *a,
                struct err *e)
{
    *p = (struct pages){.hosts = arena_array(a, const struct host *, c->n_hosts),
                        .bodies = arena_array(a, struct strbuf, c->n_hosts)};
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));)
        if (learn_one(p, s, h, e) < 0)
            return -1;
    p->by_name = !all_differ(p);
    p->path = p->by_name ? WHOAMI_PATH : "/";
    return 0;
}

static bool is_body(const struct strbuf *b, const char *body, size_t len)
{
    return b->len == len && !memcmp(sb_str(b), body, len);
}

static bool is_name(const struct host *h, const char *body, size_t len)
{
    size_t n = strlen(h->name);
    return len == n + 1 && !memcmp(h->name, body, n) && body[n] == '\n';
}

int pages_classify(void *ud, long status, const char *body, size_t len)
{
    const struct pages *p = ud;
    for (size_t i = 0; i < p->n && status == 200; i++)
        if (p->by_name && !strcmp(p->path, WHOAMI_PATH) ? is_name(p->hosts[i], body, len)
                                                        : is_body(&p->bodies[i], body, len))
            return (int)i;
    return LOAD_NOBODY;
}

void pages_free(struct pages *p)
{
    for (size_t i = 0; i < p->n; i++)
        sb_free(&p->bodies[i]);
    *p = (struct pages){0};
}
