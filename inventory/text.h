#pragma once
/* The rules for strings, one for each context that a string of the inventory can reach. */
#include "inventory/schema.h"

extern const struct text_rule any_text_rule;   /* reaches nothing */
extern const struct text_rule name_rule;       /* messages, comments and identifiers of files */
extern const struct text_rule hostname_rule;   /* hostname(1), /etc/hosts */
extern const struct text_rule interface_rule;  /* keepalived.conf, ip(8) */
extern const struct text_rule auth_pass_rule;  /* keepalived.conf */
extern const struct text_rule secret_rule;     /* a line of a prompt's answer */
extern const struct text_rule check_path_rule; /* keepalived.conf, a URL */
extern const struct text_rule check_host_rule; /* keepalived.conf, an HTTP header */
extern const struct text_rule directory_rule;  /* fstab, exports, nginx, shell */
extern const struct text_rule options_rule;    /* fstab, exports */
extern const struct text_rule account_rule;    /* chown(1) */
extern const struct text_rule login_rule;      /* SSH */
extern const struct text_rule host_key_rule;   /* compared with what a host shows */
extern const struct text_rule jump_rule;       /* ssh's command line */
extern const struct text_rule file_name_rule;  /* nginx, shell */
extern const struct text_rule page_rule;       /* a file's content */
extern const struct text_rule local_path_rule; /* open(2) on the operator's machine */
