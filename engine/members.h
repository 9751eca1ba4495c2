#pragma once
/*
 * Who belongs to the cluster, as its hosts remember: a line a host in MEMBERS_FILE, written by each
 * deploy (a real server's has no other real servers). A host that has left the inventory stands there, as
 * departed, until nothing of the cluster is on it any more; so every operator sees the same, with nothing on
 * the operator's disk.
 *
 *     cluster web 10.1.1.140
 *     member Web01-RS 10.1.1.132 22 root none real_server
 *     departed Web02-RS 10.1.1.133 22 root none real_server
 */
#include "base/strbuf.h"
#include "engine/catalog.h"

#define MEMBERS_FILE OWNED_DIR "/members"

/*
 * Take one line of the file into the facts; what is not understood, or no
 * inventory could have said, is left out.
 */
void members_record(struct facts *f, char *line);
/* "web 10.1.1.140": the cluster's name and first VIP. */
void members_cluster_id(struct strbuf *out, const struct cluster *c);
/*
 * The file for this host: the inventory's hosts, and those that it remembers and the inventory does
 * not have, but for the addresses of `forgotten` (NULL: none).
 */
void members_text(struct strbuf *out, const struct catalog *cat);
/* Has this director learnt of the real server already, or does it know of nobody yet? */
bool members_knows(const struct facts *f, const struct host *h);
