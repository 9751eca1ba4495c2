#pragma once
/* What a version of keepalived can do, as far as our configuration depends on it. */
#include "engine/facts.h"

enum keepalived_feature {
    KEEPALIVED_TEST,              /* keepalived -t, whose status tells */
    KEEPALIVED_FRACTIONAL_ADVERT, /* fractions of a second in advert_int, with VRRP version 3 */
    KEEPALIVED_V3_CHECKSUM,       /* VRRP version 3 to unicast peers: the checksum of the RFC */
    KEEPALIVED_RETRY,            /* HTTP_GET takes `retry`; before: `nb_get_retry` */
    KEEPALIVED_RETRY_ZERO,       /* `retry 0` marks a server down at the first failure */
    KEEPALIVED_FRACTIONAL_CHECK, /* fractions of a second in the times of checks */
    KEEPALIVED_STARTUP_DELAY,    /* vrrp_startup_delay */
    KEEPALIVED_PEER_TTL,         /* unicast_peer { ADDRESS min_ttl N max_ttl N } */
    KEEPALIVED_TRACK_FILE,       /* track_file, by that name */
    KEEPALIVED_UDP_CHECK,        /* UDP_CHECK and PING_CHECK */
    KEEPALIVED_NOTIFY_FIFO,      /* vrrp_notify_fifo and its script */
    KEEPALIVED_WEIGHT_ZERO,      /* real_server { weight 0 } is accepted, and programmed as 0 */
};

bool keepalived_has(struct version v, enum keepalived_feature f);
