#include "verify/live.h"

#include <string.h>

#include "base/parse.h"
#include "base/quote.h"
#include "engine/script.h"
#include "inventory/monitoring.h"

static const char addresses_sh[] =
    "live_addr() {\n"
    "  for d in /sys/class/net/*; do [ -r \"$d/address\" ] && read -r l <\"$d/address\" &&\n"
    "    r link \"${d##*/} $l\"; done\n"
    "  ip -o addr show | while IFS= read -r l; do r addr \"$l\"; done\n"
    "}\n";

/*
 * ipvsadm loads ip_vs when it is not there, and a check changes nothing: so look first. A table
 * that is not there is one error, whichever way it is not there.
 */
static const char table_sh[] =
    "live_ipvs() {\n"
    "  [ -e /proc/net/ip_vs ] || { r ipvs_error \"the ip_vs module is not loaded\"; return; }\n"
    "  if o=$(ipvsadm -Sn 2>&1); then\n"
    "    printf '%s\\n' \"$o\" | while IFS= read -r l; do r ipvs \"$l\"; done\n"
    "    r ipvs_end\n"
    "  else\n"
    "    printf '%s\\n' \"$o\" | { IFS= read -r l; r ipvs_error \"$l\"; }\n"
    "  fi\n"
    "}\n";

/* After the table: its entries are what the listing's numbers go into. */
static const char connections_sh[] =
    "live_connections() {\n"
    "  ipvsadm -Ln 2>/dev/null | while IFS= read -r l; do r ipvs_open \"$l\"; done\n"
    "}\n";

/* A server of its own knows best: a director that took over halfway may never have seen the end. */
static const char open_sh[] =
    "live_open() {\n" /* VIP... */
    "  n=0; for a; do\n"
    "    o=$(ss -Htn state syn-recv state established state close-wait src \"$a\" 2>/dev/null) || return 0\n"
    "    [ -z \"$o\" ] || n=$((n + $(printf '%s\\n' \"$o\" | wc -l)))\n"
    "  done\n"
    "  r tcp_open \"$n\"\n"
    "}\n";

static void open_ask(struct script *s, const struct cluster *c)
{
    char vip[IPADDR_STRLEN];
    script_add(s, open_sh);
    script_add(s, "live_open");
    for (size_t i = 0; i < c->n_vips; i++)
        script_arg(s, ipaddr_str(&c->vips[i], vip));
    script_add(s, "\n");
}

/* What is asked of one host alone, or of few. The dump is told late: keepalived writes meanwhile.
 */
static void ask_extras(struct script *s, const struct host_result *hr, unsigned extras,
                       const struct token *token)
{
    const struct resource *mount = extras & LIVE_MOUNT ? mount_wanted(hr) : NULL;
    const char *exported = extras & LIVE_TOKEN ? token_directory(hr) : NULL;
    if (mount)
        mount_ask(s, mount);
    if (extras & LIVE_BOOT && boot_matters(hr))
        boot_ask(s);
    if (exported)
        token_write(s, exported, token);
    if (hr->host->roles & ROLE_DIRECTOR && extras & LIVE_CONNECTIONS)
        script_add(s, "live_connections\n");
    if (hr->host->roles & ROLE_REAL_SERVER && extras & LIVE_CONNECTIONS && hr->catalog.cluster)
        open_ask(s, hr->catalog.cluster);
    if (extras & LIVE_MONITORING && monitoring_host(hr->catalog.cluster) == hr->host)
        prometheus_ask(s);
}

void live_ask(struct script *s, const struct host_result *hr, unsigned extras,
              const struct token *token)
{
    bool director = hr->host->roles & ROLE_DIRECTOR, vrrp = director && extras & LIVE_VRRP;
    script_add(s, addresses_sh);
    if (director)
        script_add(s, table_sh);
    if (director && extras & LIVE_CONNECTIONS)
        script_add(s, connections_sh);
    script_add(s, "{ l= o=\n");
    script_addf(s, "live_addr; %s\n", director ? "live_ipvs" : ":");
    ask_extras(s, hr, extras, token);
    if (vrrp)
        vrrp_running_ask(s);
    script_add(s, "} </dev/null\n");
}

static void fragment(struct script *s, const struct host_result *hr, void *ud)
{
    struct live *l = ud;
    live_forget(&l->hosts[hr->host->index_in_cluster]);
    live_ask(s, hr, l->extras, &l->token);
    script_add(s, "r complete\n");
}

/* Text of at most `max` bytes, safe to print. */
static const char *shown(struct arena *a, const char *s, size_t max)
{
    autosb struct strbuf sb = {0};
    quote_terminal(&sb, s, strnlen(s, max), false);
    return arena_strdup(a, sb_str(&sb));
}

static struct live_iface *iface_named(struct live_host *h, const char *name)
{
    enum { NAME_MAX_BYTES = 15 }; /* IFNAMSIZ - 1 */
    const char *safe = shown(&h->arena, name, NAME_MAX_BYTES);
    for (size_t i = 0; i < h->ifaces.n; i++)
        if (!strcmp(h->ifaces.v[i]->name, safe))
            return h->ifaces.v[i];
    struct live_iface *n = arena_new(&h->arena, struct live_iface);
    n->name = safe;
    n->mac = "";
    *vec_push(&h->ifaces) = n;
    return n;
}

/* "2: eth0    inet 10.1.1.130/24 brd 10.1.1.255 scope global eth0\ ..." */
static void addr_line(struct live_host *h, char *line)
{
    const char *number = parse_word(&line), *name = parse_word(&line);
    const char *family = parse_word(&line);
    char *address = parse_word(&line);
    struct ipaddr a;
    if (!number || !name || !family || !address ||
        (strcmp(family, "inet") != 0 && strcmp(family, "inet6") != 0))
        return;
    address[strcspn(address, "/")] = '\0';
    if (ipaddr_parse(address, &a))
        *vec_push(&iface_named(h, name)->addresses) = a;
}

/* "eth0 52:54:00:0a:01:82"; lo's is all zeros, a tunnel's may be an IP address. */
static void link_line(struct live_host *h, char *line)
{
    enum { MAC_CHARS = 17 };
    const char *name = parse_word(&line), *mac = parse_word(&line);
    if (name && mac && strlen(mac) == MAC_CHARS)
        iface_named(h, name)->mac = shown(&h->arena, mac, MAC_CHARS);
}

void live_record(struct live_host *h, char *value)
{
    enum { ERROR_MAX = 200 };
    const char *what = parse_word(&value);
    if (h->records++ >= LIVE_MAX_RECORDS || !what)
        return;
    if (!strcmp(what, "addr"))
        addr_line(h, value);
    else if (!strcmp(what, "link"))
        link_line(h, value);
    else if (!strcmp(what, "ipvs"))
        ipvs_line(&h->ipvs, &h->arena, value);
    else if (!strcmp(what, "ipvs_open"))
        ipvs_listed(&h->ipvs, IPVS_PLAIN, value);
    else if (!strcmp(what, "tcp_open"))
        h->tcp_counted = parse_u64(value, 0, UINT32_MAX, &h->tcp_open);
    else if (!strcmp(what, "ipvs_error"))
        h->ipvs_error = shown(&h->arena, value, ERROR_MAX);
    else if (!strcmp(what, "ipvs_end"))
        h->ipvs_read = true;
    else if (!strcmp(what, "vrrp"))
        vrrp_running_line(&h->vrrp, &h->arena, value);
    else if (!strcmp(what, "vrrp_error"))
        h->vrrp.error = shown(&h->arena, value, ERROR_MAX);
    else if (!strcmp(what, "vrrp_end"))
        h->vrrp.read = true;
    else if (!strncmp(what, "mount", 5))
        mount_record(&h->mount, &h->arena, what, value);
    else if (!strncmp(what, "boot_", 5))
        boot_record(&h->boot, &h->arena, what, value);
    else if (!strcmp(what, "token_written"))
        h->token_written = true;
    else if (!strcmp(what, "token_error"))
        h->token_error = shown(&h->arena, value, ERROR_MAX);
    else if (!strncmp(what, "prometheus", 10))
        prometheus_record(&h->prometheus, &h->arena, what, value);
    else if (!strcmp(what, "complete"))
        h->complete = true;
}

static int record(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    struct live *l = ud;
    (void)e;
    live_record(&l->hosts[hr->host->index_in_cluster], value);
    return 0;
}

void live_forget(struct live_host *h)
{
    for (size_t i = 0; i < h->ifaces.n; i++)
        vec_free(&h->ifaces.v[i]->addresses);
    vec_free(&h->ifaces);
    ipvs_free(&h->ipvs);
    vrrp_running_free(&h->vrrp);
    mount_free(&h->mount);
    boot_free(&h->boot);
    prometheus_free(&h->prometheus);
    arena_free(&h->arena);
    *h = (struct live_host){0};
}

void live_init(struct live *l, size_t n_hosts)
{
    *l = (struct live){.hosts = xcalloc(n_hosts, sizeof *l->hosts), .n = n_hosts};
}

/* A host that did not answer is not the query's failure: its checks will say so. */
int live_refresh(struct live *l, struct run *r, struct err *e)
{
    struct remote_query q = {.fragment = fragment, .record = record, .ud = l, .insist = true};
    for (size_t i = 0; i < l->n; i++)
        live_forget(&l->hosts[i]);
    l->err = (struct err){0};
    if (run_query(r, &q, &l->err) < 0 && l->err.code == ERR_INTERRUPTED) {
        *e = l->err;
        return -1;
    }
    return 0;
}

const struct live_iface *live_holder(const struct live_host *h, const struct ipaddr *a,
                                     const struct live_iface *after)
{
    size_t i = 0;
    while (after && i < h->ifaces.n && h->ifaces.v[i++] != after)
        ;
    for (; i < h->ifaces.n; i++)
        for (size_t k = 0; k < h->ifaces.v[i]->addresses.n; k++)
            if (ipaddr_eq(&h->ifaces.v[i]->addresses.v[k], a))
                return h->ifaces.v[i];
    return NULL;
}

const struct live_iface *live_off_lo(const struct live_host *h, const struct ipaddr *a)
{
    const struct live_iface *i = NULL;
    while ((i = live_holder(h, a, i)))
        if (strcmp(i->name, "lo") != 0)
            return i;
    return NULL;
}

void live_free(struct live *l)
{
    for (size_t i = 0; i < l->n; i++)
        live_forget(&l->hosts[i]);
    xfree(l->hosts);
    *l = (struct live){0};
}
