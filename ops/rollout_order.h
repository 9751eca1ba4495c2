#pragma once
/* Inside a rollout: its order, for those that follow it. Sets of hosts are by index_in_cluster. */
#include "ops/rollout.h"

/* "Web01-RS, Web02-RS" */
void rollout_names(const struct rollout *r, const bool *who, struct strbuf *out);
bool rollout_any(const struct rollout *r, const bool *who);
/* What is done to a host: "changed" or "rebooted". */
const char *rollout_verb(const struct rollout *r);
/* Those that come first, at the same time. To be freed. */
bool *rollout_at_once(const struct rollout *r);
/* The next at most `batch` servers after *from; how many there are. */
size_t rollout_next_batch(const struct rollout *r, const struct host **from, bool *who);
/*
 * The next director: the one that holds the VIP is the last. `exports`: those that are the NFS server as
 * well, or the others.
 */
const struct host *rollout_next_director(const struct rollout *r, const struct host *after, bool active,
                                         bool exports);
