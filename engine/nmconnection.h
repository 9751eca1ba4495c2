#pragma once
/*
 * A profile of NetworkManager (nm-settings-keyfile(5)). Pure text: what must stand in the one that is
 * active on an interface so that it gives the interface its address.
 */
#include "base/ipaddr.h"
#include "base/strbuf.h"

#define NM_PROFILES "/etc/NetworkManager/system-connections/"

/*
 * Append `text` with the settings of `ours`, a profile of its own, in their place. What a profile is
 * (id, uuid, type) stays, and all that says nothing against ours: the firewall's zone, IPv6, routes,
 * other addresses, which come after ours.
 */
void nmconnection_edit(struct strbuf *out, const char *text, const char *ours,
                       const struct ipaddr *own);

/* Append `text` without its secrets: a profile may hold passwords and keys. */
void nmconnection_mask(struct strbuf *out, const char *text);
