/* Following a packet through a host's filters, and saying who dropped it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "doctor/firewall_rules.h"
#include "engine/script.h"

/* Every rule is one line and each() keeps 1000: of a longer rule set the end is not known. */
enum { WHOLE_LINES = 1000 };
/* Far above what anybody nests; a ring of jumps, which kernels refuse, must end. */
enum { MAX_DEPTH = 16, MAX_VISITS = 10000 };

void firewall_gather(struct script *s)
{
    /* The legacy tables only where some are loaded: asking for them would load them. */
    script_add(
        s,
        "command -v nft >/dev/null &&\n"
        "  timeout 10 nft -a list ruleset | sed 's/^[[:space:]]*//' | each fw.nft\n"
        "command -v iptables-save >/dev/null && timeout 10 iptables-save | each fw.iptables\n"
        "[ -s /proc/net/ip_tables_names ] && command -v iptables-legacy-save >/dev/null &&\n"
        "  timeout 10 iptables-legacy-save | each fw.legacy\n"
        "[ -e /etc/sysconfig/iptables ] && systemctl is-active iptables.service | each fw.service\n"
        "[ -r /etc/ufw/ufw.conf ] && grep -i '^ENABLED=yes' /etc/ufw/ufw.conf | each fw.ufw\n");
}

static struct fw_chain *find(const struct fw_rules *r, const char *table, const char *name)
{
    for (size_t i = 0; i < r->chains.n; i++)
        if (!strcmp(r->chains.v[i]->table, table) && !strcmp(r->chains.v[i]->name, name))
            return r->chains.v[i];
    return NULL;
}

struct fw_chain *fw_chain(struct fw_rules *r, const char *table, const char *name)
{
    struct fw_chain *c = find(r, table, name);
    if (c)
        return c;
    c = arena_new(r->arena, struct fw_chain);
    c->table = arena_strdup(r->arena, table);
    c->name = arena_strdup(r->arena, name);
    c->policy = FW_ACCEPT;
    *vec_push(&r->chains) = c;
    return c;
}

void fw_add(struct fw_chain *c, enum fw_verdict verdict, const char *target, const char *line)
{
    *vec_push(&c->entries) = (struct fw_entry){verdict, target, line};
}

bool fw_is_address(const char *spec, const struct ipaddr *a)
{
    char first[IPADDR_STRLEN];
    struct ipaddr low, high;
    uint64_t prefix;
    size_t n = strcspn(spec, "/-");
    if (!a->family || n >= sizeof first)
        return false;
    memcpy(first, spec, n);
    first[n] = '\0';
    if (!ipaddr_parse(first, &low) || low.family != a->family)
        return false;
    if (spec[n] == '/')
        return parse_u64(spec + n + 1, 0, ipaddr_bits(a), &prefix) &&
               ipaddr_same_net(&low, a, (unsigned)prefix);
    if (spec[n] == '-')
        return ipaddr_parse(spec + n + 1, &high) && ipaddr_cmp(&low, a) <= 0 &&
               ipaddr_cmp(a, &high) <= 0;
    return ipaddr_eq(&low, a);
}

bool fw_is_port(const char *spec, unsigned port)
{
    char first[8];
    uint64_t low, high;
    size_t n = strcspn(spec, "-:");
    if (!port || n >= sizeof first)
        return false;
    memcpy(first, spec, n);
    first[n] = '\0';
    if (!parse_u64(first, 0, 65535, &low))
        return false;
    if (!spec[n])
        return low == port;
    return parse_u64(spec + n + 1, 0, 65535, &high) && low <= port && port <= high;
}

bool fw_is_interface(const char *spec, const char *name)
{
    size_t n = strlen(spec);
    if (!name || !n)
        return false;
    if (spec[n - 1] == '*' || spec[n - 1] == '+')
        return !strncmp(spec, name, n - 1);
    return !strcmp(spec, name);
}

bool fw_is_protocol(const char *spec, const char *protocol)
{
    static const struct {
        const char *name, *number;
    } protocols[] = {{"tcp", "6"}, {"udp", "17"}, {"vrrp", "112"}}; /* IANA's numbers */
    if (!strcasecmp(spec, protocol) || !strcasecmp(spec, "all"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
        if (!strcmp(protocols[i].name, protocol))
            return !strcmp(protocols[i].number, spec);
    return false;
}

bool fw_is_state(const char *spec)
{
    while (*spec) {
        size_t n = strcspn(spec, ",");
        if (n == 3 && !strncasecmp(spec, "new", n))
            return true;
        spec += n + (spec[n] == ',');
    }
    return false;
}

struct walk {
    const struct fw_rules *rules;
    const struct fw_chain *chain; /* where it ended */
    const char *line;
    unsigned visits;
};

/* FW_ACCEPT, FW_DROP, or FW_RETURN when the chain leaves it to its caller. */
static enum fw_verdict follow(struct walk *w, const struct fw_chain *c, unsigned depth)
{
    for (size_t i = 0; c && depth < MAX_DEPTH && i < c->entries.n; i++) {
        const struct fw_entry *e = &c->entries.v[i];
        enum fw_verdict v = e->verdict;
        if (w->visits++ > MAX_VISITS)
            return FW_ACCEPT;
        if (v == FW_JUMP || v == FW_GOTO) {
            enum fw_verdict inner = follow(w, find(w->rules, c->table, e->target), depth + 1);
            if (inner != FW_RETURN || v == FW_GOTO)
                return inner;
            continue;
        }
        if (v == FW_NEXT)
            continue;
        if (v == FW_DROP) {
            w->chain = c;
            w->line = e->line;
        }
        return v;
    }
    return FW_RETURN;
}

/* An accept in one base chain does not save a packet from another's drop (nft(8), "chains"). */
static bool dropped(struct fw_rules *r, struct fw_drop *out)
{
    for (size_t i = 0; i < r->chains.n; i++) {
        const struct fw_chain *c = r->chains.v[i];
        struct walk w = {.rules = r};
        if (!c->base)
            continue;
        enum fw_verdict v = follow(&w, c, 0);
        bool policy = v == FW_RETURN && c->policy == FW_DROP;
        if (v != FW_DROP && !policy)
            continue;
        if (policy) {
            w.chain = c;
            w.line = c->policy_line;
        }
        out->table = w.chain->table;
        out->chain = w.chain->name;
        out->line = w.line;
        out->policy = policy;
        return true;
    }
    return false;
}

static bool whole(const struct exam_host *h, const char *tag)
{
    size_t n = 0;
    for (const struct evidence *l = NULL; (l = exam_line(h, tag, l));)
        n++;
    return n > 0 && n < WHOLE_LINES;
}

/* iptables first: its own words are what somebody typed, nft's view of the same rules is not. */
bool firewall_drops(struct exam *x, const struct exam_host *h, const struct packet *p,
                    struct fw_drop *out)
{
    static const struct {
        const char *tag, *program;
    } filters[] = {
        {"fw.legacy", "iptables-legacy"}, {"fw.iptables", "iptables"}, {"fw.nft", "nft"}};
    bool hit = false;
    for (size_t i = 0; i < ARRAY_LEN(filters) && !hit; i++) {
        struct fw_rules r = {.host = h, .packet = p, .arena = &x->report->arena};
        r.interface = h->result->facts.interface;
        if (!whole(h, filters[i].tag))
            continue;
        if (!strcmp(filters[i].tag, "fw.nft"))
            fw_read_nft(&r);
        else
            fw_read_iptables(&r, filters[i].tag);
        hit = dropped(&r, out);
        out->program = filters[i].program;
        for (size_t k = 0; k < r.chains.n; k++)
            vec_free(&r.chains.v[k]->entries);
        vec_free(&r.chains);
    }
    return hit;
}

void firewall_evidence(struct exam *x, struct finding *f, const struct exam_host *h,
                       const struct fw_drop *d)
{
    bool nft = !strcmp(d->program, "nft");
    finding_evidence(x, f, "%s: %s%s: %s %s: %s", h->host->name, d->program,
                     nft ? " -a list ruleset" : "-save", d->table, d->chain, d->line);
    const struct evidence *ufw = exam_line(h, "fw.ufw", NULL);
    if (ufw)
        finding_evidence(x, f, "%s: /etc/ufw/ufw.conf: %s", h->host->name, ufw->text);
}

static const char *nft_match(struct arena *a, const struct packet *p)
{
    char buf[IPADDR_STRLEN];
    const char *what = p->port ? arena_printf(a, "%s dport %u", p->protocol, p->port)
                               : arena_printf(a, "meta l4proto %s", p->protocol);
    if (!p->source.family)
        return what;
    return arena_printf(a, "%s saddr %s %s", p->source.family == AF_INET6 ? "ip6" : "ip",
                        ipaddr_str(&p->source, buf), what);
}

static const char *iptables_match(struct arena *a, const struct packet *p)
{
    char buf[IPADDR_STRLEN];
    const char *what = p->port ? arena_printf(a, "-p %s --dport %u", p->protocol, p->port)
                               : arena_printf(a, "-p %s", p->protocol);
    return p->source.family ? arena_printf(a, "-s %s %s", ipaddr_str(&p->source, buf), what) : what;
}

/* "-A INPUT -j REJECT --reject-with ...", the end of RHEL's own rules: whoever is let in is let in
 * before it. */
static bool drops_all_else(const char *line)
{
    const char *chain = !strncmp(line, "-A ", 3) ? strchr(line + 3, ' ') : NULL;
    return chain && !strncmp(chain, " -j ", 4);
}

/* What iptables.service would load is another thing than what is in force. */
static const char *for_good(const struct exam_host *h, const struct fw_drop *d)
{
    const struct evidence *service = exam_line(h, "fw.service", NULL);
    return service && !strcmp(service->text, "active") && !strcmp(d->program, "iptables")
               ? " && service iptables save"
               : "";
}

const char *firewall_undo(struct exam *x, const struct exam_host *h, const struct fw_drop *d,
                          const struct packet *p)
{
    struct arena *a = &x->report->arena;
    bool nft = !strcmp(d->program, "nft");
    if (d->policy || (!nft && drops_all_else(d->line))) {
        const char *match = nft ? nft_match(a, p) : iptables_match(a, p);
        if (nft)
            return arena_printf(a, "nft insert rule %s %s %s accept", d->table, d->chain, match);
        return arena_printf(a, "%s -t %s -I %s %s -j ACCEPT%s", d->program, d->table, d->chain,
                            match, for_good(h, d));
    }
    const char *handle = nft ? strstr(d->line, "# handle ") : NULL;
    if (handle)
        return arena_printf(a, "nft delete rule %s %s %s", d->table, d->chain, handle + 2);
    if (!nft && !strncmp(d->line, "-A ", 3))
        return arena_printf(a, "%s -t %s -D %s%s", d->program, d->table, d->line + 3,
                            for_good(h, d));
    return arena_printf(a, "take this rule out of %s %s: %s", d->table, d->chain, d->line);
}
