#include "verify/arp_round.h"

#include <string.h>

#include "verify/check.h"

enum {
    ASK_REQUESTS = 2,
    ASK_WAIT_MS = 400, /* an answer on a link takes less than 1 ms, on a busy virtual one tens */
};

static void *ask(void *ud)
{
    struct arp_asked *a = ud;
    arp_ask(a->vip, &a->via, ASK_REQUESTS, ASK_WAIT_MS, &a->answers, &a->err);
    return NULL;
}

/* Is there a link to ask, and does ARP reach the VIP on it? */
static const char *unasked(struct ctx *x, struct arp_asked *a)
{
    struct err e = {0};
    if (a->vip->family != AF_INET)
        return "IPv6 has no ARP";
    if (route_get(a->vip, &a->via, &e) < 0)
        return arena_strdup(x->arena, e.msg);
    if (a->via.local)
        return "the VIP is this machine's own address";
    if (!a->via.on_link)
        return arena_printf(x->arena,
                            "the VIP is behind a router from here (through %s), and ARP goes no "
                            "further than the link",
                            a->via.ifname);
    return NULL;
}

void arp_begin(struct ctx *x)
{
    for (size_t i = 0; i < x->cluster->n_vips; i++) {
        struct arp_asked *a = arena_new(x->arena, struct arp_asked);
        a->vip = &x->cluster->vips[i];
        *vec_push(&x->arp.asked) = a;
        a->unasked = unasked(x, a);
        if (a->unasked)
            continue;
        a->waiting = pthread_create(&a->thread, NULL, ask, a) == 0;
        if (!a->waiting)
            ask(a);
    }
}

static void await(struct arp_asked *a)
{
    if (a->waiting)
        pthread_join(a->thread, NULL);
    a->waiting = false;
}

const struct arp_asked *arp_of(struct ctx *x, const struct ipaddr *vip)
{
    for (size_t i = 0; i < x->arp.asked.n; i++)
        if (ipaddr_eq(x->arp.asked.v[i]->vip, vip)) {
            await(x->arp.asked.v[i]);
            return x->arp.asked.v[i];
        }
    return NULL;
}

void arp_reset(struct arp_round *r)
{
    for (size_t i = 0; i < r->asked.n; i++)
        await(r->asked.v[i]);
    vec_free(&r->asked);
}

bool arp_not_permitted(const struct err *e)
{
    return e->code == ERR_SYSTEM &&
           (strstr(e->msg, "Operation not permitted") || strstr(e->msg, "Permission denied"));
}
