#pragma once
/* Inside a rollout: its order and its steps, for its other files. Sets of hosts are by
 * index_in_cluster. */
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
 * The next director: the one that holds the VIP is the last. `exports`: those that are the NFS
 * server as well, or the others.
 */
const struct host *rollout_next_director(const struct rollout *r, const struct host *after,
                                         bool active, bool exports);
/* Did a deploy leave it drained? */
bool rollout_left(const struct rollout *r, const struct host *h);

/* The steps (rollout.c). */
/* After a look: which real servers are sent something. */
void rollout_note_served(struct rollout *r);
void rollout_say(const struct rollout *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int rollout_pass(struct rollout *r, const bool *who, enum run_mode mode, struct err *e);
/* Every check that is about these hosts (NULL: all), and about the services if so, with what is
 * known of them. */
int rollout_checks(struct rollout *r, const bool *who, bool services, struct err *e);
/* The same after another look at them. */
int rollout_verify(struct rollout *r, const bool *who, bool services, struct err *e);
/* It ends here, for the reason in *e, and at these hosts. -1. */
int rollout_stop(struct rollout *r, const bool *who, struct err *e);

/* Reboots (rollout_boot.c). All is right before the first one? */
int rollout_check(struct rollout *r, struct err *e);
/* Reboot these at the same time, look at them, and see that it has done what it was for. */
int rollout_boot(struct rollout *r, const bool *who, struct err *e);
/* The NFS host, if it is to be and is no director. */
int rollout_boot_share(struct rollout *r, struct err *e);
/* A director that was to be passive has forgotten it. */
int rollout_passive_again(struct rollout *r, const struct host *d, struct err *e);
/* `why` it cannot leave the traffic, where others could do its work: -1, in *e. */
int rollout_not_booted(const struct err *why, struct err *e);
