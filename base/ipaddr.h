#pragma once
/* IPv4 and IPv6 addresses as values. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct ipaddr {
    int family;          /* AF_INET, AF_INET6, or 0 for none */
    unsigned char b[16]; /* network order; 4 bytes used for AF_INET, the rest zero */
};

enum { IPADDR_STRLEN = 46 };

/* Strict: dotted quad without leading zeros, or RFC 5952 input forms; no zone, no prefix. */
bool ipaddr_parse(const char *s, struct ipaddr *out);
const char *ipaddr_str(const struct ipaddr *a, char buf[static IPADDR_STRLEN]);
bool ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b);
int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b);
/* 32 or 128: the prefix length of a host address, as for a VIP on lo. */
unsigned ipaddr_bits(const struct ipaddr *a);
/* Whether the first `prefix` bits of the two are the same. */
bool ipaddr_same_net(const struct ipaddr *a, const struct ipaddr *b, unsigned prefix);
socklen_t ipaddr_sockaddr(const struct ipaddr *a, unsigned port, struct sockaddr_storage *out);
