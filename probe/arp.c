#include "probe/arp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

enum { MAX_BURST = 1024 };

/* One question: who has `target`? Asked in the name of our own address on that link. */
struct question {
    int fd;
    int ifindex;
    struct mac our_mac;
    unsigned char our_ip[4], target[4];
};

static int no_socket(const char *addr, struct err *e)
{
    err_errno(e, "cannot open a packet socket to ask who has %s", addr);
    if (errno == EPERM || errno == EACCES)
        return err_hint(e,
                        "ARP needs CAP_NET_RAW: run as root, or setcap cap_net_raw+ep the program");
    return -1;
}

/* A socket that sees the link's ARP packets alone; the kernel tells it our hardware address. */
static int open_question(const struct route *via, struct question *q, const char *addr,
                         struct err *e)
{
    /* Protocol 0 receives nothing until bind() says from which link. */
    q->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (q->fd < 0)
        return no_socket(addr, e);
    struct sockaddr_ll ll = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ARP),
        .sll_ifindex = via->ifindex,
    };
    socklen_t len = sizeof ll;
    if (bind(q->fd, (struct sockaddr *)&ll, sizeof ll) < 0)
        return err_errno(e, "cannot listen for ARP on %s", via->ifname);
    if (getsockname(q->fd, (struct sockaddr *)&ll, &len) < 0)
        return err_errno(e, "cannot read the hardware address of %s", via->ifname);
    if (ll.sll_hatype != ARPHRD_ETHER || ll.sll_halen != ETH_ALEN)
        return err_set(e, ERR_FAILED, "cannot ask who has %s: no ARP on %s, which is not Ethernet",
                       addr, via->ifname);
    q->ifindex = via->ifindex;
    memcpy(q->our_mac.b, ll.sll_addr, ETH_ALEN);
    return 0;
}

static int send_request(const struct question *q)
{
    struct ether_arp arp = {
        .ea_hdr =
            {
                .ar_hrd = htons(ARPHRD_ETHER),
                .ar_pro = htons(ETH_P_IP),
                .ar_hln = ETH_ALEN,
                .ar_pln = 4,
                .ar_op = htons(ARPOP_REQUEST),
            },
    };
    memcpy(arp.arp_sha, q->our_mac.b, ETH_ALEN);
    memcpy(arp.arp_spa, q->our_ip, 4);
    memcpy(arp.arp_tpa, q->target, 4);
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ARP),
        .sll_ifindex = q->ifindex,
        .sll_halen = ETH_ALEN,
    };
    memset(to.sll_addr, 0xff, ETH_ALEN);
    ssize_t n;
    do
        n = sendto(q->fd, &arp, sizeof arp, 0, (struct sockaddr *)&to, sizeof to);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof arp ? 0 : -1;
}

static bool is_answer(const struct question *q, const struct ether_arp *arp, size_t len,
                      const struct sockaddr_ll *from)
{
    return len >= sizeof *arp && from->sll_pkttype == PACKET_HOST &&
           arp->arp_hrd == htons(ARPHRD_ETHER) && arp->arp_pro == htons(ETH_P_IP) &&
           arp->arp_hln == ETH_ALEN && arp->arp_pln == 4 && arp->arp_op == htons(ARPOP_REPLY) &&
           memcmp(arp->arp_spa, q->target, 4) == 0 && memcmp(arp->arp_tpa, q->our_ip, 4) == 0;
}

static void note_answer(struct arp_answers *out, const unsigned char *sha)
{
    struct mac m;
    memcpy(m.b, sha, sizeof m.b);
    for (size_t i = 0; i < out->n; i++)
        if (mac_eq(&out->mac[i], &m))
            return;
    if (out->n < ARP_MAX_ANSWERS)
        out->mac[out->n++] = m;
}

/* Take what has arrived, but not without end: a flood must not keep us past the deadline. */
static int drain(const struct question *q, struct arp_answers *out)
{
    for (int i = 0; i < MAX_BURST; i++) {
        struct ether_arp arp;
        struct sockaddr_ll from = {0};
        socklen_t len = sizeof from;
        ssize_t n = recvfrom(q->fd, &arp, sizeof arp, 0, (struct sockaddr *)&from, &len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -1;
        if (is_answer(q, &arp, (size_t)n, &from))
            note_answer(out, arp.arp_sha);
    }
    return 0;
}

static int collect(const struct question *q, int64_t deadline, struct arp_answers *out)
{
    for (;;) {
        struct pollfd p = {.fd = q->fd, .events = POLLIN};
        int left = deadline_left(deadline);
        int n = poll(&p, 1, left);
        if (n < 0 && errno != EINTR)
            return -1;
        /* Also after the time is up: what is in the queue by now has arrived in time. */
        if (n > 0 && drain(q, out) < 0)
            return -1;
        if (left == 0)
            return 0;
    }
}

int arp_ask(const struct ipaddr *addr, const struct route *via, unsigned requests, unsigned wait_ms,
            struct arp_answers *out, struct err *e)
{
    char text[IPADDR_STRLEN];
    ipaddr_str(addr, text);
    memset(out, 0, sizeof *out);
    if (addr->family != AF_INET)
        return err_set(e, ERR_FAILED, "cannot ask who has %s: ARP knows IPv4 only", text);
    if (via->local)
        return err_set(e, ERR_FAILED, "cannot ask who has %s: it is this machine's own address",
                       text);
    if (!via->on_link)
        return err_set(e, ERR_FAILED,
                       "cannot ask who has %s: it is not on our link %s, and ARP goes no further",
                       text, via->ifname);
    if (via->source.family != AF_INET)
        return err_set(e, ERR_FAILED, "cannot ask who has %s: %s has no IPv4 address to ask from",
                       text, via->ifname);
    autoclose int fd = -1;
    struct question q = {.fd = -1};
    int opened = open_question(via, &q, text, e);
    fd = q.fd;
    if (opened < 0)
        return -1;
    memcpy(q.our_ip, via->source.b, sizeof q.our_ip);
    memcpy(q.target, addr->b, sizeof q.target);
    while (out->requests < requests) {
        if (send_request(&q) < 0)
            return err_errno(e, "cannot send an ARP request for %s on %s", text, via->ifname);
        out->requests++;
        if (collect(&q, deadline_in(wait_ms), out) < 0)
            return err_errno(e, "cannot receive ARP answers for %s on %s", text, via->ifname);
    }
    return 0;
}
