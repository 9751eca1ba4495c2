#include "probe/neigh_watch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

/* Some hundreds of changes, should the thread be kept waiting; more make it read the entry again.
 */
enum {
    RECEIVE_BUFFER = 256 * 1024,
    BURST = 1024, /* messages in a row: a flood must not keep us from being stopped */
};

/* The states in which the kernel sends to the MAC it has; NOARP entries are nobody's answer. */
enum { RESOLVED = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT };

struct neigh_watch {
    struct ipaddr addr;
    int ifindex;
    struct nl_sock *sk;
    int stop_fd;
    pthread_t thread;
    pthread_mutex_t lock; /* guards changes */
    neigh_changes changes;
};

/* What the entry is now; noted if that is news. mac NULL: it has none. */
static void note(struct neigh_watch *w, const struct mac *mac)
{
    int64_t now = clock_us();
    pthread_mutex_lock(&w->lock);
    const struct neigh_change *last = w->changes.n ? &w->changes.v[w->changes.n - 1] : NULL;
    bool was = last && last->resolved;
    if (was != (mac != NULL) || (was && !mac_eq(&last->mac, mac))) {
        struct neigh_change *c = vec_push(&w->changes);
        c->at_us = now;
        c->resolved = mac != NULL;
        if (mac)
            c->mac = *mac;
    }
    pthread_mutex_unlock(&w->lock);
}

static int read_entry(struct neigh_watch *w, struct err *e)
{
    bool found;
    struct mac mac;
    if (neigh_get(&w->addr, w->ifindex, &found, &mac, e) < 0)
        return -1;
    note(w, found ? &mac : NULL);
    return 0;
}

static int on_message(struct nl_msg *msg, void *ud)
{
    struct neigh_watch *w = ud;
    struct nlmsghdr *header = nlmsg_hdr(msg);
    struct nlattr *attrs[NDA_MAX + 1];
    if ((header->nlmsg_type != RTM_NEWNEIGH && header->nlmsg_type != RTM_DELNEIGH) ||
        nlmsg_parse(header, sizeof(struct ndmsg), attrs, NDA_MAX, NULL) < 0)
        return NL_SKIP;
    const struct ndmsg *nd = nlmsg_data(header);
    int len = (int)ipaddr_bits(&w->addr) / 8;
    if (nd->ndm_family != w->addr.family || nd->ndm_ifindex != w->ifindex || !attrs[NDA_DST] ||
        nla_len(attrs[NDA_DST]) != len || memcmp(nla_data(attrs[NDA_DST]), w->addr.b, len) != 0)
        return NL_OK;
    struct mac mac;
    const struct nlattr *lladdr = attrs[NDA_LLADDR];
    bool resolved = header->nlmsg_type == RTM_NEWNEIGH && nd->ndm_state & RESOLVED && lladdr &&
                    nla_len(lladdr) == sizeof mac.b;
    if (resolved)
        memcpy(mac.b, nla_data(lladdr), sizeof mac.b);
    note(w, resolved ? &mac : NULL);
    return NL_OK;
}

/*
 * After ENOBUFS messages are missing at the end of the queue: what they led to is in the table. It
 * is read once the queue is empty, for the last word not to be that of an old message.
 */
static void receive(struct neigh_watch *w, bool *missed)
{
    struct err ignored = {0};
    int n = 0;
    for (int i = 0; i < BURST && n != -NLE_AGAIN; i++) {
        n = nl_recvmsgs_default(w->sk);
        if (n < 0 && n != -NLE_AGAIN && n != -NLE_INTR)
            *missed = true;
    }
    if (*missed && n == -NLE_AGAIN)
        *missed = read_entry(w, &ignored) < 0; /* no memory: again after the next message */
}

static void *watch_thread(void *ud)
{
    struct neigh_watch *w = ud;
    struct pollfd p[] = {
        {.fd = nl_socket_get_fd(w->sk), .events = POLLIN},
        {.fd = w->stop_fd, .events = POLLIN},
    };
    bool missed = false;
    while (!p[1].revents) {
        if (poll(p, ARRAY_LEN(p), -1) < 0 && errno != EINTR)
            break;
        if (p[0].revents)
            receive(w, &missed);
    }
    return NULL;
}

static int open_socket(struct neigh_watch *w, struct err *e)
{
    int n = -NLE_NOMEM;
    w->sk = nl_socket_alloc();
    if (!w->sk)
        return err_set(e, ERR_SYSTEM, "cannot allocate a netlink socket");
    nl_socket_disable_seq_check(w->sk); /* these are no answers */
    nl_socket_modify_cb(w->sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, w);
    if ((n = nl_connect(w->sk, NETLINK_ROUTE)) < 0 ||
        (n = nl_socket_add_memberships(w->sk, RTNLGRP_NEIGH, 0)) < 0 ||
        (n = nl_socket_set_nonblocking(w->sk)) < 0 ||
        (n = nl_socket_set_buffer_size(w->sk, RECEIVE_BUFFER, 0)) < 0)
        return err_set(e, ERR_SYSTEM, "cannot listen for changes of neighbours: %s",
                       nl_geterror(n));
    return 0;
}

static int start_thread(struct neigh_watch *w, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are for the thread that expects them */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&w->thread, NULL, watch_thread, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errno ? err_errno(e, "cannot start a thread") : 0;
}

static void free_watch(struct neigh_watch *w)
{
    nl_socket_free(w->sk); /* accepts NULL */
    if (w->stop_fd >= 0)
        close(w->stop_fd);
    pthread_mutex_destroy(&w->lock);
    vec_free(&w->changes);
    xfree(w);
}

struct neigh_watch *neigh_watch_start(const struct ipaddr *addr, int ifindex, struct err *e)
{
    char text[IPADDR_STRLEN];
    struct neigh_watch *w = xcalloc(1, sizeof *w);
    w->addr = *addr;
    w->ifindex = ifindex;
    pthread_mutex_init(&w->lock, NULL);
    w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->stop_fd < 0)
        err_errno(e, "eventfd");
    /* Listening comes first: a change between the two is seen twice rather than not at all. */
    else if (open_socket(w, e) == 0 && read_entry(w, e) == 0 && start_thread(w, e) == 0)
        return w;
    free_watch(w);
    err_wrap(e, "cannot watch the neighbour entry of %s", ipaddr_str(addr, text));
    return NULL;
}

void neigh_watch_copy(struct neigh_watch *w, neigh_changes *out)
{
    *out = (neigh_changes){0};
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->changes.n; i++)
        *vec_push(out) = w->changes.v[i];
    pthread_mutex_unlock(&w->lock);
}

void neigh_watch_stop(struct neigh_watch *w, neigh_changes *out)
{
    if (out)
        *out = (neigh_changes){0};
    if (!w)
        return;
    (void)eventfd_write(w->stop_fd, 1);
    pthread_join(w->thread, NULL);
    if (out)
        neigh_watch_copy(w, out);
    free_watch(w);
}
