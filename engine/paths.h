#pragma once
/*
 * Paths on the hosts that more than one layer knows, and what is done with them. Those of a director's
 * own part are under /run: a boot forgets them, and with them a director's wish to be passive and a fault that a
 * test has made.
 */
#define RUN_DIR "/run/clusterctl"
/* flock(1) on it: a step is at work. */
#define LOCK_FILE RUN_DIR "/lock"
/* What the step at work has printed; emptied when it has been told, and at the end. */
#define OUTPUT_FILE RUN_DIR "/out"
/* On directors: the lock of the whole cluster (engine/claim.h). */
#define CLAIM_DIR RUN_DIR "/claim"
/* keepalived's track_file: anything but 0 in it makes the director hand the VIP over and stay away. */
#define HANDOVER_FILE RUN_DIR "/handover"
/*
 * Before a director hands over: every packet of an established connection tells the other director
 * of it. Usually that is told once a connection and a second (modules/ipvs.c), and the news waits
 * for the next one's to fill the message: a request under way would be unknown there, and reset.
 */
#define HAND_OVER_SH                                                                               \
    "echo 0 >/proc/sys/net/ipv4/vs/sync_refresh_period; "                                          \
    "echo 0 1 >/proc/sys/net/ipv4/vs/sync_threshold; sleep 0.1; echo 1 >" HANDOVER_FILE
/* On directors: the real servers that get no new connections, one a line (struct drained). */
#define DRAINED_FILE "/var/lib/clusterctl/drained"
/*
 * Does a share answer? It asks for all that the server would be asked for (of the inode's number alone the
 * client's kernel asks nobody, see nfs_getattr()), and for nothing of SELinux: where that is on and has no
 * policy, a file without a label is an error to stat -t.
 */
#define STAT_SHARE_SH "stat -c %f:%h:%u:%g:%s:%b:%X:%Y:%Z"
#define KEEPALIVED_CONF "/etc/keepalived/keepalived.conf"
#define IPVS_SYSCTL_FILE "/etc/sysctl.d/99-zz-clusterctl-ipvs.conf"
#define SYNC_USUAL_SH "sysctl -qp " IPVS_SYSCTL_FILE
/* keepalived's quorum scripts: 1 in PREFIX<service> when a director has no real server for it left. */
#define NO_SERVERS_PREFIX RUN_DIR "/no-servers-"
/*
 * Where keepalived writes its changes of state, and the script that it starts to read them. Not in
 * RUN_DIR, which may not be there yet when keepalived starts.
 */
#define VRRP_FIFO "/run/clusterctl-vrrp.fifo"
#define VRRP_NOTIFY_SH "/etc/clusterctl/vrrp-notify.sh"
/* A failover test's fault and its undoing. */
#define FAULT_DIR RUN_DIR "/fault"
