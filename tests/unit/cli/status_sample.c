#include "status_sample.h"

#include <stdio.h>
#include <string.h>

enum { LVS1, LVS2, WEB1, WEB2, NFS, HOSTS };

static struct host hosts[HOSTS] = {
    {.name = "LVS-master", .index_in_cluster = LVS1},
    {.name = "LVS-node01", .index_in_cluster = LVS2},
    {.name = "Web01-RS", .index_in_cluster = WEB1},
    {.name = "Web02-RS", .index_in_cluster = WEB2},
    {.name = "NFS", .index_in_cluster = NFS},
};
static struct ipaddr vip = {AF_INET, {10, 1, 1, 140}};
static struct cluster cluster = {
    .name = "web", .hosts = hosts, .n_hosts = HOSTS, .vips = &vip, .n_vips = 1};

static struct status_unit units[HOSTS][2] = {
    [LVS1] = {{"keepalived.service", "active", true, true},
              {"clusterctl-sync.service", "active", true, true}},
    [LVS2] = {{"keepalived.service", "active", true, true},
              {"clusterctl-sync.service", "active", true, true}},
    [WEB1] = {{"nginx.service", "active", true, true},
              {"clusterctl-vip.service", "active", true, true}},
    [WEB2] = {{"nginx.service", "active", true, true},
              {"clusterctl-vip.service", "active", true, true}},
    [NFS] = {{"nfs-server.service", "active", true, true}},
};

static void add_hosts(struct status_report *r)
{
    r->n_hosts = HOSTS;
    r->hosts = arena_array(&r->arena, struct status_host, HOSTS);
    for (size_t i = 0; i < HOSTS; i++) {
        struct status_unit *own = arena_array(&r->arena, struct status_unit, 2);
        memcpy(own, units[i], sizeof units[i]);
        r->hosts[i] = (struct status_host){.host = &hosts[i],
                                           .elapsed_ms = 80,
                                           .planned = true,
                                           .planned_ago_ms = 12080,
                                           .units = own,
                                           .n_units = i == NFS ? 1 : 2,
                                           .kernel = "6.1.0-18-cloud-amd64",
                                           .keepalived = i <= LVS2 ? "2.2.7" : "",
                                           .nginx = i == WEB1 || i == WEB2 ? "1.22.1" : "",
                                           .nfs_utils = i > LVS2 ? "1:2.6.2-4" : ""};
    }
}

static void add_vip(struct status_report *r)
{
    struct status_director *d = arena_array(&r->arena, struct status_director, 2);
    d[0] = (struct status_director){&hosts[LVS1], true, "eth0", "MASTER", NULL, false, 254};
    d[1] = (struct status_director){&hosts[LVS2], true, NULL, "BACKUP", NULL, false, 253};
    r->vips = arena_new(&r->arena, struct status_vip);
    r->vips[0] = (struct status_vip){
        .vip = &vip, .directors = d, .n_directors = 2, .holders = 1, .masters = 1};
    r->n_vips = 1;
}

static void add_service(struct status_report *r)
{
    struct status_dest *d = arena_array(&r->arena, struct status_dest, 3);
    d[0] = (struct status_dest){
        &hosts[WEB1], {AF_INET, {10, 1, 1, 132}}, 80, 1, 12, 340, 51234, 512340,
        40123456,     {5100, 42000, 3100000}};
    d[1] = (struct status_dest){
        &hosts[WEB2], {AF_INET, {10, 1, 1, 133}}, 80, 1, 11, 338, 51233, 512330, 40123400,
        {40, 950, 12}};
    r->services = arena_new(&r->arena, struct status_service);
    r->services[0] = (struct status_service){.name = "10.1.1.140:80/tcp",
                                             .director = &hosts[LVS1],
                                             .holder = true,
                                             .present = true,
                                             .scheduler = "rr",
                                             .active = 23,
                                             .inactive = 678,
                                             .connections = 102467,
                                             .packets_in = 1024670,
                                             .bytes_in = 80246856,
                                             .rated = true,
                                             .rate = {5140, 42950, 3100012},
                                             .rate_over_ms = 2040,
                                             .dests = d,
                                             .n_dests = 2};
    r->n_services = 1;
}

static void add_real_servers(struct status_report *r)
{
    r->real_servers = arena_array(&r->arena, struct status_real_server, 2);
    r->n_real_servers = 2;
    for (size_t i = 0; i < 2; i++) {
        struct status_page *p = arena_new(&r->arena, struct status_page);
        *p = (struct status_page){80, 200, NULL, 4200};
        r->real_servers[i] = (struct status_real_server){.host = &hosts[WEB1 + i],
                                                         .answered = true,
                                                         .tables = 2,
                                                         .tables_of = 2,
                                                         .nginx = "active",
                                                         .nginx_active = true,
                                                         .pages = p,
                                                         .n_pages = 1,
                                                         .vips_on_lo = 1,
                                                         .wants_mount = true,
                                                         .mount_point = "/var/www/html/shared",
                                                         .mount_source = "10.1.1.134:/nfs/web",
                                                         .mount_type = "nfs4",
                                                         .mount_version = "4.2"};
    }
    static const char *const clients[] = {"Web01-RS", "Web02-RS"};
    r->exports = arena_new(&r->arena, struct status_export);
    r->exports[0] = (struct status_export){&hosts[NFS], "/nfs/web", clients, 2, NULL};
    r->n_exports = 1;
}

void sample_healthy(struct status_report *r)
{
    *r = (struct status_report){
        .cluster = &cluster, .at = "2026-01-31T12:00:00Z", .elapsed_ms = 120};
    add_hosts(r);
    add_vip(r);
    add_service(r);
    add_real_servers(r);
}

static void problem(struct status_report *r, bool loud, const char *subject, const char *text)
{
    *vec_push(&r->problems) = (struct status_problem){subject, text, loud};
}

static void break_servers(struct status_report *r)
{
    struct status_real_server *s = r->real_servers;
    s[0].pages[0] = (struct status_page){80, 403, NULL, 900};
    s[0].nginx = "failed";
    s[0].nginx_active = false;
    s[0].tables = 1;
    s[0].missing_in = "LVS-node01";
    s[1].drained = true;
    s[0].mount_dead = true;
    s[0].vips_on_lo = 0;
    s[1].answered = false;
    s[1].pages[0] = (struct status_page){80, 0, "cannot connect: No route to host", 3000000};
    s[1].nginx = s[1].mount_type = s[1].mount_version = "";
    s[1].wants_mount = false;
    s[1].mount_source = s[1].mount_point = NULL;
    r->exports[0].clients = NULL;
    r->exports[0].n_clients = 0;
    r->exports[0].missing = "Web01-RS, Web02-RS";
}

void sample_broken(struct status_report *r)
{
    sample_healthy(r);
    r->vips[0].directors[1].holds_on = "eth0";
    r->vips[0].directors[1].state = "FAULT";
    r->vips[0].holders = 2;
    struct status_dest *d = r->services[0].dests;
    d[2] = (struct status_dest){
        NULL, {AF_INET, {10, 9, 9, 9}},  8080, 65535, UINT64_MAX, 99999999, UINT64_MAX, 1,
        1,    {999999999, 0, UINT64_MAX}};
    r->services[0].n_dests = 3;
    r->services[0].rate_over_ms = 0;
    break_servers(r);
    r->hosts[LVS2].changes = 3;
    r->hosts[LVS2].blocked = 1;
    r->hosts[WEB1].units[0] = (struct status_unit){"nginx.service", "failed\033[2J", false, false};
    r->hosts[WEB2].answer = STATUS_UNREACHABLE;
    r->hosts[WEB2].why = "Web02-RS (10.1.1.133:22): No route to host";
    r->hosts[NFS].answer = STATUS_LATE;
    r->hosts[NFS].why = "no answer for 7 s";
    r->hosts[WEB2].planned = r->hosts[NFS].planned = false;
    r->hosts[WEB2].n_units = r->hosts[NFS].n_units = 0;
    r->unreachable = r->late = 1;
    problem(r, false, "Web01-RS", "nginx.service is failed\033[2J");
    problem(r, true, "10.1.1.140", "2 directors hold it: LVS-master, LVS-node01");
    for (unsigned i = 0; i < 12; i++)
        problem(r, false, "Web02-RS", "no page at port 80: cannot connect: No route to host");
}
