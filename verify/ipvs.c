#include "verify/ipvs.h"

#include <string.h>

#include "base/parse.h"
#include "base/quote.h"

/* Remote text made safe to print, and short. */
static const char *shown(struct arena *a, const char *s)
{
    autosb struct strbuf sb = {0};
    size_t n = strnlen(s, IPVS_NAME_MAX + 1);
    quote_terminal(&sb, s, n > IPVS_NAME_MAX ? IPVS_NAME_MAX : n, false);
    if (n > IPVS_NAME_MAX)
        sb_add(&sb, "...");
    return arena_strdup(a, sb_str(&sb));
}

/* A port is always there with -n. */
bool ipvs_endpoint(const char *s, struct ipaddr *address, uint16_t *port)
{
    char host[IPADDR_STRLEN];
    const char *colon = strrchr(s, ':');
    uint64_t n;
    if (!colon || !parse_u64(colon + 1, 0, 65535, &n))
        return false;
    size_t len = (size_t)(colon - s);
    if (*s == '[') {
        if (len < 2 || colon[-1] != ']')
            return false;
        s++;
        len -= 2;
    }
    if (len >= sizeof host)
        return false;
    memcpy(host, s, len);
    host[len] = '\0';
    *port = (uint16_t)n;
    return ipaddr_parse(host, address);
}

/* The words of a line that we care about; others ("-M MASK", "-x N", "--tun-type T") are ignored.
 */
struct words {
    const char *kind;    /* "-t", "-u", "-f" or "--sctp-service" */
    const char *service; /* its value */
    const char *scheduler, *persistence, *dest, *weight;
    char forward;
};

/* Where the value of an option goes; NULL for an option that has none or that we do not know. */
static const char **value_of(struct words *w, const char *option)
{
    if (!strcmp(option, "-t") || !strcmp(option, "-u") || !strcmp(option, "-f") ||
        !strcmp(option, "--sctp-service")) {
        w->kind = option;
        return &w->service;
    }
    return !strcmp(option, "-s")   ? &w->scheduler
           : !strcmp(option, "-p") ? &w->persistence
           : !strcmp(option, "-r") ? &w->dest
           : !strcmp(option, "-w") ? &w->weight
                                   : NULL;
}

static void split(char *line, struct words *w)
{
    for (char *word; (word = parse_word(&line));) {
        if (!strcmp(word, "-g") || !strcmp(word, "-i") || !strcmp(word, "-m")) {
            w->forward = word[1];
            continue;
        }
        const char **value = value_of(w, word);
        if (value)
            *value = parse_word(&line);
    }
}

/* Same as ipvsadm: the protocol and endpoint, or the mark. False: not understood. */
static bool name_service(const struct words *w, struct arena *a, struct ipvs_service *s)
{
    char text[IPADDR_STRLEN];
    if (!w->kind || !w->service)
        return false;
    if (!strcmp(w->kind, "-f")) {
        s->name = arena_printf(a, "fwmark %s", shown(a, w->service));
        return true;
    }
    if (!ipvs_endpoint(w->service, &s->vip, &s->port))
        return false;
    const char *proto = !strcmp(w->kind, "-t") ? "tcp" : !strcmp(w->kind, "-u") ? "udp" : "sctp";
    s->addressed = strcmp(proto, "sctp") != 0;
    s->protocol = !strcmp(proto, "udp") ? PROTO_UDP : PROTO_TCP;
    s->name = arena_printf(a, s->vip.family == AF_INET6 ? "[%s]:%u/%s" : "%s:%u/%s",
                           ipaddr_str(&s->vip, text), s->port, proto);
    return true;
}

static bool add_service(struct ipvs_table *t, struct arena *a, const struct words *w)
{
    struct ipvs_service s = {.scheduler = "none"};
    uint64_t seconds = 0;
    if (t->services.n >= IPVS_MAX_SERVICES || !name_service(w, a, &s))
        return false;
    if (w->persistence && !parse_u64(w->persistence, 0, UINT32_MAX, &seconds))
        return false;
    s.persistence_s = (uint32_t)seconds;
    if (w->scheduler)
        s.scheduler = shown(a, w->scheduler);
    *vec_push(&t->services) = s;
    return true;
}

/* A server's line follows those of its service, so the search begins at the end. */
static struct ipvs_service *service_named(struct ipvs_table *t, const char *name)
{
    for (size_t i = t->services.n; i-- > 0;)
        if (!strcmp(t->services.v[i].name, name))
            return &t->services.v[i];
    return NULL;
}

static bool add_dest(struct ipvs_table *t, struct arena *a, const struct words *w)
{
    struct ipvs_service key = {0};
    struct ipvs_dest d = {.forward = w->forward, .weight = 1};
    uint64_t weight = 1;
    if (t->n_dests >= IPVS_MAX_DESTS || !w->dest || !w->forward || !name_service(w, a, &key))
        return false;
    struct ipvs_service *s = service_named(t, key.name);
    if (!s || (w->weight && !parse_u64(w->weight, 0, UINT32_MAX, &weight)))
        return false;
    d.weight = (uint32_t)weight;
    if (!ipvs_endpoint(w->dest, &d.address, &d.port))
        return false;
    *vec_push(&s->dests) = d;
    t->n_dests++;
    return true;
}

void ipvs_line(struct ipvs_table *t, struct arena *a, char *line)
{
    struct words w = {0};
    const char *original = t->bad ? "" : shown(a, line); /* the line is about to be cut up */
    const char *command = parse_word(&line);
    if (!command)
        return;
    split(line, &w);
    bool ok = !strcmp(command, "-A")   ? add_service(t, a, &w)
              : !strcmp(command, "-a") ? add_dest(t, a, &w)
                                       : false;
    if (!ok && !t->bad)
        t->bad = original;
}

const struct ipvs_service *ipvs_find(const struct ipvs_table *t, const struct service *s)
{
    for (size_t i = 0; i < t->services.n; i++) {
        const struct ipvs_service *k = &t->services.v[i];
        if (k->addressed && k->protocol == s->protocol && k->port == s->port &&
            ipaddr_eq(&k->vip, &s->vip))
            return k;
    }
    return NULL;
}

const struct ipvs_dest *ipvs_dest_find(const struct ipvs_service *s, const struct ipaddr *a,
                                       unsigned port)
{
    for (size_t i = 0; i < s->dests.n; i++)
        if (s->dests.v[i].port == port && ipaddr_eq(&s->dests.v[i].address, a))
            return &s->dests.v[i];
    return NULL;
}

void ipvs_free(struct ipvs_table *t)
{
    for (size_t i = 0; i < t->services.n; i++)
        vec_free(&t->services.v[i].dests);
    vec_free(&t->services);
    *t = (struct ipvs_table){0};
}
