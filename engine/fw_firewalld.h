#pragma once
/*
 * firewalld, asked over D-Bus: firewall-cmd is a Python program, which would have to start three times in
 * every look. The answers are the same (firewalld.dbus(5)). Part of res_firewall.c.
 */
#include "engine/owned.h"

/* The rules that we made, as they hold no mark. */
#define FW_FIREWALLD_LIST OWNED_DIR "/firewalld"

/*
 * ob_firewalld INDEX: the rich rules of the default zone, in force and stored, and our list. What it
 * does not answer is told as such: a look that takes it for "no rules" would have them made anew.
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
    "    [ ! -r " FW_FIREWALLD_LIST " ] || each \"$1\" ours <" FW_FIREWALLD_LIST "\n"             \
    "  else r \"$1\" silent firewalld; fi\n"                                                       \
    "}\n"

/*
 * fwd_drop RULE: one of our list goes, from there last. One a command: of several that fail,
 * firewall-cmd tells nothing as long as one of them does not. fwd_forget: from the list alone.
 */
#define FW_FIREWALLD_DROP                                                                          \
    "fwd_forget() {\n"                                                                             \
    "  t=" OWNED_DIR "/.firewalld-tmp\n"                                                           \
    "  while IFS= read -r l; do [ \"$l\" = \"$1\" ] || printf '%s\\n' \"$l\"; done "               \
    "<" FW_FIREWALLD_LIST " >\"$t\"\n"                                                             \
    "  sync \"$t\"; mv -f \"$t\" " FW_FIREWALLD_LIST "; sync " OWNED_DIR "\n"                       \
    "}\n"                                                                                          \
    "fwd_drop() {\n"                                                                               \
    "  firewall-cmd -q --remove-rich-rule \"$1\"\n"                                                \
    "  firewall-cmd -q --permanent --remove-rich-rule \"$1\"\n"                                    \
    "  fwd_forget \"$1\"\n"                                                                        \
    "}\n"
