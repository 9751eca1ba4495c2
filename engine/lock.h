#pragma once
/*
 * The lock of a host: held by the shell that carries out a plan, for as long as it lives. A holder that
 * waits for its client to send the next step, and has had no sign of life from it for
 * LOCK_GONE_S, is ended by whoever wants the lock next; one that is at work on a step is not before the
 * step has had its time.
 */
#include "engine/script.h"

enum {
    LOCK_BEAT_S = 15, /* a client that sends nothing else sends this */
    LOCK_GONE_S = 60, /* four beats: dead_after, 30 s by default, ends a connection before that */
};

void lock_functions(struct script *s);
/*
 * Take it, waiting up to wait_s; reports `locked WHO` when it has to wait, then `mine OWNER` with who had it
 * before (nobody: since the last boot), or `busy WHO` and the script's end. WHO is the owner, and in parentheses
 * for how long, and at what step since when. A holder of the same owner is a connection that was lost: it is
 * ended at once.
 */
void lock_take(struct script *s, unsigned wait_s, const char *owner);
/*
 * What a look tells of the last holder, as `r holder TEXT`, if there was one; and, with the lock, what ends the
 * script with `stale` if anybody has had it since that look: what was planned then may be done by now.
 */
void lock_look(struct script *s);
void lock_unless_worked(struct script *s, const char *seen);
/*
 * At work on step n, from 1, which may take limit_s; 0: between two, with a client that lives. For a holder,
 * or as its shell's `at_step N LIMIT`.
 */
void lock_at_step(struct script *s, size_t n, unsigned limit_s);
/*
 * For a holder, once: a process that ends its steps within a second after they have had their time, whatever
 * becomes of the holder and its client. It does not keep the lock.
 */
void lock_watch_steps(struct script *s, const char *owner);
/* For anybody: end the holder and its step, if that has had its time. TERM, and KILL half a second later. */
void lock_end_overdue(struct script *s);
/* After lock_functions(): from here on all is about the cluster's lock, not the host's. */
void lock_of_cluster(struct script *s);
/*
 * Around the commands of a step: they run under `set -e`, put what they say into a file, and leave `rc`.
 * Killed, the holder's shell leaves them at work, and with them the lock: but not with what they have started
 * for good.
 */
void lock_work_begin(struct script *s);
void lock_work_end(struct script *s, const char *output_file);
/* "root@ops1 pid 4711 since 2026-01-31T12:00:00Z": for whoever waits. */
void lock_owner_text(char *buf, size_t size);
