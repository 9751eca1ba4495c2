/*
 * The probe layer from the command line, for test_probe.py: prints one JSON object. Exit 0 done,
 * 1 with {"code", "error", "hint"}, 2 misused.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/quote.h"
#include "probe/arp.h"
#include "probe/http.h"

static void add_text(struct strbuf *out, const char *key, const char *value)
{
    quote_json(out, key);
    sb_add(out, ": ");
    quote_json(out, value);
    sb_add(out, ", ");
}

static int finish(const struct strbuf *out)
{
    printf("{%s\"end\": true}\n", sb_str(out));
    return 0;
}

static int failed(const struct err *e)
{
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"code\": %d, ", e->code);
    add_text(&out, "error", e->msg);
    add_text(&out, "hint", e->hint);
    finish(&out);
    return 1;
}

static bool address(const char *s, struct ipaddr *a)
{
    if (ipaddr_parse(s, a))
        return true;
    fprintf(stderr, "probe-tool: %s is not an address\n", s);
    return false;
}

/* ADDR PORT PATH HOST|- TIMEOUT_MS */
static int do_http(char **argv)
{
    struct ipaddr a;
    uint64_t port, timeout;
    struct err e = {0};
    if (!address(argv[0], &a) || !parse_u64(argv[1], 1, 65535, &port) ||
        !parse_u64(argv[4], 0, 60000, &timeout))
        return 2;
    if (http_global_init(&e) < 0)
        return failed(&e);
    struct http_result r;
    http_get(&a, (unsigned)port, argv[2], strcmp(argv[3], "-") == 0 ? NULL : argv[3],
             (unsigned)timeout, &r);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"status\": %ld, \"length\": %zu, \"truncated\": %s, \"elapsed_us\": %lld, ",
            r.status, r.body.len, r.body.truncated ? "true" : "false", (long long)r.elapsed_us);
    add_text(&out, "error", r.error);
    if (r.body.len < 4096)
        add_text(&out, "body", sb_str(&r.body));
    http_result_free(&r);
    http_global_exit();
    return finish(&out);
}

/* ADDR */
static int do_route(char **argv)
{
    struct ipaddr a;
    struct route r;
    struct err e = {0};
    char source[IPADDR_STRLEN];
    if (!address(argv[0], &a))
        return 2;
    if (route_get(&a, &r, &e) < 0)
        return failed(&e);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"on_link\": %s, \"local\": %s, \"ifindex\": %d, ", r.on_link ? "true" : "false",
            r.local ? "true" : "false", r.ifindex);
    add_text(&out, "ifname", r.ifname);
    add_text(&out, "source", ipaddr_str(&r.source, source));
    return finish(&out);
}

/* ADDR REQUESTS WAIT_MS */
static int do_arp(char **argv)
{
    struct ipaddr a;
    struct route r;
    struct arp_answers answers;
    struct err e = {0};
    uint64_t requests, wait;
    if (!address(argv[0], &a) || !parse_u64(argv[1], 0, 100, &requests) ||
        !parse_u64(argv[2], 0, 10000, &wait))
        return 2;
    if (route_get(&a, &r, &e) < 0)
        return failed(&e);
    int64_t start = clock_ms();
    if (arp_ask(&a, &r, (unsigned)requests, (unsigned)wait, &answers, &e) < 0)
        return failed(&e);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"requests\": %u, \"elapsed_ms\": %lld, \"macs\": [", answers.requests,
            (long long)(clock_ms() - start));
    for (size_t i = 0; i < answers.n; i++) {
        char mac[MAC_STRLEN];
        sb_addf(&out, "%s\"%s\"", i ? ", " : "", mac_str(&answers.mac[i], mac));
    }
    sb_add(&out, "], ");
    return finish(&out);
}

/* ADDR */
static int do_neigh(char **argv)
{
    struct ipaddr a;
    struct route r;
    struct mac m = {0};
    struct err e = {0};
    bool found;
    char mac[MAC_STRLEN];
    if (!address(argv[0], &a))
        return 2;
    if (route_get(&a, &r, &e) < 0 || neigh_get(&a, r.ifindex, &found, &m, &e) < 0)
        return failed(&e);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"found\": %s, ", found ? "true" : "false");
    add_text(&out, "mac", found ? mac_str(&m, mac) : "");
    return finish(&out);
}

/* TEXT */
static int do_mac(char **argv)
{
    struct mac m, again;
    char mac[MAC_STRLEN];
    bool ok = mac_parse(argv[0], &m);
    autosb struct strbuf out = {0};
    sb_addf(&out, "\"ok\": %s, ", ok ? "true" : "false");
    if (ok)
        add_text(&out, "mac",
                 mac_parse(mac_str(&m, mac), &again) && mac_eq(&m, &again) ? mac : "differs");
    return finish(&out);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        int (*run)(char **argv);
    } commands[] = {
        {"http", 5, do_http},   {"route", 1, do_route}, {"arp", 3, do_arp},
        {"neigh", 1, do_neigh}, {"mac", 1, do_mac},
    };
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (argc == commands[i].args + 2 && strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argv + 2);
    fprintf(stderr, "usage: probe-tool http|route|arp|neigh|mac ARGUMENT...\n");
    return 2;
}
