#pragma once
/*
 * The evidence of rules_http.c, from real servers:
 *
 *   http.unit     "Id=nginx.service LoadState=... ActiveState=... SubState=... Result=..."
 *   http.journal  of nginx.service, where it does not run
 *   http.error    of its error log: what it could not open
 *   http.test     what nginx says of its configuration
 *   http.vhost    "SERVER FILE:LINE: DIRECTIVE;", servers counted through all files
 *   http.listen   ss -ltnp of a service's port; http.owner: "PROGRAM UNIT" of any
 *   http.whoami   "PORT STATUS-LINE | FIRST LINE OF THE BODY" of our own location on the VIP
 *   http.page     the same of /
 *   http.files    ls -ldn of the mount and the index file
 */
#include "doctor/rule.h"

void http_gather(struct script *s, const struct host_result *hr);
