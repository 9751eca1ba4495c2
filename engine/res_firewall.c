/*
 * Letting the cluster's traffic through the firewall that is active, in its own words and for good;
 * a host without one stays without. An accept in one nftables base chain does not overrule a drop
 * in another, so rules go into every input chain that can drop (nft(8), "chains"). Those that
 * /etc/nftables.conf makes get them there too; what makes the others (iptables, a daemon, somebody
 * at a prompt) makes them again without ours, which the next deploy then sees.
 */
#include <string.h>

#include "base/strlist.h"
#include "engine/fw_firewalld.h"
#include "engine/fw_iptables.h"
#include "engine/fw_ufw.h"
#include "engine/fw_words.h"
#include "engine/putfile.h"

static const char functions[] =
    "each() { while IFS= read -r l; do r \"$1\" \"$2\" \"$l\"; done; }\n"
    "nft_input() { awk '\n"
    "  $1 == \"table\" { t = $2 \" \" $3; ours = $3 ~ /^clusterctl_/ }\n"
    "  ours { next }\n" /* no firewall */
    "  $1 == \"chain\" { c = t \" \" $2; hook = drops = 0 }\n"
    "  / hook input / { hook = 1; if (/policy drop/) drops = 1 }\n"
    "  hook && / (drop|reject|jump|goto)/ { drops = 1 }\n"
    "  hook && match($0, /comment \"clusterctl [^\"]*\"/) {\n"
    "    print \"live\", c, substr($0, RSTART + 20, RLENGTH - 21) }\n"
    "  $1 == \"}\" && hook { if (drops) print \"chain\", c; hook = 0 }'\n"
    "}\n"
    /* As at boot, in a network namespace of its own; \"*\" where that cannot be done. */
    "nft_boots() {\n"
    "  [ -r /etc/nftables.conf ] || return 0\n"
    "  if l=$(unshare -n sh -c 'nft -f /etc/nftables.conf && nft list ruleset' 2>/dev/null); then\n"
    "    printf '%s\\n' \"$l\" | nft_input | sed -n 's/^chain //p'\n"
    "  else echo '*'; fi\n"
    "}\n" FW_UFW_OBSERVE FW_FIREWALLD_OBSERVE FW_IPTABLES_OBSERVE
    "ob_firewall() {\n" /* INDEX; with "off": is anything still to be switched off? */
    "  if [ \"${2-}\" = off ]; then\n"
    "    ! systemctl is-enabled -q firewalld.service 2>/dev/null || r \"$1\" backend firewalld\n"
    "    ! ipt_runs || r \"$1\" backend iptables\n"
    "  fi\n"
    "  if [ -d /run/firewalld ] && systemctl is-active -q firewalld.service; then\n"
    "    r \"$1\" backend firewalld; ob_firewalld \"$1\"\n"
    "  elif [ -r /etc/ufw/ufw.conf ] && grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf; then\n"
    "    r \"$1\" backend ufw\n"
    "    sed -n 's/^### tuple ### \\(.* in\\).*/\\1/p' /etc/ufw/user.rules | each \"$1\" both\n"
    "    ufw_ours | each \"$1\" ours\n"
    "  elif ipt_runs; then\n"
    "    r \"$1\" backend iptables; ob_iptables \"$1\"\n"
    "  elif command -v nft >/dev/null; then\n"
    "    nft list ruleset | nft_input | while read -r k l; do r \"$1\" \"$k\" \"$l\"; done\n"
    "    nft_boots | each \"$1\" boots\n"
    "    [ -r /etc/nftables.conf ] &&\n"
    "      sed -n 's/^insert rule \\([^ ]* [^ ]* [^ ]*\\) .* comment \"clusterctl \\(.*\\)\"$/\\1 "
    "\\2/p' \\\n"
    "        /etc/nftables.conf | each \"$1\" stored\n"
    "  fi\n"
    "  :\n"
    "}\n"
    "nft_drop() {\n" /* NAME: our rules of that name, or with \"\" all of ours */
    "  nft -a list ruleset | awk -v c=\"comment \\\"clusterctl ${1:+$1\\\"}\" '\n"
    "    $1 == \"table\" { t = $2 \" \" $3 } $1 == \"chain\" { c2 = $2 }\n"
    "    t !~ / clusterctl_/ && index($0, c) && match($0, /# handle [0-9]+$/) {\n"
    "      print \"delete rule\", t, c2, \"handle\", substr($0, RSTART + 9) }' "
    ">/run/clusterctl/nft\n"
    "  [ ! -s /run/clusterctl/nft ] || nft -f /run/clusterctl/nft\n"
    "}\n"
    "firewall_off() {\n"
    "  if command -v ufw >/dev/null; then ufw disable; fi\n"
    "  for u in firewalld nftables iptables ip6tables netfilter-persistent; do\n"
    "    systemctl cat \"$u.service\" >/dev/null 2>&1 || continue\n"
    "    systemctl disable -q --now \"$u.service\"\n"
    "  done\n"
    "  if command -v nft >/dev/null; then nft flush ruleset; fi\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        script_addf(s, "ob_firewall %zu%s\n", list[i]->index,
                    list[i]->firewall.disabled ? " off" : "");
}

static const char *const backends[] = {"none", "firewalld", "ufw", "iptables", "nftables"};

/* Of those that are named by a word, the last counts: what is off now may be on at the next boot.
 */
static void parse_backend(struct res_firewall *h, const char *value)
{
    for (unsigned b = FW_FIREWALLD; b < FW_NFTABLES; b++)
        if (!strcmp(value, backends[b]))
            h->backend = b;
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want;
    struct res_firewall *h = &have->firewall;
    if (!strcmp(field, "silent")) {
        err_set(e, ERR_FAILED, "firewalld is at work and does not tell its rules");
        return err_hint(e,
                        "see there: firewall-cmd --state; journalctl -u firewalld; what helps is "
                        "often: systemctl restart firewalld");
    }
    if (!strcmp(field, "backend"))
        parse_backend(h, value);
    if (!strcmp(field, "filter"))
        h->chains = strlist_append(a, h->chains, value);
    if (!strcmp(field, "chain")) {
        h->backend = FW_NFTABLES;
        h->chains = strlist_append(a, h->chains, value);
    }
    if (!strcmp(field, "boots"))
        h->boot_chains = strlist_append(a, h->boot_chains, value);
    if (!strcmp(field, "live") || !strcmp(field, "both"))
        h->live = strlist_append(a, h->live, value);
    if (!strcmp(field, "stored") || !strcmp(field, "both"))
        h->stored = strlist_append(a, h->stored, value);
    if (!strcmp(field, "ours"))
        h->ours = strlist_append(a, h->ours, value);
    return 0;
}

/* A rule as the backend's own listing shows it; `chain` counts for nftables only. */
static void rule_text(struct strbuf *out, enum firewall_backend b, const struct fw_rule *r,
                      const char *chain)
{
    if (b == FW_NFTABLES || b == FW_IPTABLES) {
        sb_addf(out, "%s ", chain);
        fw_rule_name(out, r);
    } else
        fw_rule_words(out, b, r);
}

static bool made_at_boot(const struct res_firewall *h, const char *chain)
{
    return strlist_contains(h->boot_chains, chain) || strlist_contains(h->boot_chains, "*");
}

static bool in_force(const struct res_firewall *h, const struct fw_rule *r, const char *chain)
{
    autosb struct strbuf text = {0};
    rule_text(&text, h->backend, r, chain);
    bool stored = strlist_contains(h->stored, sb_str(&text));
    return strlist_contains(h->live, sb_str(&text)) &&
           (stored || (h->backend == FW_NFTABLES && !made_at_boot(h, chain)));
}

static bool wholly_in_force(const struct res_firewall *h, const struct fw_rule *r)
{
    if (h->backend == FW_IPTABLES) /* where the protocol's filter is off, nothing is in the way */
        return !strlist_contains(h->chains, fw_iptables_chain(r)) ||
               in_force(h, r, fw_iptables_chain(r));
    if (h->backend != FW_NFTABLES)
        return in_force(h, r, NULL);
    for (size_t i = 0; h->chains[i]; i++)
        if (!in_force(h, r, h->chains[i]))
            return false;
    return true;
}

/* "inet filter input tcp/2049 from 10.1.1.133" -> the rule's name. */
static const char *name_of(const char *line)
{
    for (int i = 0; i < 3 && line; i++) {
        line = strchr(line, ' ');
        if (line)
            line++;
    }
    return line;
}

/* Whether the backend keeps our names; others have our rules in their own words alone. */
static bool keeps_names(const struct res_firewall *h)
{
    return h->backend == FW_NFTABLES || h->backend == FW_IPTABLES;
}

/* A rule of ours that is not wanted any more, say of a host that has left; by its name, or words.
 */
static bool is_stale(const struct res_firewall *w, const struct res_firewall *h, const char *rule)
{
    for (size_t i = 0; i < w->n_rules; i++) {
        autosb struct strbuf wanted = {0};
        if (keeps_names(h))
            fw_rule_name(&wanted, &w->rules[i]);
        else
            fw_rule_words(&wanted, h->backend, &w->rules[i]);
        if (!strcmp(sb_str(&wanted), rule))
            return false;
    }
    return true;
}

/* Their names, or words, once each; NULL: none. */
static const char *const *stale(struct arena *a, const struct res_firewall *w,
                                const struct res_firewall *h)
{
    const char *const *list = keeps_names(h) ? h->live : h->ours, *const *old = NULL;
    for (; list && *list; list++) {
        const char *rule = keeps_names(h) ? name_of(*list) : *list;
        if (rule && is_stale(w, h, rule) && !strlist_contains(old, rule))
            old = strlist_append(a, old, rule);
    }
    return old;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_firewall *w = &want->firewall, *h = &have->firewall;
    autosb struct strbuf missing = {0}, first = {0};
    const char *const *old;
    if (h->backend == FW_NONE)
        return;
    if (w->disabled) {
        plan_step(p, want, have, IMPACT_NONE, "stop and disable the firewall (%s)",
                  backends[h->backend]);
        return;
    }
    for (size_t i = 0; i < w->n_rules; i++) {
        if (wholly_in_force(h, &w->rules[i]))
            continue;
        sb_add(&missing, missing.len ? ", " : "");
        fw_rule_name(&missing, &w->rules[i]);
    }
    if (missing.len)
        plan_step(p, want, have, IMPACT_NONE, "let %s through the firewall (%s)", sb_str(&missing),
                  backends[h->backend]);
    else if ((old = stale(&p->arena, w, h))) {
        fw_words_name(&first, h->backend, old[0]);
        plan_step(p, want, have, IMPACT_NONE, "let %s%s through the firewall no more (%s)",
                  sb_str(&first), old[1] ? " and others" : "", backends[h->backend]);
    }
}

static void nft_rule(struct strbuf *out, const char *chain, const struct fw_rule *r)
{
    char buf[IPADDR_STRLEN];
    sb_addf(out, "insert rule %s", chain);
    if (r->source.family)
        sb_addf(out, " %s saddr %s", r->source.family == AF_INET6 ? "ip6" : "ip",
                ipaddr_str(&r->source, buf));
    if (r->port)
        sb_addf(out, " %s dport %u", r->protocol, r->port);
    else
        sb_addf(out, " meta l4proto %s", r->protocol);
    sb_add(out, " accept comment \"clusterctl ");
    fw_rule_name(out, r);
    sb_add(out, "\"\n");
}

static const char *drop_function(const struct res_firewall *h, const char *rule)
{
    if (h->backend == FW_NFTABLES)
        return "nft_drop";
    if (h->backend == FW_UFW)
        return "ufw_drop";
    /* What was never made, or is no rule as a power cut has left it, firewall-cmd need not take. */
    return strlist_contains(h->live, rule) || strlist_contains(h->stored, rule) ? "fwd_drop"
                                                                                : "fwd_forget";
}

static void drop_stale(struct script *s, const struct res_firewall *w, const struct res_firewall *h)
{
    struct arena tmp = {0};
    const char *const *old = stale(&tmp, w, h);
    if (old && h->backend == FW_UFW)
        script_add(s, FW_UFW_DROP);
    if (old && h->backend == FW_FIREWALLD)
        script_add(s, FW_FIREWALLD_DROP);
    for (; old && *old; old++) {
        script_add(s, drop_function(h, *old));
        script_arg(s, *old);
        script_add(s, "\n");
    }
    arena_free(&tmp);
}

/* Live first, then the block that loads them at boot; nft checks the file as a whole (-c). */
static void apply_nft(struct script *s, const struct step *step)
{
    const struct res_firewall *w = &step->want->firewall, *h = &step->have->firewall;
    autosb struct strbuf live = {0}, stored = {0};
    drop_stale(s, w, h);
    for (size_t c = 0; h->chains[c]; c++) {
        for (size_t i = 0; i < w->n_rules; i++) {
            autosb struct strbuf text = {0};
            if (made_at_boot(h, h->chains[c]))
                nft_rule(&stored, h->chains[c], &w->rules[i]);
            rule_text(&text, FW_NFTABLES, &w->rules[i], h->chains[c]);
            if (!strlist_contains(h->live, sb_str(&text)))
                nft_rule(&live, h->chains[c], &w->rules[i]);
        }
    }
    if (live.len) {
        script_add(s, "base64 -d >/run/clusterctl/nft");
        putfile_heredoc(s, sb_str(&live), live.len);
        script_add(s, "nft -f /run/clusterctl/nft\n");
    }
    if (!stored.len)
        return;
    script_add(s, "edit_block /etc/nftables.conf clusterctl 0 '' ''");
    putfile_args(s, step->want, FILE_CHECK_NFT, false);
    putfile_heredoc(s, sb_str(&stored), stored.len);
}

static void apply_ufw(struct script *s, const struct res_firewall *w, const struct res_firewall *h)
{
    char buf[IPADDR_STRLEN];
    drop_stale(s, w, h);
    for (size_t i = 0; i < w->n_rules; i++) {
        const struct fw_rule *r = &w->rules[i];
        if (wholly_in_force(h, r))
            continue;
        script_addf(s, "ufw allow proto %s from %s to any", r->protocol,
                    r->source.family ? ipaddr_str(&r->source, buf) : "0.0.0.0/0");
        if (r->port)
            script_addf(s, " port %u", r->port);
        script_add(s, " comment clusterctl\n");
    }
}

/* Written down first, so that whatever is made is taken back; then all of them in one command each.
 */
static void apply_firewalld(struct script *s, const struct res_firewall *w,
                            const struct res_firewall *h)
{
    drop_stale(s, w, h);
    script_add(s, "set --\n");
    for (size_t i = 0; i < w->n_rules; i++) {
        autosb struct strbuf text = {0};
        if (wholly_in_force(h, &w->rules[i]))
            continue;
        fw_rule_words(&text, h->backend, &w->rules[i]);
        script_add(s, "set -- \"$@\" --add-rich-rule");
        script_arg(s, sb_str(&text));
        script_add(s, "\necho");
        script_arg(s, sb_str(&text));
        script_add(s, " >>" FW_FIREWALLD_LIST "\n");
    }
    script_add(
        s,
        "if [ $# -gt 0 ]; then firewall-cmd -q \"$@\"; firewall-cmd -q --permanent \"$@\"; fi\n");
}

static void apply(struct script *s, const struct step *step)
{
    const struct res_firewall *w = &step->want->firewall, *h = &step->have->firewall;
    if (w->disabled)
        script_add(s, "firewall_off\n");
    else if (h->backend == FW_NFTABLES)
        apply_nft(s, step);
    else if (h->backend == FW_IPTABLES)
        fw_iptables_apply(s, w);
    else if (h->backend == FW_UFW)
        apply_ufw(s, w, h);
    else
        apply_firewalld(s, w, h);
}

static const char undo[] = FW_IPTABLES_APPLY FW_UFW_DROP
    "fw_units='firewalld nftables iptables ip6tables netfilter-persistent'\n"
    "pre_firewall() {\n"
    "  [ ! -e /etc/nftables.conf ] || keep_orig /etc/nftables.conf\n"
    "  [ \"$2\" = disabled ] && [ -z \"$adopt\" ] || { printf '%s' -; return 0; }\n"
    "  [ -r /etc/ufw/ufw.conf ] && grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf && printf 'ufw '\n"
    "  for u in $fw_units; do\n"
    "    systemctl is-enabled -q \"$u.service\" 2>/dev/null && printf 'enable:%s ' \"$u\"\n"
    "    systemctl is-active -q \"$u.service\" && printf 'start:%s ' \"$u\"\n"
    "  done\n"
    "  if command -v nft >/dev/null; then nft list ruleset >/var/lib/clusterctl/orig/ruleset; fi\n"
    "}\n"
    "undo_firewall() {\n"
    "  if [ \"$2\" = disabled ]; then\n"
    "    for w in ${3#-}; do case $w in\n"
    "      ufw) ufw --force enable ;;\n"
    "      *) systemctl \"${w%%:*}\" -q \"${w#*:}.service\" ;; esac; done\n"
    "    f=/var/lib/clusterctl/orig/ruleset\n"
    "    if [ -z \"${3#-}\" ] && [ -s \"$f\" ] && [ -z \"$(nft list ruleset)\" ]; then nft -f "
    "\"$f\"; fi\n"
    "    return 0\n"
    "  fi\n"
    "  if command -v nft >/dev/null; then\n"
    "    nft_drop ''\n"
    "  fi\n"
    "  for p in iptables ip6tables; do\n"
    "    [ ! -e \"/etc/sysconfig/$p\" ] || ! grep -q -e '--comment \"clusterctl ' "
    "\"/etc/sysconfig/$p\" ||\n"
    "      ipt_put $p </dev/null; done\n"
    "  undo_block /etc/nftables.conf - existed\n"
    "  rm -f /var/lib/clusterctl/orig/etc/nftables.conf*\n"
    "  if command -v ufw >/dev/null && [ -r /etc/ufw/user.rules ]; then\n"
    "    ufw_ours | while IFS= read -r l; do ufw_drop \"$l\"; done\n"
    "  fi\n"
    "  f=" FW_FIREWALLD_LIST "\n"
    "  if [ -s \"$f\" ] && [ -d /run/firewalld ]; then\n"
    "    set --\n"
    "    while IFS= read -r l; do set -- \"$@\" --remove-rich-rule \"$l\"; done <\"$f\"\n"
    "    firewall-cmd -q \"$@\" || :\n"
    "    firewall-cmd -q --permanent \"$@\" || :\n"
    "  fi\n"
    "  rm -f \"$f\"\n"
    "}\n";

static void own_arg(struct strbuf *arg, const struct resource *want)
{
    if (want->firewall.disabled)
        sb_add(arg, "disabled");
}

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    if (!strcmp(o->arg, "disabled")) {
        sb_add(words, "put the firewall back as it was");
        return strcmp(o->before, "-") != 0;
    }
    sb_add(words, "take the cluster's rules out of the firewall");
    return true;
}

const struct res_ops res_firewall_ops = {"firewall", functions, observe, parse, diff,
                                         apply,      undo,      own_arg, gone};
