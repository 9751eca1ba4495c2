#include "base/ipaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

bool ipaddr_parse(const char *s, struct ipaddr *out)
{
    struct ipaddr a = {0};
    a.family = strchr(s, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(a.family, s, a.b) != 1)
        return false;
    *out = a;
    return true;
}

const char *ipaddr_str(const struct ipaddr *a, char buf[static IPADDR_STRLEN])
{
    if (!a->family || !inet_ntop(a->family, a->b, buf, IPADDR_STRLEN))
        buf[0] = '\0';
    return buf;
}

bool ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b)
{
    return ipaddr_cmp(a, b) == 0;
}

int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->b, b->b, sizeof a->b);
}

unsigned ipaddr_bits(const struct ipaddr *a)
{
    return a->family == AF_INET6 ? 128 : 32;
}

bool ipaddr_same_net(const struct ipaddr *a, const struct ipaddr *b, unsigned prefix)
{
    unsigned whole = prefix / 8, rest = prefix % 8;
    if (a->family != b->family || prefix > ipaddr_bits(a) || memcmp(a->b, b->b, whole) != 0)
        return false;
    return !rest || (a->b[whole] ^ b->b[whole]) >> (8 - rest) == 0;
}

socklen_t ipaddr_sockaddr(const struct ipaddr *a, unsigned port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (a->family == AF_INET6) {
        struct sockaddr_in6 *s6 = (struct sockaddr_in6 *)out;
        s6->sin6_family = AF_INET6;
        s6->sin6_port = htons((uint16_t)port);
        memcpy(&s6->sin6_addr, a->b, 16);
        return sizeof *s6;
    }
    struct sockaddr_in *s4 = (struct sockaddr_in *)out;
    s4->sin_family = AF_INET;
    s4->sin_port = htons((uint16_t)port);
    memcpy(&s4->sin_addr, a->b, 4);
    return sizeof *s4;
}
