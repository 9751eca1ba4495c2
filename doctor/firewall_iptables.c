/* iptables-save(8): "*filter", ":INPUT DROP [0:0]", "-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT".
 */
#include <string.h>

#include "base/parse.h"
#include "doctor/firewall_rules.h"

enum option {
    O_SOURCE,
    O_DESTINATION,
    O_IN,
    O_OUT,
    O_PROTOCOL,
    O_DPORT,
    O_STATE,
    O_DST_TYPE,
    O_SKIP, /* takes an argument that does not select packets */
    O_JUMP,
    O_GOTO,
};

static const struct {
    const char *name;
    enum option option;
} options[] = {
    {"-s", O_SOURCE},
    {"-d", O_DESTINATION},
    {"-i", O_IN},
    {"-o", O_OUT},
    {"-p", O_PROTOCOL},
    {"--dport", O_DPORT},
    {"--dports", O_DPORT},
    {"--ctstate", O_STATE},
    {"--state", O_STATE},
    {"--dst-type", O_DST_TYPE},
    {"-m", O_SKIP},
    {"--comment", O_SKIP},
    {"-j", O_JUMP},
    {"-g", O_GOTO},
    {"--reject-with", O_SKIP},
    {"--log-prefix", O_SKIP},
    {"--log-level", O_SKIP},
};

/* A word, or a "quoted one" with its blanks; cut up in place. */
static char *next_word(char **s)
{
    *s += strspn(*s, " ");
    if (**s != '"')
        return parse_word(s);
    char *start = ++*s;
    while (**s && **s != '"')
        *s += 1 + (**s == '\\' && (*s)[1]);
    if (**s)
        *(*s)++ = '\0';
    return start;
}

static bool is_multicast(const struct ipaddr *a)
{
    return a->family == AF_INET ? (a->b[0] & 0xf0) == 0xe0 : a->family && a->b[0] == 0xff;
}

static bool port_list(const struct packet *p, char *list)
{
    for (char *one; (one = strsep(&list, ","));)
        if (fw_is_port(one, p->port))
            return true;
    return false;
}

static bool test(const struct fw_rules *r, enum option o, char *value)
{
    const struct packet *p = r->packet;
    switch (o) {
    case O_SOURCE: return fw_is_address(value, &p->source);
    case O_DESTINATION: return fw_is_address(value, &p->destination);
    case O_IN: return !p->leaving && fw_is_interface(value, r->interface);
    case O_OUT: return p->leaving && fw_is_interface(value, r->interface);
    case O_PROTOCOL: return fw_is_protocol(value, p->protocol);
    case O_DPORT: return port_list(p, value);
    case O_STATE: return fw_is_state(value);
    case O_DST_TYPE:
        return !strcmp(value, is_multicast(&p->destination) ? "MULTICAST"
                              : p->leaving                  ? "UNICAST"
                                                            : "LOCAL");
    default: return true;
    }
}

static enum fw_verdict verdict(const char *target, bool go)
{
    static const struct {
        const char *name;
        enum fw_verdict verdict;
    } names[] = {{"ACCEPT", FW_ACCEPT}, {"DROP", FW_DROP},     {"REJECT", FW_DROP},
                 {"RETURN", FW_RETURN}, {"LOG", FW_NEXT},      {"NFLOG", FW_NEXT},
                 {"MARK", FW_NEXT},     {"CONNMARK", FW_NEXT}, {"CT", FW_NEXT},
                 {"TCPMSS", FW_NEXT},   {"QUEUE", FW_ACCEPT},  {"NFQUEUE", FW_ACCEPT}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (!strcmp(names[i].name, target))
            return names[i].verdict;
    return go ? FW_GOTO : FW_JUMP;
}

/* "INPUT -p tcp ! -s 10.0.0.0/8 -j DROP" */
static void read_rule(struct fw_rules *r, const char *table, const char *line)
{
    autofree char *copy = xstrdup(line + 3);
    char *rest = copy, *word, *name = next_word(&rest);
    bool negated = false;
    if (!name)
        return;
    while ((word = next_word(&rest))) {
        size_t k = 0;
        if (!strcmp(word, "!")) {
            negated = true;
            continue;
        }
        while (k < ARRAY_LEN(options) && strcmp(options[k].name, word) != 0)
            k++;
        char *value = next_word(&rest);
        if (k == ARRAY_LEN(options) || !value)
            return; /* tests what we do not know */
        if (options[k].option == O_JUMP || options[k].option == O_GOTO) {
            enum fw_verdict v = verdict(value, options[k].option == O_GOTO);
            fw_add(fw_chain(r, table, name), v, arena_strdup(r->arena, value), line);
            return;
        }
        if (test(r, options[k].option, value) == negated)
            return;
        negated = false;
    }
}

static bool passes_through(const struct fw_rules *r, const char *chain)
{
    if (r->packet->leaving)
        return !strcmp(chain, "OUTPUT") || !strcmp(chain, "POSTROUTING");
    return !strcmp(chain, "INPUT") || !strcmp(chain, "PREROUTING");
}

/* ":INPUT DROP [12:720]"; a user's chain has "-" in place of a policy. */
static void read_chain(struct fw_rules *r, const char *table, const char *line)
{
    autofree char *copy = xstrdup(line + 1);
    char *rest = copy, *name = parse_word(&rest), *policy = parse_word(&rest);
    if (!name || !policy)
        return;
    struct fw_chain *c = fw_chain(r, table, name);
    c->base = strcmp(policy, "-") != 0 && passes_through(r, name);
    c->policy = strcmp(policy, "DROP") ? FW_ACCEPT : FW_DROP;
    c->policy_line = line;
}

void fw_read_iptables(struct fw_rules *r, const char *tag)
{
    const char *table = "filter";
    if (r->packet->source.family == AF_INET6)
        return;
    for (const struct evidence *l = NULL; (l = exam_line(r->host, tag, l));) {
        if (*l->text == '*')
            table = l->text + 1;
        else if (*l->text == ':')
            read_chain(r, table, l->text);
        else if (!strncmp(l->text, "-A ", 3))
            read_rule(r, table, l->text);
    }
}
