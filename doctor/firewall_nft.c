/* The text of `nft -a list ruleset`, a line a rule, read for one packet. See nft(8). */
#include <string.h>

#include "base/parse.h"
#include "doctor/firewall_rules.h"

enum { MAX_WORDS = 200 };

struct words {
    char *v[MAX_WORDS];
    size_t n, at;
};

/* Blanks part words, quotes go, a comment ends the line; commas and semicolons at ends go too. */
static void split(struct words *w, char *s)
{
    w->n = w->at = 0;
    while (*s && w->n < MAX_WORDS) {
        s += strspn(s, " \t,;");
        if (!*s || *s == '#')
            return;
        bool quoted = *s == '"';
        char *start = s += quoted;
        s += strcspn(s, quoted ? "\"" : " \t");
        if (*s)
            *s++ = '\0';
        size_t n = strlen(start);
        while (!quoted && n && (start[n - 1] == ',' || start[n - 1] == ';'))
            start[--n] = '\0';
        w->v[w->n++] = start;
    }
}

static const char *peek(const struct words *w)
{
    return w->at < w->n ? w->v[w->at] : "";
}

static const char *take(struct words *w)
{
    return w->at < w->n ? w->v[w->at++] : "";
}

static bool skip(struct words *w, const char *word)
{
    if (w->at >= w->n || strcmp(w->v[w->at], word) != 0)
        return false;
    w->at++;
    return true;
}

enum key { K_SADDR, K_DADDR, K_PROTOCOL, K_PORT, K_STATE, K_IN, K_OUT, K_FAMILY };

static const struct {
    const char *first, *second;
    enum key key;
} keys[] = {
    {"ip", "saddr", K_SADDR},        {"ip6", "saddr", K_SADDR},
    {"ip", "daddr", K_DADDR},        {"ip6", "daddr", K_DADDR},
    {"ip", "protocol", K_PROTOCOL},  {"ip6", "nexthdr", K_PROTOCOL},
    {"meta", "l4proto", K_PROTOCOL}, {"tcp", "dport", K_PORT},
    {"udp", "dport", K_PORT},        {"th", "dport", K_PORT},
    {"ct", "state", K_STATE},        {"meta", "iifname", K_IN},
    {"meta", "oifname", K_OUT},      {"meta", "nfproto", K_FAMILY},
    {"iifname", NULL, K_IN},         {"iif", NULL, K_IN},
    {"oifname", NULL, K_OUT},        {"oif", NULL, K_OUT},
};

struct reader {
    struct fw_rules *rules;
    char table[300];        /* "inet filter" */
    struct fw_chain *chain; /* being read, or NULL */
    bool skipped;           /* a table that is not for this packet */
};

static bool is(const struct reader *rd, enum key k, const char *value)
{
    const struct packet *p = rd->rules->packet;
    switch (k) {
    case K_SADDR: return fw_is_address(value, &p->source);
    case K_DADDR: return fw_is_address(value, &p->destination);
    case K_PROTOCOL: return fw_is_protocol(value, p->protocol);
    case K_PORT: return fw_is_port(value, p->port);
    case K_STATE: return fw_is_state(value);
    case K_IN: return !p->leaving && fw_is_interface(value, rd->rules->interface);
    case K_OUT: return p->leaving && fw_is_interface(value, rd->rules->interface);
    case K_FAMILY: return !strcmp(value, p->source.family == AF_INET6 ? "ipv6" : "ipv4");
    }
    return false;
}

/* The elements of a named set stand in the same table: "set NAME {" ... "elements = { a, b }". */
static bool in_set(const struct reader *rd, enum key k, const char *name)
{
    char table[sizeof rd->table + 20], set[300];
    bool here = false, named = false, elements = false, found = false;
    snprintf(table, sizeof table, "table %s {", rd->table);
    snprintf(set, sizeof set, "set %s {", name);
    for (const struct evidence *l = NULL;
         !found && (l = exam_line(rd->rules->host, "fw.nft", l));) {
        if (!strncmp(l->text, "table ", 6))
            here = !strncmp(l->text, table, strlen(table));
        if (!strncmp(l->text, "set ", 4))
            named = here && !strncmp(l->text, set, strlen(set));
        elements = named && (elements || !strncmp(l->text, "elements = {", 12));
        if (!elements)
            continue;
        autofree char *copy = xstrdup(l->text);
        struct words w;
        for (split(&w, copy); w.at < w.n && !found;)
            found = is(rd, k, take(&w));
        elements = !strchr(l->text, '}');
    }
    return found;
}

static enum fw_verdict verdict(struct words *w, const char **target)
{
    static const struct {
        const char *name;
        enum fw_verdict verdict;
    } names[] = {{"accept", FW_ACCEPT}, {"drop", FW_DROP}, {"reject", FW_DROP},
                 {"return", FW_RETURN}, {"jump", FW_JUMP}, {"goto", FW_GOTO},
                 {"queue", FW_ACCEPT}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!skip(w, names[i].name))
            continue;
        *target = names[i].verdict == FW_JUMP || names[i].verdict == FW_GOTO ? take(w) : NULL;
        return names[i].verdict;
    }
    return FW_NEXT;
}

/* "vmap { 22 : accept, 80 : jump web }": the verdict of our value, or FW_NEXT. */
static enum fw_verdict from_map(struct reader *rd, struct words *w, enum key k, const char **target)
{
    enum fw_verdict v = FW_NEXT;
    if (!skip(w, "{"))
        return FW_NEXT;
    while (w->at < w->n && !skip(w, "}")) {
        bool ours = is(rd, k, take(w));
        const char *to = NULL;
        if (!skip(w, ":"))
            return FW_NEXT;
        enum fw_verdict one = verdict(w, &to);
        if (one == FW_NEXT)
            take(w);
        if (ours && v == FW_NEXT) {
            v = one;
            *target = to;
        }
    }
    return v;
}

/* One value, "{ a, b }" or "@set", with "!=" or not. */
static bool matches(struct reader *rd, struct words *w, enum key k)
{
    bool negated = skip(w, "!="), yes = false;
    if (skip(w, "{")) {
        while (w->at < w->n && !skip(w, "}"))
            yes |= is(rd, k, take(w));
    } else {
        const char *value = take(w);
        yes = *value == '@' ? in_set(rd, k, value + 1) : is(rd, k, value);
    }
    return yes != negated;
}

/* Whether what the key speaks of is there at all: "tcp dport" of a TCP packet. */
static bool speaks_of(const struct reader *rd, const char *first)
{
    const struct packet *p = rd->rules->packet;
    bool v6 = p->source.family == AF_INET6;
    if (!strcmp(first, "tcp") || !strcmp(first, "udp"))
        return !strcmp(p->protocol, first);
    if (!strcmp(first, "ip") || !strcmp(first, "ip6"))
        return v6 == !strcmp(first, "ip6");
    return true;
}

/* Words that do not select packets: counters, logging, remarks. */
static bool is_remark(struct words *w)
{
    static const char *const with_value[] = {"packets", "bytes",   "comment",
                                             "prefix",  "level",   "group",
                                             "flags",   "snaplen", "queue-threshold"};
    if (skip(w, "counter") || skip(w, "log"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(with_value); i++)
        if (skip(w, with_value[i])) {
            take(w);
            return true;
        }
    return false;
}

static bool find_key(struct words *w, size_t *out)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        size_t n = keys[i].second ? 2 : 1;
        if (w->at + n > w->n || strcmp(w->v[w->at], keys[i].first) != 0 ||
            (n == 2 && strcmp(w->v[w->at + 1], keys[i].second) != 0))
            continue;
        w->at += n;
        *out = i;
        return true;
    }
    return false;
}

static void read_rule(struct reader *rd, struct words *w, const char *line)
{
    while (w->at < w->n) {
        const char *target = NULL;
        size_t k;
        enum fw_verdict v = verdict(w, &target);
        if (v == FW_NEXT && is_remark(w))
            continue;
        if (v == FW_NEXT) {
            if (!find_key(w, &k) || !speaks_of(rd, keys[k].first))
                return; /* not about this packet, or by something that we do not know */
            if (!skip(w, "vmap")) {
                if (!matches(rd, w, keys[k].key))
                    return;
                continue;
            }
            v = from_map(rd, w, keys[k].key, &target);
        }
        if (target)
            target = arena_strdup(rd->rules->arena, target);
        if (v != FW_NEXT)
            fw_add(rd->chain, v, target, line);
        return;
    }
}

/* "type filter hook input priority filter; policy drop;" */
static void read_type(struct reader *rd, struct words *w, const char *line)
{
    static const char *const in[] = {"input", "prerouting", "ingress"};
    static const char *const out[] = {"output", "postrouting", "egress"};
    const char *const *hooks = rd->rules->packet->leaving ? out : in;
    rd->chain->policy_line = line;
    while (w->at < w->n) {
        if (skip(w, "hook"))
            for (size_t i = 0; i < ARRAY_LEN(in); i++)
                rd->chain->base |= !strcmp(peek(w), hooks[i]);
        if (skip(w, "policy"))
            rd->chain->policy = strcmp(peek(w), "drop") ? FW_ACCEPT : FW_DROP;
        take(w);
    }
}

/* iptables' own tables: iptables-save has them in the words of who made them, and completely. */
static bool is_iptables(const struct fw_rules *r, const char *table)
{
    for (const struct evidence *l = NULL; (l = exam_line(r->host, "fw.iptables", l));)
        if (*l->text == '*' && !strcmp(l->text + 1, table))
            return true;
    return false;
}

static void begin_table(struct reader *rd, const char *family, const char *name)
{
    bool v6 = rd->rules->packet->source.family == AF_INET6;
    snprintf(rd->table, sizeof rd->table, "%s %s", family, name);
    rd->chain = NULL;
    rd->skipped = strcmp(family, "inet") && strcmp(family, "netdev") &&
                  (strcmp(family, v6 ? "ip6" : "ip") || (!v6 && is_iptables(rd->rules, name)));
}

void fw_read_nft(struct fw_rules *r)
{
    struct reader rd = {.rules = r};
    for (const struct evidence *l = NULL; (l = exam_line(r->host, "fw.nft", l));) {
        autofree char *copy = xstrdup(l->text);
        struct words w;
        split(&w, copy);
        if (skip(&w, "table")) {
            const char *family = take(&w);
            begin_table(&rd, family, take(&w));
        } else if (skip(&w, "chain")) {
            rd.chain = rd.skipped ? NULL : fw_chain(r, rd.table, take(&w));
        } else if (skip(&w, "}") || skip(&w, "set") || skip(&w, "map")) {
            rd.chain = NULL;
        } else if (rd.chain && skip(&w, "type")) {
            read_type(&rd, &w, l->text);
        } else if (rd.chain) {
            read_rule(&rd, &w, l->text);
        }
    }
}
