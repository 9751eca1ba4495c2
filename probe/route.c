/* Routes and neighbours as the kernel knows them, over netlink. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/neighbour.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "probe/arp.h"
#include "probe/netlink.h"

static void cleanup_neigh(struct rtnl_neigh **neigh)
{
    rtnl_neigh_put(*neigh);
}

struct route_reply {
    bool answered;
    unsigned char type; /* RTN_* */
    bool gateway;
    struct ipaddr next; /* the gateway, where it is of the route's own family */
    int ifindex;
    struct ipaddr source;
    int error; /* errno from the kernel: libnl's own codes lose the difference */
    bool done;
};

static void take_address(struct nlattr *attr, int family, struct ipaddr *out)
{
    size_t want = family == AF_INET6 ? 16 : 4;
    if (!attr || (size_t)nla_len(attr) != want)
        return;
    out->family = family;
    memcpy(out->b, nla_data(attr), want);
}

static int on_route(struct nl_msg *msg, void *ud)
{
    struct route_reply *reply = ud;
    struct nlmsghdr *header = nlmsg_hdr(msg);
    struct nlattr *attrs[RTA_MAX + 1];
    if (header->nlmsg_type != RTM_NEWROUTE ||
        nlmsg_parse(header, sizeof(struct rtmsg), attrs, RTA_MAX, NULL) < 0)
        return NL_SKIP;
    const struct rtmsg *rt = nlmsg_data(header);
    reply->answered = true;
    reply->type = rt->rtm_type;
    reply->gateway = attrs[RTA_GATEWAY] || attrs[RTA_VIA];
    if (attrs[RTA_OIF] && nla_len(attrs[RTA_OIF]) == sizeof(uint32_t))
        reply->ifindex = (int)nla_get_u32(attrs[RTA_OIF]);
    take_address(attrs[RTA_PREFSRC], rt->rtm_family, &reply->source);
    take_address(attrs[RTA_GATEWAY], rt->rtm_family, &reply->next);
    return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *ud)
{
    (void)msg;
    ((struct route_reply *)ud)->done = true;
    return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *ud)
{
    (void)from;
    struct route_reply *reply = ud;
    reply->error = -err->error;
    reply->done = true;
    return NL_STOP;
}

/* Ask and wait for the answer and its acknowledgement, or for the kernel's refusal. */
static int exchange(struct nl_sock *sk, struct nl_msg *msg, struct route_reply *reply,
                    struct err *e)
{
    nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_route, reply);
    nl_socket_modify_cb(sk, NL_CB_ACK, NL_CB_CUSTOM, on_ack, reply);
    nl_socket_modify_err_cb(sk, NL_CB_CUSTOM, on_error, reply);
    int n = nl_send_auto(sk, msg);
    while (n >= 0 && !reply->done)
        n = nl_recvmsgs_default(sk);
    if (n < 0 && !reply->done)
        return err_set(e, ERR_SYSTEM, "no answer from the kernel: %s", nl_geterror(n));
    return 0;
}

static int ask_route(const struct ipaddr *to, unsigned mark, struct route_reply *reply,
                     struct err *e)
{
    struct rtmsg rt = {
        .rtm_family = (unsigned char)to->family,
        .rtm_dst_len = (unsigned char)ipaddr_bits(to),
    };
    nl_cleanup(cleanup_socket) struct nl_sock *sk = netlink_open(e);
    if (!sk)
        return -1;
    nl_cleanup(cleanup_msg) struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST);
    if (!msg || nlmsg_append(msg, &rt, sizeof rt, NLMSG_ALIGNTO) < 0 ||
        nla_put(msg, RTA_DST, (int)ipaddr_bits(to) / 8, to->b) < 0 ||
        (mark && nla_put_u32(msg, RTA_MARK, mark) < 0))
        return err_set(e, ERR_SYSTEM, "cannot build a netlink message");
    return exchange(sk, msg, reply, e);
}

static int judge_route(const struct route_reply *reply, struct err *e)
{
    if (reply->error) {
        errno = reply->error;
        err_errno(e, "the kernel knows no way");
        /* EINVAL is how a blackhole route shows, EACCES a prohibiting one */
        if (errno != EPERM && errno != ENOBUFS && errno != ENOMEM)
            e->code = ERR_UNREACHABLE;
        return -1;
    }
    if (!reply->answered)
        return err_set(e, ERR_SYSTEM, "the kernel's answer holds no route");
    switch (reply->type) {
    case RTN_UNICAST:
    case RTN_LOCAL: return 0;
    case RTN_BROADCAST:
    case RTN_ANYCAST:
    case RTN_MULTICAST:
        return err_set(e, ERR_FAILED, "it is a broadcast, anycast or multicast address");
    }
    return err_set(e, ERR_UNREACHABLE, "a route forbids it (unreachable, blackhole or prohibit)");
}

int route_get(const struct ipaddr *to, struct route *out, struct err *e)
{
    struct route_reply reply = {0};
    char text[IPADDR_STRLEN];
    memset(out, 0, sizeof *out);
    if (ask_route(to, 0, &reply, e) < 0 || judge_route(&reply, e) < 0)
        return err_wrap(e, "cannot find the route to %s", ipaddr_str(to, text));
    out->local = reply.type == RTN_LOCAL;
    out->on_link = !out->local && !reply.gateway;
    out->ifindex = reply.ifindex;
    out->source = reply.source;
    if (!if_indextoname((unsigned)reply.ifindex, out->ifname)) {
        err_errno(e, "interface %d", reply.ifindex);
        return err_wrap(e, "cannot find the route to %s", ipaddr_str(to, text));
    }
    return 0;
}

int netlink_next_hop(const struct ipaddr *to, unsigned mark, struct ipaddr *next, int *ifindex,
                     struct err *e)
{
    struct route_reply reply = {0};
    char text[IPADDR_STRLEN];
    if (ask_route(to, mark, &reply, e) < 0 || judge_route(&reply, e) < 0)
        return err_wrap(e, "cannot find the route to %s", ipaddr_str(to, text));
    *next = reply.next;
    *ifindex = reply.ifindex;
    return 0;
}

int neigh_get(const struct ipaddr *addr, int ifindex, bool *found, struct mac *out, struct err *e)
{
    char text[IPADDR_STRLEN];
    ipaddr_str(addr, text);
    *found = false;
    nl_cleanup(cleanup_socket) struct nl_sock *sk = netlink_open(e);
    if (!sk)
        return err_wrap(e, "cannot read the neighbour entry of %s", text);
    /* The whole table: kernels before 5.0 cannot be asked for one entry. */
    nl_cleanup(cleanup_cache) struct nl_cache *cache = NULL;
    int n = rtnl_neigh_alloc_cache(sk, &cache);
    if (n < 0)
        return err_set(e, ERR_SYSTEM, "cannot read the neighbour entry of %s: %s", text,
                       nl_geterror(n));
    nl_cleanup(cleanup_addr) struct nl_addr *dst =
        nl_addr_build(addr->family, addr->b, ipaddr_bits(addr) / 8);
    if (!dst)
        return err_set(e, ERR_SYSTEM, "cannot read the neighbour entry of %s: no memory", text);
    nl_cleanup(cleanup_neigh) struct rtnl_neigh *neigh = rtnl_neigh_get(cache, ifindex, dst);
    struct nl_addr *mac = neigh ? rtnl_neigh_get_lladdr(neigh) : NULL;
    /* The kernel leaves the MAC out while it asks, and after it has asked in vain. */
    if (!mac || nl_addr_get_len(mac) != sizeof out->b)
        return 0;
    memcpy(out->b, nl_addr_get_binary_addr(mac), sizeof out->b);
    *found = true;
    return 0;
}
