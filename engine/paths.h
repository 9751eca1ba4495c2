#pragma once
/*
 * Paths on the hosts that more than one layer knows. All of them are under /run: a boot forgets them,
 * and with them a director's wish to be passive and a fault that a test has made.
 */
#define RUN_DIR "/run/clusterctl"
/* flock(1) on it: a step is at work. */
#define LOCK_FILE RUN_DIR "/lock"
/* keepalived's track_file: anything but 0 in it makes the director hand the VIP over and stay away. */
#define HANDOVER_FILE RUN_DIR "/handover"
/* keepalived's quorum scripts: 1 in PREFIX<service> when a director has no real server for it left. */
#define NO_SERVERS_PREFIX RUN_DIR "/no-servers-"
/* A failover test's fault and its undoing. */
#define FAULT_DIR RUN_DIR "/fault"
