#include "probe/netlink.h"

#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel answers at once; this is for the day when it does not. */
enum { NETLINK_TIMEOUT_SECONDS = 2 };

struct nl_sock *netlink_open(struct err *e)
{
    struct nl_sock *sk = nl_socket_alloc();
    if (!sk) {
        err_set(e, ERR_SYSTEM, "cannot allocate a netlink socket");
        return NULL;
    }
    int n = nl_connect(sk, NETLINK_ROUTE);
    if (n < 0) {
        err_set(e, ERR_SYSTEM, "cannot open a netlink socket: %s", nl_geterror(n));
        nl_socket_free(sk);
        return NULL;
    }
    /* libnl itself waits for ever. */
    struct timeval limit = {.tv_sec = NETLINK_TIMEOUT_SECONDS};
    if (setsockopt(nl_socket_get_fd(sk), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) {
        err_errno(e, "cannot set a time limit on a netlink socket");
        nl_socket_free(sk);
        return NULL;
    }
    return sk;
}
