#include "probe/via.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "probe/netlink.h"

static void cleanup_rule(struct rtnl_rule **rule)
{
    rtnl_rule_put(*rule); /* accepts NULL */
}

static void cleanup_route(struct rtnl_route **route)
{
    rtnl_route_put(*route);
}

/*
 * A slot belongs to whoever has bound its name: an abstract socket's is one of the network
 * namespace, as routes are, and is free again the moment its owner dies, however it does. A pid in
 * the rule would not tell across pid namespaces, and pids are used again.
 */
static int lock_slot(unsigned slot)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int n = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "clusterctl.via.%u", slot);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&name,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
        return fd;
    close(fd);
    return -1;
}

static struct rtnl_rule *make_rule(int family, unsigned mark)
{
    struct rtnl_rule *rule = rtnl_rule_alloc();
    if (!rule)
        return NULL;
    rtnl_rule_set_family(rule, family);
    rtnl_rule_set_prio(rule, VIA_PREFERENCE);
    rtnl_rule_set_mark(rule, mark);
    rtnl_rule_set_mask(rule, UINT32_MAX);
    rtnl_rule_set_table(rule, mark);
    rtnl_rule_set_action(rule, FR_ACT_TO_TBL);
    return rule;
}

/* TO via NEIGHBOUR dev LINK onlink: our other routes have no say in how the neighbour is reached.
 */
static struct rtnl_route *make_route(const struct via *v)
{
    nl_cleanup(cleanup_addr) struct nl_addr *to =
        nl_addr_build(v->family, v->to.b, ipaddr_bits(&v->to) / 8);
    nl_cleanup(cleanup_addr) struct nl_addr *gateway =
        nl_addr_build(v->family, v->neighbour.b, ipaddr_bits(&v->neighbour) / 8);
    struct rtnl_route *route = rtnl_route_alloc();
    struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
    if (!to || !gateway || !route || !hop) {
        rtnl_route_put(route);
        if (hop)
            rtnl_route_nh_free(hop);
        return NULL;
    }
    nl_addr_set_prefixlen(to, (int)ipaddr_bits(&v->to));
    rtnl_route_set_family(route, (uint8_t)v->family);
    rtnl_route_set_table(route, v->mark);
    rtnl_route_set_dst(route, to);
    rtnl_route_nh_set_ifindex(hop, v->ifindex);
    rtnl_route_nh_set_gateway(hop, gateway);
    rtnl_route_nh_set_flags(hop, RTNH_F_ONLINK);
    rtnl_route_add_nexthop(route, hop); /* its now */
    return route;
}

static bool is_ours(struct rtnl_rule *rule, unsigned *slot)
{
    uint32_t mark = rtnl_rule_get_mark(rule);
    *slot = mark - VIA_BASE;
    return mark >= VIA_BASE && *slot < VIA_SLOTS && rtnl_rule_get_table(rule) == mark &&
           rtnl_rule_get_prio(rule) == VIA_PREFERENCE;
}

static void clear_table(struct nl_sock *sk, int family, unsigned table)
{
    nl_cleanup(cleanup_cache) struct nl_cache *cache = NULL;
    if (rtnl_route_alloc_cache(sk, family, 0, &cache) < 0)
        return;
    for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o))
        if (rtnl_route_get_table((struct rtnl_route *)o) == table)
            rtnl_route_delete(sk, (struct rtnl_route *)o, 0);
}

/* A rule goes in before its route and out after it: a leftover route always has its rule. */
static size_t sweep_family(struct nl_sock *sk, int family)
{
    nl_cleanup(cleanup_cache) struct nl_cache *cache = NULL;
    size_t removed = 0;
    unsigned slot;
    if (rtnl_rule_alloc_cache(sk, family, &cache) < 0)
        return 0;
    for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
        struct rtnl_rule *rule = (struct rtnl_rule *)o;
        autoclose int lock = is_ours(rule, &slot) ? lock_slot(slot) : -1;
        if (lock < 0)
            continue;
        clear_table(sk, family, VIA_BASE + slot);
        removed += rtnl_rule_delete(sk, rule, 0) == 0;
    }
    return removed;
}

size_t via_sweep(void)
{
    struct err ignored = {0};
    nl_cleanup(cleanup_socket) struct nl_sock *sk = netlink_open(&ignored);
    return sk ? sweep_family(sk, AF_INET) + sweep_family(sk, AF_INET6) : 0;
}

static int refused(int code, const char *what, struct err *e)
{
    /* libnl's codes are its own; these two are what the kernel's refusals become. */
    if (code == -NLE_PERM || code == -NLE_NOACCESS) {
        err_set(e, ERR_SYSTEM, "cannot add %s: Operation not permitted", what);
        return err_hint(e, "it takes CAP_NET_ADMIN: run as root, or setcap cap_net_admin+ep the "
                           "program");
    }
    return err_set(e, ERR_SYSTEM, "cannot add %s: %s", what, nl_geterror(code));
}

static int install(struct nl_sock *sk, const struct via *v, struct err *e)
{
    nl_cleanup(cleanup_route) struct rtnl_route *route = make_route(v);
    nl_cleanup(cleanup_rule) struct rtnl_rule *rule = make_rule(v->family, v->mark);
    if (!route || !rule)
        return err_set(e, ERR_SYSTEM, "cannot build a netlink message");
    int n = rtnl_rule_add(sk, rule, NLM_F_CREATE);
    if (n < 0)
        return refused(n, "a policy rule of our own", e);
    n = rtnl_route_add(sk, route, NLM_F_CREATE | NLM_F_REPLACE);
    return n < 0 ? refused(n, "a route of our own", e) : 0;
}

static int take_slot(struct via *v, struct err *e)
{
    for (unsigned slot = 0; slot < VIA_SLOTS; slot++) {
        v->lock = lock_slot(slot);
        if (v->lock < 0)
            continue;
        v->mark = VIA_BASE + slot;
        return 0;
    }
    return err_set(e, ERR_FAILED, "all %d private routing tables are in use by other runs",
                   VIA_SLOTS);
}

/* Would the kernel really send marked packets there? A rule of preference 1 to 96 may say no. */
static int confirm(const struct via *v, struct err *e)
{
    struct ipaddr gateway = {0};
    int ifindex = 0;
    if (netlink_next_hop(&v->to, v->mark, &gateway, &ifindex, e) < 0)
        return -1;
    if (!ipaddr_eq(&gateway, &v->neighbour) || ifindex != v->ifindex)
        return err_set(e, ERR_FAILED,
                       "another policy rule of this machine goes before ours (ip rule)");
    return 0;
}

int via_open(const struct ipaddr *to, const struct ipaddr *neighbour, const struct route *link,
             struct via *out, struct err *e)
{
    *out = (struct via){.to = *to, .neighbour = *neighbour, .ifindex = link->ifindex, .lock = -1};
    if (to->family != neighbour->family)
        return err_set(e, ERR_FAILED, "the two addresses are of different families");
    nl_cleanup(cleanup_socket) struct nl_sock *sk = netlink_open(e);
    if (!sk || take_slot(out, e) < 0)
        return -1;
    out->family = to->family;
    if (install(sk, out, e) == 0 && confirm(out, e) == 0)
        return 0;
    via_close(out);
    return -1;
}

void via_close(struct via *v)
{
    struct err ignored = {0};
    if (!v->family)
        return;
    nl_cleanup(cleanup_socket) struct nl_sock *sk = netlink_open(&ignored);
    nl_cleanup(cleanup_route) struct rtnl_route *route = make_route(v);
    nl_cleanup(cleanup_rule) struct rtnl_rule *rule = make_rule(v->family, v->mark);
    if (sk && route)
        rtnl_route_delete(sk, route, 0);
    if (sk && rule)
        rtnl_rule_delete(sk, rule, 0);
    close(v->lock);
    *v = (struct via){.lock = -1};
}
