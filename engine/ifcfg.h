#pragma once
/*
 * An ifcfg file of /etc/sysconfig/network-scripts (sysconfig.txt of initscripts, nm-settings-ifcfg-rh(5)).
 * Pure text: what must stand there so that it gives the interface its address.
 */
#include <stdbool.h>

#include "base/ipaddr.h"
#include "base/mem.h"
#include "base/strbuf.h"

#define IFCFG_DIR "/etc/sysconfig/network-scripts"

/*
 * Append `text` with the variables of `ours` in the place of its own. What says nothing against ours
 * stays: the zone, IPv6, what the interface is made of, addresses from the second on.
 */
void ifcfg_edit(struct strbuf *out, const char *text, const char *ours);

/* The line by which the file gives one of its further addresses the same value as `own`, or NULL. */
const char *ifcfg_again(struct arena *a, const char *text, const struct ipaddr *own);

/* Append `text` without what may be secret. */
void ifcfg_mask(struct strbuf *out, const char *text);
