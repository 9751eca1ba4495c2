#pragma once
/*
 * Who answers ARP for each VIP, asked once a round, while the hosts answer: it takes most of a
 * second of waiting, since it is the second answer that tells.
 */
#include <pthread.h>
#include <stdbool.h>

#include "base/vec.h"
#include "probe/arp.h"

struct ctx;

struct arp_asked {
    const struct ipaddr *vip;
    const char *unasked; /* why the link is not asked at all; NULL: it is */
    struct route via;
    struct arp_answers answers; /* when err.code is ERR_NONE */
    struct err err;
    bool waiting; /* for the thread below */
    pthread_t thread;
};

struct arp_round {
    VEC(struct arp_asked *) asked;
};

/* Begin to ask for every VIP; the answers are waited for by those who want them. */
void arp_begin(struct ctx *x);
/* NULL when arp_begin() was not called this round. */
const struct arp_asked *arp_of(struct ctx *x, const struct ipaddr *vip);
/* Forget the round's answers. */
void arp_reset(struct arp_round *r);
/* Could the packet socket not be had? arp_ask() says so in words: see probe/arp.h. */
bool arp_not_permitted(const struct err *e);
