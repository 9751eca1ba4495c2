#pragma once
/*
 * HTTP answers, each asked for once a round and shared by the checks: through the VIP, to see which
 * real servers a client gets; and from each real server at its own address.
 */
#include <stdbool.h>

#include "base/vec.h"
#include "inventory/cluster.h"
#include "probe/http.h"

struct ctx;
struct run;

/* Where our nginx vhost answers with the host's name (templates/files/nginx.conf.tmpl). */
#define WHOAMI_PATH "/.clusterctl/whoami"

enum { REQUEST_TIMEOUT_MS = 3000 }; /* a SYN lost once is sent again after 1 s (RFC 6298, 2.1) */

/* The real server that an answer to WHOAMI_PATH names, or NULL. */
const struct host *whoami_of(const struct cluster *c, const struct http_result *r);
/* What a page can be recognised by in a message: its title, or else its first line. */
const char *page_shown(struct arena *a, const struct strbuf *body);
const char *text_shown(struct arena *a, const char *s);

/* A real server asked at its own address. */
struct direct {
    const struct host *host;
    unsigned port;
    long status;        /* of "/"; 0: no response */
    const char *error;  /* no response: why; safe to print */
    const char *body;   /* of "/"; raw */
    const char *shown;  /* the beginning of the body, safe to print */
    const char *whoami; /* the name it gives itself; NULL: our vhost did not answer */
    bool own;           /* whoami is the host's name */
};

/* A series of requests through the VIP, one after the other, each on its own connection. */
struct samples {
    const struct service *service;
    unsigned requests;     /* counted ones that were made */
    unsigned pages;        /* more requests, of pages alone, that were made (by_whoami) */
    bool by_whoami;        /* the real server was told by WHOAMI_PATH, not by its page */
    unsigned *hits;        /* counted answers of each host, by index_in_cluster */
    unsigned bad;          /* requests not answered as they should be */
    const char *first_bad; /* what was wrong with the first of them; safe to print */
};

struct samples_cache {
    VEC(struct samples *) through;
    VEC(struct direct *) direct;
};

/* NULL when interrupted. Only for TCP services: nginx speaks HTTP on all of them. */
const struct samples *samples_of(struct ctx *x, const struct service *s);
/* The same series, made longer: `requests` in all. NULL when interrupted. */
const struct samples *samples_more(struct ctx *x, const struct service *s, unsigned requests);
const struct direct *direct_of(struct ctx *x, const struct host *h, unsigned port);
/* Does a real server serve what it should at this port? */
bool direct_serves(struct ctx *x, const struct host *h, const struct service *s);
/* Does it serve the page that the inventory seeds? */
bool direct_is_own_page(const struct direct *d);
/* The other real server whose page this is, or NULL: pages swapped or mixed up. */
const struct host *page_of_another(struct ctx *x, const struct direct *d);

/* Forget the round's answers. */
void samples_reset(struct samples_cache *c);

/* How many requests three rounds of the scheduler take, at least 6. */
unsigned samples_wanted(struct run *r, const struct service *s, unsigned asked);

/* Was the run interrupted? */
bool interrupted(const struct ctx *x);
