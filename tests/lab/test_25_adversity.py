"""A host that cannot do what it is told: a clear message, nothing half done, and the next deploy converges."""
import dataclasses
import re
import time

import pytest

from conftest import clusterctl, clusterctl_start, ssh, verified, wait_for
from test_05_interrupts import no_half_written_files

# What there is to do on the NFS host each time: a block of a file, a file of ours, the table of exports.
EXPORTS = "sed -i 's/root_squash/no_root_squash/' /etc/exports; exportfs -r; "
DRIFT = (EXPORTS + "rm -f /etc/nfs.conf.d/*clusterctl*; sed -i '/10.1.1.133/d' /etc/hosts")
# Through a shell that keeps itself: what it replaces may be what would put it back.
HIDE = "mv {0} {0}.away"
PUT_BACK = "mv -f {0}.away {0}"
INSTEAD = "mv {0} {0}.away; printf '#!/bin/sh\\n%s\\n' '{1}' >{0}; chmod 755 {0}"


@dataclasses.dataclass
class Adversity:
    make: str
    says: str  # in what deploy prints
    undo: str
    options: tuple = ()
    status: tuple = (1,)
    most_s: int = 60
    drift: str = DRIFT


EXPORTFS = "/usr/sbin/exportfs"
ALL = {
    "full disk": Adversity(
        "dd if=/dev/zero of=/var/filler bs=1M 2>/dev/null; dd if=/dev/zero of=/var/filler2 bs=1k 2>/dev/null; "
        "df -P / | grep -q ' 100% '",
        "No space left on device", "rm -f /var/filler /var/filler2"),
    # The root itself, remounted in an emergency (sysrq), would not come back: ext4 has orphans then.
    "read-only file system": Adversity(
        "mount --bind /etc /etc && mount -o remount,ro,bind /etc && ! touch /etc/x 2>/dev/null",
        "Read-only file system", "umount -l /etc"),
    "missing command": Adversity(
        HIDE.format(EXPORTFS), r"exportfs: not found", PUT_BACK.format(EXPORTFS)),
    # By a step: what it has said until then is shown, and nothing of it is left. And under a manager's unit.
    "hung command": Adversity(
        INSTEAD.format(EXPORTFS, "echo waiting for no one; trap \"\" TERM; sleep 1000"),
        r"did not end within its time limit.*it was ended there.*\| waiting for no one",
        f"{PUT_BACK.format(EXPORTFS)}; ! pgrep -x sleep", ("--step-timeout", "5"), most_s=40, drift=EXPORTS),
    "hung unit": Adversity(
        INSTEAD.format(EXPORTFS, "exec sleep 1000"), r"did not end within its time limit.*it was ended there",
        f"flock -n /run/clusterctl/lock pkill -x sleep; {PUT_BACK.format(EXPORTFS)}", ("--step-timeout", "5"),
        most_s=40),
    "100 MB of output": Adversity(
        INSTEAD.format(EXPORTFS, "head -c 100000000 /dev/zero | tr \\\\000 x; exit 1"),
        "failed with status 1", PUT_BACK.format(EXPORTFS), most_s=90),
    "100 MB of lines on standard error": Adversity(
        # Long lines: systemd calls it as well, and the journal takes a line at a time.
        INSTEAD.format(EXPORTFS, "l=complaint; for i in 1 2 3 4 5 6 7; do l=\"$l $l\"; done; "
                                 "yes \"$l\" | head -c 100000000 >&2; exit 1"),
        r"failed with status 1\b.*\| complaint", PUT_BACK.format(EXPORTFS), most_s=90),
    "wrong clock": Adversity(
        "timedatectl set-ntp false 2>/dev/null; date -s '2031-01-01' >/dev/null", "", "date -s @{now} >/dev/null",
        status=(0,)),
}


@pytest.mark.on_request
@pytest.mark.parametrize("what", ALL)
def test_adversity(deployed, what):
    a = ALL[what]
    ssh("NFS", a.drift)
    ssh("NFS", a.make)
    began = time.monotonic()
    try:
        r = clusterctl("deploy", *a.options, expect=None)
    finally:
        took = time.monotonic() - began
        ssh("NFS", a.undo.format(now=int(time.time())))
    said = f"exit {r.returncode} after {took:.1f} s\n{r.stdout[-3000:]}\n{r.stderr[-3000:]}"
    print(said)
    assert r.returncode in a.status, said
    assert re.search(a.says, r.stdout + r.stderr, re.S), said
    assert took < a.most_s, said
    assert len(r.stdout + r.stderr) < 100_000, "what a host says is cut"
    clusterctl("deploy", "--no-verify")
    verified(60)
    assert no_half_written_files() == {}
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode").stdout


# How long the step at work has been so when it is, at last, at work no more: by the host's own clock.
WATCH = ("read -r _ n limit since </run/clusterctl/state; while pgrep -x sleep -a | grep -q 1234; do sleep 0.1; done; "
         "read -r now _ </proc/uptime; echo $n $limit $since $now")


@pytest.mark.on_request
def test_a_hung_step_ends_without_its_client(deployed):
    ssh("NFS", EXPORTS)
    ssh("NFS", INSTEAD.format(EXPORTFS, "trap \"\" TERM; sleep 1234"))
    try:
        run = clusterctl_start("deploy", "--step-timeout", "10")
        try:
            wait_for("the step hangs", lambda: ssh("NFS", "pgrep -x sleep -a | grep 1234", check=False), 60)
        finally:
            run.kill()
            run.communicate(timeout=60)
        step, limit, since, now = ssh("NFS", WATCH).split()
    finally:
        ssh("NFS", PUT_BACK.format(EXPORTFS))
    took = float(now) - float(since)
    print(f"step {step}: limit {limit} s, ended after {took:.2f} s")
    assert int(step) and int(limit) == 10 and 10 <= took < 12, took
    # Nobody keeps the lock, nor watches for long.
    ssh("NFS", "flock -w 2 /run/clusterctl/lock true")
    clusterctl("deploy", "--no-verify")
    assert no_half_written_files() == {}
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode").stdout
