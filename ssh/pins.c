#include "ssh/pins.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "ssh/known_hosts.h"

/* The key of a "TYPE BASE64" pin, malloc()ed; NULL for one that is a fingerprint or damaged. */
static unsigned char *pin_key(const char *pin, size_t *len)
{
    const char *b64 = strchr(pin, ' ');
    if (!b64)
        return NULL;
    b64++;
    unsigned char *key = xmalloc(strlen(b64) + 3);
    long n = base64_decode(b64, strlen(b64), key);
    if (n < 0) {
        xfree(key);
        return NULL;
    }
    *len = (size_t)n;
    return key;
}

bool pins_hold(const char *const *pins, const char *key_type, const unsigned char *key,
               size_t key_len)
{
    char fingerprint[64];
    known_hosts_fingerprint(key, key_len, fingerprint);
    for (; *pins; pins++) {
        size_t n = 0, type = strcspn(*pins, " ");
        autofree unsigned char *pinned = pin_key(*pins, &n);
        if (pinned ? n == key_len && !memcmp(pinned, key, n) && strlen(key_type) == type &&
                         !memcmp(*pins, key_type, type)
                   : !strcmp(*pins, fingerprint))
            return true;
    }
    return false;
}

size_t pins_types(const char *const *pins, char types[][40], size_t max)
{
    size_t n = 0;
    for (; *pins && n < max; pins++) {
        size_t type = strcspn(*pins, " ");
        if ((*pins)[type])
            snprintf(types[n++], sizeof *types, "%.*s", (int)type, *pins);
    }
    return n;
}

int pins_revoked(const char *pin, const char *const *files, const char *host, unsigned port,
                 bool *revoked, struct err *e)
{
    size_t n = 0;
    char type[40];
    enum known_hosts_verdict verdict = KNOWN_HOSTS_UNKNOWN;
    struct known_hosts_where at;
    autofree unsigned char *key = pin_key(pin, &n);
    snprintf(type, sizeof type, "%.*s", (int)strcspn(pin, " "), pin);
    if (key && known_hosts_check(files, host, port, type, key, n, &verdict, &at, e))
        return -1;
    *revoked = verdict == KNOWN_HOSTS_REVOKED;
    return 0;
}

void pins_show(const char *pin, char *out, size_t size)
{
    size_t n = 0;
    char fingerprint[64];
    autofree unsigned char *key = pin_key(pin, &n);
    if (key)
        known_hosts_fingerprint(key, n, fingerprint);
    snprintf(out, size, "%s", key ? fingerprint : pin);
}
