#include "engine/fw_words.h"

#include <stdio.h>
#include <string.h>

#include "engine/fw_iptables.h"

void fw_rule_words(struct strbuf *out, enum firewall_backend b, const struct fw_rule *r)
{
    char buf[IPADDR_STRLEN];
    bool v6 = r->source.family == AF_INET6;
    const char *source = r->source.family ? ipaddr_str(&r->source, buf) : NULL;
    if (b == FW_UFW) {
        char port[8];
        snprintf(port, sizeof port, "%u", r->port);
        sb_addf(out, "allow %s %s 0.0.0.0/0 any %s in", r->protocol, r->port ? port : "any",
                source ? source : "0.0.0.0/0");
    } else {
        sb_addf(out, "rule family=\"%s\"", v6 ? "ipv6" : "ipv4");
        if (source)
            sb_addf(out, " source address=\"%s\"", source);
        if (r->port)
            sb_addf(out, " port port=\"%u\" protocol=\"%s\" accept", r->port, r->protocol);
        else
            sb_addf(out, " protocol value=\"%s\" accept", r->protocol);
    }
}

/* NAME="..." in a rich rule; "" where there is none. */
static const char *attribute(const char *rule, const char *name, char out[static IPADDR_STRLEN])
{
    const char *p = strstr(rule, name);
    p = p ? p + strlen(name) : "";
    snprintf(out, IPADDR_STRLEN, "%.*s", (int)strcspn(p, "\""), p);
    return out;
}

void fw_words_name(struct strbuf *out, enum firewall_backend b, const char *words)
{
    char protocol[IPADDR_STRLEN] = "", port[IPADDR_STRLEN] = "", from[IPADDR_STRLEN] = "";
    if (b == FW_UFW) {
        if (sscanf(words, "allow %7s %7s 0.0.0.0/0 any %45s", protocol, port, from) != 3)
            protocol[0] = '\0';
        if (!strcmp(port, "any"))
            port[0] = '\0';
        if (!strcmp(from, "0.0.0.0/0"))
            from[0] = '\0';
    } else if (b == FW_FIREWALLD) {
        if (!*attribute(words, " protocol=\"", protocol))
            attribute(words, " protocol value=\"", protocol);
        attribute(words, " port=\"", port);
        attribute(words, " address=\"", from);
    }
    if (protocol[0])
        sb_addf(out, "%s%s%s%s%s", protocol, *port ? "/" : "", port, *from ? " from " : "", from);
    else
        sb_add(out, words);
}
