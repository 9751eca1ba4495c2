#pragma once
/*
 * firewalld, asked over D-Bus: firewall-cmd is a Python program, which would have to start three times in
 * every look. The answers are the same (firewalld.dbus(5)). Part of res_firewall.c.
 */

/*
 * ob_firewalld INDEX: the rich rules of the default zone, in force and stored. What it does not
 * answer is told as such: a look that takes it for "no rules" would have them made anew.
 */
#define FW_FIREWALLD_OBSERVE                                                                       \
    "fwd=org.fedoraproject.FirewallD1 fwp=/org/fedoraproject/FirewallD1\n" /* `as 2 \"rule         \
                                                                              family=\\\"ipv4\\\"  \
                                                                              ...\" \"rule ...\"`: \
                                                                              a rule a line */     \
    "fwd_rules() {\n" /* PATH INTERFACE [ZONE] */                                                  \
    "  l=$(busctl call \"$fwd\" \"$1\" \"$fwd.$2\" getRichRules ${3:+s \"$3\"}) || return 1\n"     \
    "  printf '%s\\n' \"$l\" | sed -e 's/^as [0-9]* *\"*//; s/\"$//' \\\n"                         \
    "    -e 's/\\([^\\\\]\\)\" \"/\\1\\n/g; s/\\\\\"/\"/g'\n"                                      \
    "}\n"                                                                                          \
    "ob_firewalld() {\n"                                                                           \
    "  if z=$(busctl call \"$fwd\" \"$fwp\" \"$fwd\" getDefaultZone) && z=${z#s \\\"} "            \
    "z=${z%\\\"} &&\n"                                                                             \
    "    live=$(fwd_rules \"$fwp\" zone \"$z\") &&\n"                                              \
    "    o=$(busctl call \"$fwd\" \"$fwp/config\" \"$fwd.config\" getZoneByName s \"$z\") &&\n"    \
    "    o=${o#o \\\"} o=${o%\\\"} && stored=$(fwd_rules \"$o\" config.zone); then\n"              \
    "    [ -z \"$live\" ] || printf '%s\\n' \"$live\" | each \"$1\" live\n"                        \
    "    [ -z \"$stored\" ] || printf '%s\\n' \"$stored\" | each \"$1\" stored\n"                  \
    "  else r \"$1\" silent firewalld; fi\n"                                                       \
    "}\n"
