#include <stdio.h>
#include <string.h>

#include "probe/arp.h"

const char *mac_str(const struct mac *m, char buf[static MAC_STRLEN])
{
    snprintf(buf, MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0], m->b[1], m->b[2], m->b[3],
             m->b[4], m->b[5]);
    return buf;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool mac_parse(const char *s, struct mac *out)
{
    struct mac m;
    if (strlen(s) != MAC_STRLEN - 1)
        return false;
    for (size_t i = 0; i < sizeof m.b; i++, s += 3) {
        int high = hex_digit(s[0]), low = hex_digit(s[1]);
        if (high < 0 || low < 0 || s[2] != (i < sizeof m.b - 1 ? ':' : '\0'))
            return false;
        m.b[i] = (unsigned char)(high << 4 | low);
    }
    *out = m;
    return true;
}

bool mac_eq(const struct mac *a, const struct mac *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}
