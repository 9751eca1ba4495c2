#include "engine/fw_iptables.h"

#include "engine/putfile.h"

void fw_rule_name(struct strbuf *out, const struct fw_rule *r)
{
    char buf[IPADDR_STRLEN];
    sb_add(out, r->protocol);
    if (r->port)
        sb_addf(out, "/%u", r->port);
    if (r->source.family)
        sb_addf(out, " from %s", ipaddr_str(&r->source, buf));
}

const char *fw_iptables_chain(const struct fw_rule *r)
{
    return r->source.family == AF_INET6 ? "ip6 filter INPUT" : "ip filter INPUT";
}

/* VRRP by its number (IANA): /etc/protocols need not name it. */
static void add_rule(struct strbuf *out, const struct fw_rule *r)
{
    char buf[IPADDR_STRLEN];
    sb_add(out, "-A INPUT");
    if (r->source.family)
        sb_addf(out, " -s %s", ipaddr_str(&r->source, buf));
    if (r->port)
        sb_addf(out, " -p %s -m %s --dport %u", r->protocol, r->protocol, r->port);
    else
        sb_add(out, " -p 112");
    sb_add(out, " -m comment --comment \"clusterctl ");
    fw_rule_name(out, r);
    sb_add(out, "\" -j ACCEPT\n");
}

void fw_iptables_apply(struct script *s, const struct res_firewall *w)
{
    static const struct {
        const char *program;
        bool v6;
    } families[] = {{"iptables", false}, {"ip6tables", true}};
    script_add(s, FW_IPTABLES_APPLY);
    for (size_t f = 0; f < ARRAY_LEN(families); f++) {
        autosb struct strbuf rules = {0};
        for (size_t i = 0; i < w->n_rules; i++)
            if ((w->rules[i].source.family == AF_INET6) == families[f].v6)
                add_rule(&rules, &w->rules[i]);
        script_addf(s, "base64 -d >/run/clusterctl/rules");
        putfile_heredoc(s, sb_str(&rules), rules.len);
        script_addf(s, "if ipt_is %s; then ipt_put %s </run/clusterctl/rules; fi\n",
                    families[f].program, families[f].program);
    }
}
