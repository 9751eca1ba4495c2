"""Everything that was set up outlives the machines."""
import time

from conftest import HOSTS, alternates, clusterctl, everywhere, lab, pages, ssh, wait_for


def boot_seconds(host):
    """How long ago the machine's kernel started."""
    return float(ssh(host, "cut -d' ' -f1 /proc/uptime"))


def test_all_machines_rebooted_at_once(deployed):
    ids = everywhere("cat /proc/sys/kernel/random/boot_id")
    began = time.monotonic()
    lab("fault", "all", "reboot", "--wait")
    booted = time.monotonic() - began
    assert all(ids[h] != i for h, i in everywhere("cat /proc/sys/kernel/random/boot_id").items())
    print(f"all five answer ssh after {booted:.0f} s")
    wait_for("the cluster serves again within 30 s of its boot", lambda: alternates(pages(6)), 30)
    print(f"serving {time.monotonic() - began - booted:.0f} s later")
    assert len(HOSTS) == 5 and boot_seconds("NFS") < time.monotonic() - began + 5
    r = clusterctl("deploy", "--dry-run", "--detailed-exitcode", expect=0)
    assert "No changes" in r.stdout
