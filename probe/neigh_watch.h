#pragma once
/*
 * When, and to which MAC, this machine's neighbour entry of an address changes: how a client's
 * packets move from one director to the other. Read from rtnetlink (group RTNLGRP_NEIGH) as the
 * kernel makes the change; sends nothing.
 */
#include "base/vec.h"
#include "probe/arp.h"

struct neigh_change {
    int64_t at_us;  /* clock_us() when it was read */
    bool resolved;  /* false: the entry has no MAC any more (failed, deleted, asked for anew) */
    struct mac mac; /* resolved only */
};

typedef VEC(struct neigh_change) neigh_changes;

struct neigh_watch;

/* Watch an on-link address on one interface; a thread of its own notes changes until stop. */
struct neigh_watch *neigh_watch_start(const struct ipaddr *addr, int ifindex, struct err *e);
/* The changes so far, the first being what was there at the start (if anything); to be freed. */
void neigh_watch_copy(struct neigh_watch *w, neigh_changes *out);
/* The same, and end the thread. Safe for NULL, either of them. */
void neigh_watch_stop(struct neigh_watch *w, neigh_changes *out);
