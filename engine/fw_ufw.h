#pragma once
/* ufw, whose list of rules keeps a comment of ours, in hexadecimal. Part of res_firewall.c. */

/* ufw_ours: our rules, in the words of its list (fw_words.h) */
#define FW_UFW_OBSERVE                                                                             \
    "ufw_ours() {\n"                                                                               \
    "  sed -n 's/^### tuple ### \\(allow [^ ]* [^ ]* [^ ]* any [^ ]* in\\) "                       \
    "comment=636c757374657263746c$/\\1/p' /etc/ufw/user.rules\n"                                   \
    "}\n"

/* ufw_drop RULE: a line of ufw_ours goes */
#define FW_UFW_DROP                                                                                \
    "ufw_drop() {\n"                                                                               \
    "  p=${1#allow } a=${1% in}; d=${p#* }; p=${p%% *} d=${d%% *} a=${a##* }\n"                    \
    "  set -- allow proto \"$p\" from \"$a\" to any; [ \"$d\" = any ] || set -- \"$@\" port "      \
    "\"$d\"\n"                                                                                     \
    "  ufw delete \"$@\"\n"                                                                        \
    "}\n"
