#pragma once
/* HTTP requests from the operator's machine (libcurl): one fresh connection each, no proxy. */
#include <stdint.h>

#include "base/err.h"
#include "base/ipaddr.h"
#include "base/strbuf.h"

struct http_result {
    long status;            /* 0 when there was no response */
    struct strbuf body;     /* capped at 64 KiB */
    char error[160];        /* "" on a response */
    int64_t elapsed_us;
};

/* Once per process. */
int http_global_init(struct err *e);
void http_global_exit(void);

/* GET http://ADDR:PORT/PATH; `host` is the Host header or NULL for the address itself. */
void http_get(const struct ipaddr *addr, unsigned port, const char *path, const char *host,
              unsigned timeout_ms, struct http_result *r);
void http_result_free(struct http_result *r);
