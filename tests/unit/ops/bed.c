#include "bed.h"

const char bed_active[] = ADDR_VIP TABLE VRRP("MASTER", "254") CONNECTIONS
    "st_up 1000.00\n" STATS("100 1000 0 10000 0", "40 400 0 4000 0", "60 600 0 6000 0")
        RATE KEEPALIVED "complete";
const char bed_backup[] = TABLE VRRP("BACKUP", "253") KEEPALIVED "complete";
const char bed_web[] = ON_LO UNIT("nginx.service", "active", "enabled") MOUNTED
    "st_nginx nginx version: nginx/1.22.1\nst_nfs 1:2.6.2-4+deb12u1\ncomplete";
const char bed_nfs[] = UNIT("nfs-server.service", "active", "enabled") EXPORTED "complete";

static const char *const names[BED_HOSTS] = {"LVS-master", "LVS-node01", "Web01-RS", "Web02-RS",
                                             "NFS"};
static const unsigned roles[BED_HOSTS] = {ROLE_DIRECTOR, ROLE_DIRECTOR, ROLE_REAL_SERVER,
                                          ROLE_REAL_SERVER, ROLE_NFS};

static struct resource *want(struct bed *b, size_t host, enum res_type type, const char *key)
{
    struct catalog *c = &b->results[host].catalog;
    struct resource *r = arena_new(&c->arena, struct resource);
    r->type = type;
    r->key = key;
    r->index = c->list.n;
    *vec_push(&c->list) = r;
    return r;
}

static void declare(struct bed *b)
{
    want(b, LVS1, RES_SERVICE, "keepalived.service");
    want(b, LVS2, RES_SERVICE, "keepalived.service");
    for (size_t i = WEB1; i <= WEB2; i++) {
        want(b, i, RES_SERVICE, "nginx.service");
        want(b, i, RES_MOUNT, "/srv/web")->mount = (struct res_mount){
            .source = "10.1.1.134:/nfs/web", .fstype = "nfs", .options = "nfsvers=4"};
    }
    want(b, NFS, RES_SERVICE, "nfs-server.service");
    want(b, NFS, RES_EXPORT, "/nfs/web");
}

static void make_host(struct bed *b, size_t i)
{
    char text[IPADDR_STRLEN];
    struct host *h = &b->hosts[i];
    *h = (struct host){.name = names[i], .roles = roles[i], .weight = 1, .index_in_cluster = i};
    snprintf(text, sizeof text, "10.1.1.%zu", 130 + i);
    h->address = addr(text);
    b->results[i] = (struct host_result){
        .host = h, .reached = true, .ok = true, .catalog = {.cluster = &b->cluster, .host = h}};
    b->results[i].facts.kernel = "6.1.0-18-amd64";
    b->results[i].facts.keepalived = (struct version){2, 2, 7};
    b->results[i].facts.keepalived_installed = true;
    b->looks[i] = (struct look){.cluster = &b->cluster,
                                .host = h,
                                .result = &b->results[i],
                                .planned = true,
                                .ask_versions = true,
                                .elapsed_ms = 50};
    b->taken[i] = &b->looks[i];
}

int bed_answer(struct bed *b, size_t host, const char *lines)
{
    struct look *l = &b->looks[host];
    struct err e = {0};
    char *copy = xstrdup(lines), *rest = copy;
    int rc = 0;
    look_begin(l, &b->results[host]);
    for (char *line; rc == 0 && (line = strsep(&rest, "\n"));)
        rc = look_record(l, line, &e);
    free(copy);
    l->answer = STATUS_ANSWERED;
    return rc;
}

void bed_away(struct bed *b, size_t host, enum status_answer answer, const char *why)
{
    struct look *l = &b->looks[host];
    if (answer == STATUS_LATE) {
        b->taken[host] = NULL;
        b->waited_ms[host] = 7400;
        return;
    }
    l->answer = answer;
    err_set(&l->err, answer == STATUS_UNREACHABLE ? ERR_UNREACHABLE : ERR_FAILED, "%s", why);
}

static void page(struct bed *b, size_t host, long status, const char *error)
{
    struct look *l = &b->looks[host];
    l->n_pages = 1;
    l->pages[0] = (struct look_page){.port = 80, .status = status, .elapsed_us = 4200};
    snprintf(l->pages[0].error, sizeof l->pages[0].error, "%s", error);
}

int bed_setup(void **state)
{
    struct bed *b = xcalloc(1, sizeof *b);
    const char *const lines[BED_HOSTS] = {bed_active, bed_backup, bed_web, bed_web, bed_nfs};
    b->vip = addr("10.1.1.140");
    b->service = (struct service){.vip = b->vip, .port = 80, .scheduler = "rr"};
    b->cluster = (struct cluster){.name = "web",
                                  .vips = &b->vip,
                                  .n_vips = 1,
                                  .services = &b->service,
                                  .n_services = 1,
                                  .hosts = b->hosts,
                                  .n_hosts = BED_HOSTS};
    for (size_t i = 0; i < BED_HOSTS; i++)
        make_host(b, i);
    declare(b);
    for (size_t i = 0; i < BED_HOSTS; i++)
        assert_int_equal(bed_answer(b, i, lines[i]), 0);
    page(b, WEB1, 200, "");
    page(b, WEB2, 200, "");
    *state = b;
    return 0;
}

int bed_teardown(void **state)
{
    struct bed *b = *state;
    for (size_t i = 0; i < BED_HOSTS; i++) {
        observation_free(&b->looks[i].seen);
        live_forget(&b->looks[i].now.live);
        live_forget(&b->looks[i].before.live);
        vec_free(&b->results[i].plan.steps);
        vec_free(&b->results[i].catalog.list);
        arena_free(&b->results[i].catalog.arena);
    }
    status_report_free(&b->report);
    free(b);
    return 0;
}

const struct status_report *bed_report(struct bed *b)
{
    status_report_free(&b->report);
    status_build(&b->report, &b->cluster, b->taken, b->waited_ms, 0);
    return &b->report;
}

bool bed_problem(const struct status_report *r, const char *subject, const char *words)
{
    for (size_t i = 0; i < r->problems.n; i++)
        if (!strcmp(r->problems.v[i].subject, subject) && strstr(r->problems.v[i].text, words))
            return true;
    return false;
}
