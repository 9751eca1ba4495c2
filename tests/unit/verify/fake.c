#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "probe/http.h"
#include "verify/sample.h"

struct fake fake;

static const char *const names[FAKE_HOSTS] = {"LVS-master", "LVS-node01", "Web01-RS", "Web02-RS",
                                              "NFS"};
static const unsigned roles[FAKE_HOSTS] = {ROLE_DIRECTOR, ROLE_DIRECTOR, ROLE_REAL_SERVER,
                                           ROLE_REAL_SERVER, ROLE_NFS};
static const unsigned in_turn[] = {WEB1, WEB2};

#define TABLE                                                                                      \
    "ipvs -A -t 10.1.1.140:80 -s rr \n"                                                            \
    "ipvs -a -t 10.1.1.140:80 -r 10.1.1.132:80 -g -w 1\n"                                          \
    "ipvs -a -t 10.1.1.140:80 -r 10.1.1.133:80 -g -w 1\n"                                          \
    "ipvs_end\ncomplete"

void fake_reset(void)
{
    static const char *const records[FAKE_HOSTS] = {
        "link eth0 52:54:00:00:00:01\n"
        "addr 2: eth0 inet 10.1.1.140/32 scope global eth0\\ valid\n" TABLE,
        "link eth0 52:54:00:00:00:02\n" TABLE,
        "link eth0 52:54:00:00:00:03\naddr 1: lo inet 10.1.1.140/32 scope global lo:1\ncomplete",
        "link eth0 52:54:00:00:00:04\naddr 1: lo inet 10.1.1.140/32 scope global lo:1\ncomplete",
        "link eth0 52:54:00:00:00:05\ncomplete",
    };
    fake = (struct fake){.order = in_turn, .n_order = 2, .may_ask = true, .macs = {1}, .n_macs = 1};
    ipaddr_parse("10.1.1.140", &fake.vip);
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        char text[IPADDR_STRLEN];
        struct host *h = &fake.hosts[i];
        *h = (struct host){.name = names[i], .roles = roles[i], .weight = 1, .index_in_cluster = i};
        snprintf(text, sizeof text, "10.1.1.%zu", 130 + i);
        ipaddr_parse(text, &h->address);
        fake.results[i] = (struct host_result){
            .host = h, .reached = true, .ok = true, .catalog = {.cluster = &fake.cluster}};
        fake.records[i] = records[i];
    }
    fake.hosts[WEB1].page = "Web01 index.html";
    fake.hosts[WEB2].page = "Web02 index.html";
    fake.pages[WEB1] = "Web01 index.html\n";
    fake.pages[WEB2] = "Web02 index.html\n";
    fake.service = (struct service){.vip = fake.vip, .port = 80, .scheduler = "rr"};
    fake.route = (struct route){.on_link = true, .ifindex = 2, .ifname = "eth0"};
    fake.cluster = (struct cluster){.vips = &fake.vip,
                                    .n_vips = 1,
                                    .services = &fake.service,
                                    .n_services = 1,
                                    .hosts = fake.hosts,
                                    .n_hosts = FAKE_HOSTS};
}

const struct cluster *run_cluster(const struct run *r)
{
    (void)r;
    return &fake.cluster;
}

size_t run_count(const struct run *r)
{
    (void)r;
    return FAKE_HOSTS;
}

struct host_result *run_result(struct run *r, size_t i)
{
    (void)r;
    return &fake.results[i];
}

struct host_result *run_result_of(struct run *r, const struct host *h)
{
    (void)r;
    return &fake.results[h->index_in_cluster];
}

int run_query(struct run *r, const struct remote_query *q, struct err *e)
{
    int rc = 0;
    (void)r;
    if (fake.queries++ && fake.on_query)
        fake.on_query(&fake);
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        if (!fake.results[i].reached)
            continue;
        if (fake.mute[i]) {
            rc = err_set(e, ERR_UNREACHABLE, "%s: the connection was lost", names[i]);
            continue;
        }
        char *copy = xstrdup(fake.records[i]), *rest = copy;
        for (char *line; (line = strsep(&rest, "\n"));)
            q->record(&fake.results[i], line, q->ud, e);
        free(copy);
    }
    return rc;
}

void http_get(const struct ipaddr *a, unsigned port, const char *path, const char *host,
              unsigned timeout_ms, struct http_result *r)
{
    size_t i = FAKE_HOSTS;
    (void)port, (void)host, (void)timeout_ms;
    *r = (struct http_result){0};
    if (!ipaddr_eq(a, &fake.vip))
        for (i = 0; i < FAKE_HOSTS && !ipaddr_eq(a, &fake.hosts[i].address);)
            i++;
    else if (fake.n_order)
        i = fake.order[fake.turn++ % fake.n_order];
    if (i == FAKE_HOSTS || !fake.pages[i]) {
        snprintf(r->error, sizeof r->error, "cannot connect: Connection refused");
        return;
    }
    bool whoami = !strcmp(path, WHOAMI_PATH);
    r->status = whoami && fake.no_vhost[i] ? 404 : 200;
    if (whoami && !fake.no_vhost[i])
        sb_addf(&r->body, "%s\n", names[i]);
    else
        sb_add(&r->body, r->status == 404 ? "not found" : fake.pages[i]);
}

void http_result_free(struct http_result *r)
{
    sb_free(&r->body);
}

int route_get(const struct ipaddr *to, struct route *out, struct err *e)
{
    (void)to, (void)e;
    *out = fake.route;
    return 0;
}

static struct mac mac_of(unsigned last)
{
    return (struct mac){{0x52, 0x54, 0, 0, 0, (unsigned char)last}};
}

int arp_ask(const struct ipaddr *a, const struct route *via, unsigned requests, unsigned wait_ms,
            struct arp_answers *out, struct err *e)
{
    (void)a, (void)via, (void)wait_ms;
    if (!fake.may_ask)
        return err_set(e, ERR_SYSTEM, "cannot open a packet socket: Operation not permitted");
    *out = (struct arp_answers){.requests = requests, .n = fake.n_macs};
    for (size_t i = 0; i < fake.n_macs; i++)
        out->mac[i] = mac_of(fake.macs[i]);
    return 0;
}

int neigh_get(const struct ipaddr *a, int ifindex, bool *found, struct mac *out, struct err *e)
{
    (void)a, (void)ifindex, (void)e;
    *found = fake.n_macs > 0;
    *out = mac_of(fake.macs[0]);
    return 0;
}
