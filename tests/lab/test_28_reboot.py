"""Hosts that need a reboot get it one after the other, and no client notices (`tests/run day2`)."""
import json
import re
import time

import pytest

from conftest import (DIRECTORS, HOSTS, PATIENT, REAL_SERVERS, back_to_deployed, chosen, clusterctl, clusterctl_start,
                      everywhere, lab, lab_inventory, read_until, serving, ssh, vip_holders, wait_for)
from traffic import Load

pytestmark = pytest.mark.on_request

SERVING = DIRECTORS + REAL_SERVERS
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
DRAINED = "cat /var/lib/clusterctl/drained"
IN_TURN = ["--parallel", "1"]  # as in test_20

# A kernel with SELinux and no policy: permissive. Turned off in its configuration, this one would come up with it
# again: it is not built to be told so (CONFIG_SECURITY_SELINUX_DISABLE), and the lab has no boot loader whose
# arguments could be changed. A unit hides it then, as such a kernel would be without.
SELINUX = r"""
mkdir -p /etc/selinux; echo SELINUX=permissive >/etc/selinux/config
cat >/etc/systemd/system/without-selinux.service <<'END'
[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c '! grep -q ^SELINUX=disabled /etc/selinux/config || ! mountpoint -q /sys/fs/selinux || umount /sys/fs/selinux'
[Install]
WantedBy=sysinit.target
END
systemctl daemon-reload; systemctl -q enable without-selinux; sync
"""

# nfsd does not start in a kernel with SELinux and no policy: that host only seems to have it, until its next boot.
SEEMING = r"""
mkdir -p /etc/selinux /run/fs/selinux /run/fs/cgroup /run/cgroup
echo SELINUX=permissive >/etc/selinux/config; printf 0 >/run/fs/selinux/enforce
mount --bind /sys/fs/cgroup /run/cgroup; mount --bind /run/fs /sys/fs; mount --bind /run/cgroup /sys/fs/cgroup
"""


@pytest.fixture(scope="module", autouse=True)
def with_selinux(tmp_path_factory):
    """All but the NFS server are started with it; the inventory wants it off."""
    back_to_deployed()
    everywhere(SELINUX, SERVING)
    lab("fault", *SERVING, "power-off")
    lab("fault", *SERVING, "power-on", "--wait", "--kernel=security=selinux")
    try:
        assert set(everywhere("cat /sys/fs/selinux/enforce; echo", SERVING).values()) == {"0\n"}
        wait_for("one director", lambda: len(vip_holders()) == 1, 60)
        serving()
        yield
    finally:
        chosen.clear()
        lab("fault", "all", "power-off")
        lab("reset", "deployed")


@pytest.fixture(name="off", scope="module")
def fixture_off(with_selinux, tmp_path_factory):
    """The lab's inventory, with SELinux disabled."""
    data = lab_inventory() | {"selinux": "disabled", "services": [{"port": 80, "check": PATIENT}]}
    path = tmp_path_factory.mktemp("off") / "off.json"
    path.write_text(json.dumps(data))
    chosen[:] = [f"CLUSTERCTL_INVENTORY={path}"]
    clusterctl("deploy", *IN_TURN)
    return path


def due(said):
    return set(re.findall(r"^(\S+) needs a reboot: ", said, re.M))


def rebooted(r):
    return re.findall(r"rebooting (\S+)$", r.stderr, re.M)


def test_it_is_said_what_is_due_and_in_which_order(off):
    before = everywhere(BOOT_ID)
    first, = vip_holders()
    second, = set(DIRECTORS) - {first}
    r = clusterctl("deploy", *IN_TURN)
    assert due(r.stdout) == set(SERVING), r.stdout
    r = clusterctl("deploy", "--dry-run", "--reboot")
    order = r.stdout.split("then be rebooted, in this order:\n")[1].splitlines()
    assert [line.split(": ")[1] for line in order[:4]] == REAL_SERVERS + [second, first], r.stdout
    assert everywhere(BOOT_ID) == before


def test_a_server_that_stays_away_ends_it(off):
    """The rest is as it was, and the same command goes on once the server is up again."""
    before = everywhere(BOOT_ID)
    run = clusterctl_start("deploy", "--reboot", "--reboot-timeout", "40s", *IN_TURN)
    said = read_until(run, "rebooting Web01-RS")
    time.sleep(3)  # it is told
    lab("fault", "Web01-RS", "power-off")
    said += run.communicate(timeout=600)[0]
    assert run.returncode == 69, said
    assert re.search(r"stopped at Web01-RS: Web01-RS has not come back within 4\d s of its reboot", said), said
    others = [h for h in HOSTS if h != "Web01-RS"]
    assert everywhere(BOOT_ID, others) == {h: before[h] for h in others}
    assert ssh(DIRECTORS[0], DRAINED) == "Web01-RS by deploy\n"
    lab("fault", "Web01-RS", "power-on", "--wait", "--kernel=security=selinux")


def test_hosts_are_rebooted_under_load(off):
    before = everywhere(BOOT_ID)
    first, = vip_holders()
    second, = set(DIRECTORS) - {first}
    with Load(100) as load:
        r = clusterctl("deploy", "--reboot", *IN_TURN)
        load.note(r.stderr)
    # Web01-RS came up with SELinux off in the test before: it is drained still, and brought back.
    assert rebooted(r) == ["Web02-RS", second, first], r.stderr
    assert not due(r.stdout), r.stdout
    load.nothing_lost()
    assert ssh(DIRECTORS[0], DRAINED) == ""
    after = everywhere(BOOT_ID)
    assert {h for h in HOSTS if after[h] != before[h]} == set(SERVING) - {"Web01-RS"}
    serving()
    r = clusterctl("deploy", "--reboot", *IN_TURN)
    assert "0 changes" in r.stdout and not rebooted(r), r.stdout + r.stderr
    assert everywhere(BOOT_ID) == after


def test_the_share_is_rebooted_and_waited_for(off):
    """Nobody can stand in for it; that it is served again, its grace period over, is verified."""
    ssh("NFS", SEEMING)
    hosts = due(clusterctl("deploy", *IN_TURN).stdout)
    assert hosts in ({"NFS"}, set(HOSTS)), hosts  # all of them where this test runs alone
    before = everywhere(BOOT_ID)
    assert clusterctl("deploy", "--dry-run", "--reboot", "--detailed-exitcode", expect=2)
    r = clusterctl("deploy", "--reboot", *IN_TURN)
    assert rebooted(r)[0] == "NFS" and "NFS has the share" in r.stderr and not due(r.stdout), r.stdout + r.stderr
    after = everywhere(BOOT_ID)
    assert {h for h in HOSTS if after[h] != before[h]} == hosts
    serving(5)
