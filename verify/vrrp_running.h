#pragma once
/*
 * What a running keepalived works with, whatever its file says by now: the configuration as it has
 * read it (2.1 and newer keep that in memory), and the state it says it is in. The host sends only
 * the few lines that are needed here, and keepalived itself is not disturbed.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "engine/run.h"
#include "engine/script.h"

enum { VRRP_MAX_INSTANCES = 64, VRRP_MAX_VIPS = 256 };

/* Strings are safe to print. */
struct vrrp_instance {
    const char *name;
    const char *state; /* "MASTER", "BACKUP", "FAULT"; "" when it is not known */
    unsigned version, router_id, priority;
    unsigned advert_ms;
    VEC(struct ipaddr) vips;
};

struct vrrp_running {
    bool read;         /* all of it is here */
    const char *error; /* !read: why; NULL: nothing was asked or answered */
    VEC(struct vrrp_instance *) instances;
};

void vrrp_running_ask(struct script *s);
/* A line of the host's, " Priority = 254", or " 10.1.1.140" for a VIP; it is cut up in place. */
void vrrp_running_line(struct vrrp_running *d, struct arena *a, char *line);
const struct vrrp_instance *vrrp_running_of(const struct vrrp_running *d, const struct ipaddr *vip);
void vrrp_running_free(struct vrrp_running *d);
