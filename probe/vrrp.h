#pragma once
/*
 * The VRRP adverts that a link carries to everyone (IP protocol 112 to 224.0.0.18): who claims which
 * virtual router. Unicast adverts are not heard here. Sends nothing but the IGMP report of joining.
 */
#include "probe/arp.h"

enum { VRRP_MAX_HEARD = 32 };

struct vrrp_advert {
    struct ipaddr source;
    unsigned version;   /* 2 or 3 */
    unsigned router_id; /* 1 to 255 */
    unsigned priority;  /* 0 says goodbye */
    struct ipaddr vip;  /* the first of its addresses; family 0: none */
};

/*
 * Begin to listen on a link; adverts queue in the kernel until they are read. A descriptor to be
 * closed, or -1 and an error (with a hint, without CAP_NET_RAW).
 */
int vrrp_listen(const struct route *via, struct err *e);
/* What has been heard so far and not read: the last advert of each source and router id. */
size_t vrrp_heard(int fd, struct vrrp_advert out[static VRRP_MAX_HEARD]);
