#pragma once
/*
 * interfaces(5), as far as one interface's address goes. Pure text: what must stand in the files of
 * ifupdown so that a stanza of ours is the only word on the interface.
 */
#include <stdbool.h>

#include "base/ipaddr.h"
#include "base/mem.h"
#include "base/strbuf.h"

#define INTERFACES "/etc/network/interfaces"
#define INTERFACES_D "/etc/network/interfaces.d"

struct interfaces_found {
    bool sources_d;      /* every file of INTERFACES_D is read */
    const char *foreign; /* a file or pattern elsewhere that is read too, or NULL */
};

/*
 * Append `text` with those stanzas commented out that say something else about `ifname`: every "inet"
 * one but a static one with an address other than `own` and no gateway, which adds to ours.
 */
void interfaces_edit(struct strbuf *out, const char *text, const char *ifname,
                     const struct ipaddr *own);

/* Append `text` without what it says of secrets, such as a WLAN's: for people to see. */
void interfaces_mask(struct strbuf *out, const char *text);

/* What the file's source lines lead to; what is found is added to *f. */
void interfaces_sources(const char *text, struct arena *a, struct interfaces_found *f);
