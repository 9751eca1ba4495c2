#pragma once
/* HTTP requests from the operator's machine (libcurl): one fresh connection each, no proxy. */
#include <stdint.h>

#include "base/err.h"
#include "base/ipaddr.h"
#include "base/strbuf.h"

enum { HTTP_MAX_BODY = 64 * 1024 };

struct http_result {
    long status;        /* 0 when there was no complete response */
    struct strbuf body; /* at most HTTP_MAX_BODY; `truncated` when there was more, left unread */
    char error[160];    /* "" on a response */
    int64_t elapsed_us; /* from before the connection to the end of the body */
};

/* Once per process. */
int http_global_init(struct err *e);
void http_global_exit(void);

/*
 * GET http://ADDR:PORT/PATH; `host` is the Host header or NULL for the address itself. A redirect
 * is an answer like any other and is not followed. Fills *r whatever was in it: free it after every
 * call.
 */
void http_get(const struct ipaddr *addr, unsigned port, const char *path, const char *host,
              unsigned timeout_ms, struct http_result *r);
/* The same to an open way's far end (see via.h), through its neighbour. */
struct via;
void http_get_via(const struct via *way, unsigned port, const char *path, const char *host,
                  unsigned timeout_ms, struct http_result *r);
void http_result_free(struct http_result *r);
