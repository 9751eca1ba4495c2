#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "engine/script.h"
#include "probe/http.h"
#include "probe/via.h"
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

#define DUMP(state, priority)                                                                      \
    "vrrp  VRRP Instance = VI_1\nvrrp    VRRP Version = 3\nvrrp    State = " state                 \
    "\nvrrp    Virtual Router ID = 10\nvrrp    Priority = " priority                               \
    "\nvrrp    Advert interval = 0.1 sec\n"                                                        \
    "vrrp      10.1.1.140 dev eth0 scope global set\nvrrp_end\nboot_end\n"
#define MOUNTED                                                                                    \
    "mount 163 23 0:39 / /srv/web rw,noatime shared:88 - nfs4 10.1.1.134:/nfs/web "                \
    "rw,vers=4.2,hard\nmount_fstab 10.1.1.134:/nfs/web /srv/web nfs nfsvers=4,_netdev 0 0\n"       \
    "mount_end\n"
#define BOOT                                                                                       \
    "boot_file /etc/sysctl.d/99-zz-clusterctl.conf\n"                                              \
    "boot_line 3 /etc/sysctl.d/99-zz-clusterctl.conf\tnet.ipv4.conf.all.arp_ignore = "             \
    "1\nboot_end\n"

static struct resource *want(size_t host, enum res_type type, const char *key)
{
    struct host_result *hr = &fake.results[host];
    struct resource *r = arena_new(&hr->catalog.arena, struct resource);
    r->type = type;
    r->key = key;
    r->index = hr->catalog.list.n;
    *vec_push(&hr->catalog.list) = r;
    return r;
}

struct resource *fake_resource(size_t host, enum res_type type)
{
    struct catalog *c = &fake.results[host].catalog;
    for (size_t i = 0; i < c->list.n; i++)
        if (c->list.v[i]->type == type)
            return c->list.v[i];
    return NULL;
}

void fake_pending(size_t host, const struct resource *r, const char *summary)
{
    *vec_push(&fake.results[host].plan.steps) = (struct step){.want = r, .summary = summary};
}

/* What a real server's modules would have declared, as far as checks look at it. */
static void fill_catalogs(void)
{
    for (size_t i = WEB1; i <= WEB2; i++) {
        want(i, RES_FILE, "/etc/sysctl.d/99-zz-clusterctl.conf");
        want(i, RES_SYSCTL, "net.ipv4.conf.all.arp_ignore")->sysctl.value = "1";
        want(i, RES_BLOCK, "/etc/fstab");
        want(i, RES_MOUNT, "/srv/web")->mount = (struct res_mount){
            .source = "10.1.1.134:/nfs/web", .fstype = "nfs", .options = "nfsvers=4,_netdev"};
        want(i, RES_SERVICE, "nginx.service");
    }
    for (size_t i = LVS1; i <= LVS2; i++) {
        fake.results[i].facts.keepalived = (struct version){2, 2, 7};
        want(i, RES_KMOD, "ip_vs");
    }
    want(NFS, RES_EXPORT, "/nfs/web");
}

void fake_free(void)
{
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        vec_free(&fake.results[i].catalog.list);
        vec_free(&fake.results[i].plan.steps);
        arena_free(&fake.results[i].catalog.arena);
    }
}

void fake_reset(void)
{
    static const char *const extra[FAKE_HOSTS] = {DUMP("MASTER", "254"), DUMP("BACKUP", "253"),
                                                  MOUNTED BOOT, MOUNTED BOOT, ""};
    fake_free();
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
        fake.extra[i] = extra[i];
        fake.through[i] = i;
    }
    fake.hosts[WEB1].page = "Web01 index.html";
    fake.hosts[WEB2].page = "Web02 index.html";
    fake.pages[WEB1] = "Web01 index.html\n";
    fake.pages[WEB2] = "Web02 index.html\n";
    fake.service = (struct service){.vip = fake.vip, .port = 80, .scheduler = "rr"};
    fake.route = (struct route){.on_link = true, .ifindex = 2, .ifname = "eth0"};
    fill_catalogs();
    fake.cluster = (struct cluster){.name = "web",
                                    .vips = &fake.vip,
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

static void feed(const struct remote_query *q, size_t host, const char *records, struct err *e)
{
    char *copy = xstrdup(records), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (*line)
            q->record(&fake.results[host], line, q->ud, e);
    free(copy);
}

/* What the shell would do about the token; false: the question was another. */
static bool play_token(const struct remote_query *q, size_t host, const struct script *s,
                       struct err *e)
{
    const char *write = strstr(sb_str(&s->text), "\ntk_write ");
    const char *read = strstr(sb_str(&s->text), "\ntk_read ");
    char dir[64], name[64];
    if (write && sscanf(write, " tk_write %63s %63s %63s", dir, name, fake.token) == 3) {
        snprintf(fake.token_path, sizeof fake.token_path, "%s/%s", dir, name);
        fake.token_removed = false;
        autosb struct strbuf error = {0};
        sb_addf(&error, "token_error %s", fake.token_error ? fake.token_error : "");
        feed(q, host, fake.token_error ? sb_str(&error) : "token_written", e);
    }
    if (read && fake.token_read[host]) {
        feed(q, host, fake.token_read[host], e);
    } else if (read) {
        autosb struct strbuf text = {0};
        sb_addf(&text, "token %s", fake.token);
        feed(q, host, sb_str(&text), e);
    }
    return read;
}

static bool answers(const struct remote_query *q, size_t host, struct err *e)
{
    struct script s = {0};
    q->fragment(&s, &fake.results[host], q->ud);
    bool live = !play_token(q, host, &s, e) && s.text.len > 0;
    if (live) {
        feed(q, host, fake.extra[host], e);
        feed(q, host, fake.records[host], e);
    }
    script_free(&s);
    return live;
}

int run_query(struct run *r, const struct remote_query *q, struct err *e)
{
    int rc = 0;
    bool live = false, first = true;
    (void)r;
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        if (!fake.results[i].reached)
            continue;
        if (first && fake.on_query && fake.queries)
            fake.on_query(&fake);
        first = false;
        if (fake.mute[i])
            rc = err_set(e, ERR_UNREACHABLE, "%s: the connection was lost", names[i]);
        else
            live |= answers(q, i, e);
    }
    fake.queries += live;
    return rc;
}

int run_query_host(struct run *r, const struct host *h, const struct remote_query *q,
                   unsigned limit_ms, struct err *e)
{
    struct script s = {0};
    (void)r, (void)limit_ms, (void)e;
    q->fragment(&s, &fake.results[h->index_in_cluster], q->ud);
    const char *rm = strstr(sb_str(&s.text), "rm -f -- ");
    if (rm && !strncmp(rm + strlen("rm -f -- "), fake.token_path, strlen(fake.token_path)))
        fake.token_removed = true;
    script_free(&s);
    return 0;
}

/* What nginx of host `i` answers. */
static void answer(size_t i, const char *path, const char *host, struct http_result *r)
{
    bool whoami = !strcmp(path, WHOAMI_PATH), token = strstr(fake.token_path, path + 1) && path[1];
    bool foreign = fake.no_vhost[i] || (host && fake.foreign[i] && !strcmp(host, fake.foreign[i]));
    r->status = 200;
    if (token && !fake.token_page[i])
        sb_addf(&r->body, "%s\n", fake.token);
    else if (token && *fake.token_page[i])
        sb_add(&r->body, fake.token_page[i]);
    else if (token || (whoami && foreign))
        r->status = 404;
    else if (whoami)
        sb_addf(&r->body, "%s\n", names[i]);
    else
        sb_add(&r->body,
               fake.foreign[i] && foreign ? "<title>Welcome to nginx!</title>" : fake.pages[i]);
    if (r->status == 404)
        sb_add(&r->body, "not found");
}

void http_get(const struct ipaddr *a, unsigned port, const char *path, const char *host,
              unsigned timeout_ms, struct http_result *r)
{
    size_t i = FAKE_HOSTS;
    (void)port, (void)timeout_ms;
    *r = (struct http_result){0};
    if (!ipaddr_eq(a, &fake.vip))
        for (i = 0; i < FAKE_HOSTS && !ipaddr_eq(a, &fake.hosts[i].address);)
            i++;
    else if (fake.n_order)
        i = fake.order[fake.turn++ % fake.n_order];
    if (i == FAKE_HOSTS || !fake.pages[i])
        snprintf(r->error, sizeof r->error, "cannot connect: Connection refused");
    else
        answer(i, path, host, r);
}

void http_get_via(const struct via *way, unsigned port, const char *path, const char *host,
                  unsigned timeout_ms, struct http_result *r)
{
    size_t i = 0;
    (void)port, (void)timeout_ms;
    *r = (struct http_result){0};
    while (!ipaddr_eq(&way->neighbour, &fake.hosts[i].address))
        i++;
    if (fake.through[i] == FAKE_HOSTS)
        snprintf(r->error, sizeof r->error, "%s", fake.through_error);
    else
        answer(fake.through[i], path, host, r);
}

void http_result_free(struct http_result *r)
{
    sb_free(&r->body);
}

int via_open(const struct ipaddr *to, const struct ipaddr *neighbour, const struct route *link,
             struct via *out, struct err *e)
{
    (void)link;
    if (fake.via_error) {
        err_set(e, ERR_SYSTEM, "%s", fake.via_error);
        return err_hint(e, "it takes CAP_NET_ADMIN");
    }
    *out = (struct via){.to = *to, .neighbour = *neighbour, .family = to->family};
    fake.ways++;
    return 0;
}

void via_close(struct via *v)
{
    fake.ways -= v->family != 0;
    *v = (struct via){0};
}

size_t via_sweep(void)
{
    return 0;
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
