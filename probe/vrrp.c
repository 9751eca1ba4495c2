#include "probe/vrrp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    VRRP_PROTOCOL = 112,    /* RFC 9568, 5.1.1.4 */
    VRRP_TTL = 255,         /* 5.1.1.3: anything else has passed a router */
    VRRP_ADVERTISEMENT = 1, /* 5.2.2 */
    VRRP_HEADER = 8,        /* 5.2: up to the first address, in versions 2 and 3 alike */
    MAX_PACKETS = 4096,     /* read at a time: a flood must not keep us */
};

#define VRRP_GROUP 0xe0000012U /* 224.0.0.18: RFC 9568, 5.1.1.2 */

int vrrp_listen(const struct route *via, struct err *e)
{
    struct ip_mreqn group = {.imr_multiaddr.s_addr = htonl(VRRP_GROUP), .imr_ifindex = via->ifindex};
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, VRRP_PROTOCOL);
    if (fd < 0) {
        err_errno(e, "cannot open a raw socket to hear VRRP adverts");
        if (errno == EPERM || errno == EACCES)
            err_hint(e, "it needs CAP_NET_RAW: run as root, or setcap cap_net_raw+ep the program");
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, via->ifname, sizeof via->ifname) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
        err_errno(e, "cannot hear VRRP adverts on %s", via->ifname);
        close(fd);
        return -1;
    }
    return fd;
}

static struct ipaddr address_at(const unsigned char *p)
{
    struct ipaddr a = {.family = AF_INET};
    memcpy(a.b, p, 4);
    return a;
}

/* A raw socket gives the IP header too. */
static bool parse_advert(const unsigned char *p, size_t len, struct vrrp_advert *out)
{
    if (len < sizeof(struct ip))
        return false;
    size_t header = (size_t)(p[0] & 0xf) * 4;
    if (header < sizeof(struct ip) || len < header + VRRP_HEADER || p[8] != VRRP_TTL ||
        memcmp(p + 16, &(uint32_t){htonl(VRRP_GROUP)}, 4) != 0)
        return false;
    const unsigned char *v = p + header;
    unsigned version = v[0] >> 4, n = v[3];
    if ((v[0] & 0xf) != VRRP_ADVERTISEMENT || (version != 2 && version != 3) || v[1] == 0 ||
        len < header + VRRP_HEADER + 4 * (size_t)n)
        return false;
    *out = (struct vrrp_advert){.version = version, .router_id = v[1], .priority = v[2]};
    out->source = address_at(p + 12);
    if (n)
        out->vip = address_at(v + VRRP_HEADER);
    return true;
}

static size_t note(struct vrrp_advert *out, size_t n, const struct vrrp_advert *a)
{
    size_t i = 0;
    while (i < n && !(ipaddr_eq(&out[i].source, &a->source) && out[i].router_id == a->router_id))
        i++;
    if (i == VRRP_MAX_HEARD)
        return n;
    out[i] = *a;
    return i == n ? n + 1 : n;
}

size_t vrrp_heard(int fd, struct vrrp_advert out[static VRRP_MAX_HEARD])
{
    unsigned char packet[2048];
    struct vrrp_advert a;
    size_t n = 0;
    for (int i = 0; i < MAX_PACKETS; i++) {
        ssize_t len = recv(fd, packet, sizeof packet, 0);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            break;
        if (parse_advert(packet, (size_t)len, &a))
            n = note(out, n, &a);
    }
    return n;
}
