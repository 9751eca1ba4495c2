#pragma once
/*
 * A change of the network that takes itself back. What the network and the confirm type share: the
 * shell that stages new files beside copies of the old ones, arms a timer, changes the network away
 * from the session, and stands the timer down.
 */

/* Seconds between arming and taking back: a slow machine's change and one round trip fit easily. */
#define DEADMAN_SECONDS "60"
#define DEADMAN_HINT                                                                              \
    "unless it is confirmed, the host takes a change of its network back after " DEADMAN_SECONDS   \
    " s, or the time of --confirm-within; then look at \"network\" in the inventory and run the same command again"

/*
 * Shell: ob_network; net_begin, net_stage N PATH MODE OLD <base64, net_stack PATH <shell, net_change
 * files|live IFACE ADDRESS ADDRESS/PREFIX. It uses what res_confirm.c has: the two types are always declared together.
 */
extern const char deadman_functions[];
