#pragma once
/*
 * iptables-services of the RHEL family: iptables.service and ip6tables.service load what is in
 * /etc/sysconfig/iptables and ip6tables. Our rules go before the first of INPUT there and live,
 * each with a comment that says what it lets in. Part of res_firewall.c.
 */
#include "engine/restype.h"

/* "tcp/80", "vrrp from 10.1.1.131": a rule's name, in messages and in comments. */
void fw_rule_name(struct strbuf *out, const struct fw_rule *r);
/* "ip filter INPUT": the chain that lets it in. */
const char *fw_iptables_chain(const struct fw_rule *r);
/* Have the wanted rules, and no others of ours, in the files and in force. */
void fw_iptables_apply(struct script *s, const struct res_firewall *w);

/*
 * ipt_runs: is it what this host has? It need not be at work, only to be at the next boot; Debian
 * calls netfilter-persistent so, but has no such files. ipt_units: which of its units are at work,
 * or will be. ipt_ours: names of our rules in a listing or a file.
 */
#define FW_IPTABLES_OBSERVE                                                                        \
    "ipt_is() {\n" /* iptables|ip6tables */                                                        \
    "  [ -e \"/etc/sysconfig/$1\" ] &&\n"                                                          \
    "    { systemctl is-active -q \"$1.service\" || systemctl is-enabled -q \"$1.service\"; } "    \
    "2>/dev/null\n"                                                                                \
    "}\n"                                                                                          \
    "ipt_runs() { ipt_is iptables || ipt_is ip6tables; }\n"                                        \
    "ipt_ours() {\n" /* ip|ip6 */                                                                  \
    "  sed -n \"s/^-A INPUT .*--comment \\\"clusterctl \\([^\\\"]*\\)\\\".* -j ACCEPT\\$/"         \
    "$1 filter INPUT \\1/p\"\n"                                                                    \
    "}\n"                                                                                          \
    "ob_iptables() {\n" /* INDEX */                                                                \
    "  for p in iptables:ip ip6tables:ip6; do\n"                                                   \
    "    ipt_is \"${p%:*}\" || continue\n"                                                         \
    "    r \"$1\" filter \"${p#*:} filter INPUT\"\n"                                               \
    "    ipt_ours \"${p#*:}\" <\"/etc/sysconfig/${p%:*}\" | each \"$1\" stored\n"                  \
    "    if systemctl is-active -q \"${p%:*}.service\"; then \"${p%:*}-save\" -t filter\n"         \
    "    else cat \"/etc/sysconfig/${p%:*}\"; fi | ipt_ours \"${p#*:}\" | each \"$1\" live\n"      \
    "  done\n"                                                                                     \
    "}\n"

/*
 * ipt_put PROGRAM: its rules of ours become those on standard input, first in the file and then in
 * force, where one restore takes the old ones out and puts the new ones in. What is no rule of ours
 * is kept to the byte.
 */
#define FW_IPTABLES_APPLY                                                                          \
    "ipt_put() {\n"                                                                                \
    "  f=/etc/sysconfig/$1 t=/etc/sysconfig/.$1.clusterctl-tmp n=/run/clusterctl/$1\n"             \
    "  cat >\"$n\"; rm -f \"$t\"; cp -p \"$f\" \"$t\"\n"                                           \
    "  awk -v new=\"$n\" '\n"                                                                      \
    "    function ours() { while ((getline l <new) > 0) print l; done = 1 }\n"                     \
    "    /--comment \"clusterctl / { next }\n"                                                     \
    "    /^\\*/ { filter = $1 == \"*filter\" }\n"                                                  \
    "    filter && !done && ($1 == \"COMMIT\" || ($1 ~ /^-[AI]$/ && $2 == \"INPUT\")) { ours() "   \
    "}\n"                                                                                          \
    "    { print }\n"                                                                              \
    "    END { if (!done && (getline l <new) > 0) {\n"                                             \
    "      print \"*filter\"; print l; ours(); print \"COMMIT\" } }' \"$f\" >\"$t\"\n"             \
    "  \"$1-restore\" --test <\"$t\" || { rm -f \"$t\"\n"                                          \
    "    echo \"-- $f was not changed: $1-restore refused the new version\"; return 1; }\n"        \
    "  sync \"$t\"; mv -f \"$t\" \"$f\"; sync /etc/sysconfig\n"                                    \
    "  ! command -v restorecon >/dev/null || restorecon \"$f\"\n"                                  \
    "  systemctl is-active -q \"$1.service\" || return 0\n"                                        \
    "  { echo '*filter'\n"                                                                         \
    "    \"$1-save\" -t filter | sed -n 's/^-A INPUT \\(.*--comment \"clusterctl .*\\)/-D INPUT "  \
    "\\1/p'\n"                                                                                     \
    "    sed 's/^-A /-I /' \"$n\"; echo COMMIT; } >\"$n.live\"\n"                                  \
    "  \"$1-restore\" --noflush <\"$n.live\"\n"                                                    \
    "}\n"
