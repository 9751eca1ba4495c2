#pragma once
/*
 * What http.c and the load share: one GET as libcurl is told about it. Private to probe/. Each
 * request has a fresh connection of its own, goes past any proxy and follows no redirect.
 */
#include <curl/curl.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/ipaddr.h"
#include "base/strbuf.h"

/* The same for any number of requests, which only read it; outlives their handles. */
struct request_text {
    struct strbuf url;
    struct curl_slist *headers;
};

/* `path` may be NULL or lack its slash; `host` NULL: no Host header but the address itself. */
int request_text_init(struct request_text *t, const struct ipaddr *addr, unsigned port,
                      const char *path, const char *host, struct err *e);
void request_text_free(struct request_text *t); /* also of one whose init failed */

/* Everything but time limits. The body goes to *body, up to its cap; the rest is left unread. */
CURLcode request_set_options(CURL *curl, const struct request_text *t, struct strbuf *body);

/* The status of a complete answer, or of one that was cut at the body's cap; 0: there was none. */
long request_status(CURL *curl, CURLcode code, const struct strbuf *body);
