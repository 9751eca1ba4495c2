/* Input: a line with a host's name; behind it the file. */
#include "base/parse.h"
#include "fuzz.h"
#include "fuzz_file.h"
#include "ssh/known_hosts.h"
#include "ssh/wire.h"

static const char type[] = "ssh-ed25519";
static struct strbuf key; /* the host's */

static enum known_hosts_verdict check(const char *path, const char *host, unsigned port,
                                      struct known_hosts_where *where)
{
    const char *const files[] = {"/nonexistent/known_hosts", path, NULL};
    enum known_hosts_verdict v;
    struct err e = {0};
    HOLDS(known_hosts_check(files, host, port, type, (unsigned char *)key.s, key.len, &v, where,
                            &e) == 0);
    return v;
}

static void types(const char *path, const char *host, unsigned port)
{
    enum { MAX = 4 };
    char names[MAX][40];
    const char *const files[] = {path, NULL};
    size_t n = known_hosts_types(files, host, port, names, MAX);
    HOLDS(n <= MAX);
    for (size_t i = 0; i < n; i++) {
        HOLDS(fuzz_is_safe(names[i]) && strnlen(names[i], sizeof names[i]) < sizeof names[i]);
        for (size_t k = 0; k < i; k++)
            HOLDS(strcmp(names[i], names[k]) != 0);
    }
}

/* What the file says counts until a line says more. */
static void lines_count(const char *text, const char *host)
{
    autosb struct strbuf longer = {0};
    struct known_hosts_where where;
    sb_addf(&longer, "%s\nelsewhere,%s %s ", text, host, type);
    base64_encode(&longer, key.s, key.len, 0);
    enum known_hosts_verdict v = check(fuzz_file(longer.s, longer.len), host, 22, &where);
    HOLDS(v == KNOWN_HOSTS_MATCH || v == KNOWN_HOSTS_REVOKED);
    sb_addf(&longer, "\n@revoked * %s ", type);
    base64_encode(&longer, key.s, key.len, 0);
    HOLDS(check(fuzz_file(longer.s, longer.len), host, 22, &where) == KNOWN_HOSTS_REVOKED);
}

static void verdicts(const char *text, const char *host, unsigned port)
{
    const char *path = fuzz_file(text, strlen(text));
    struct known_hosts_where where = {0};
    unsigned lines = 1;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    enum known_hosts_verdict v = check(path, host, port, &where);
    HOLDS(where.line <= lines && fuzz_is_safe(where.type));
    HOLDS(v == KNOWN_HOSTS_UNKNOWN || (where.line && *where.file));
    HOLDS(!where.line || !strncmp(where.fingerprint, "SHA256:", 7));
    HOLDS(v != KNOWN_HOSTS_MATCH || !strcmp(where.type, type));
    types(path, host, port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *input = fuzz_text(data, size);
    const char *text = input;
    autofree char *host = fuzz_line(&text);
    if (!key.len) {
        wire_put_string(&key, type, strlen(type));
        wire_put_string(&key, "0123456789abcdef0123456789abcdef", 32);
    }
    if (!host || !*host || strlen(host) > 253)
        return 0;
    verdicts(text, host, size % 2 ? 22 : 2222);
    if (host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0')
        lines_count(text, host);
    return 0;
}
