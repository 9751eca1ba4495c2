"""A connection outlives the move of the VIP: both directors know of it."""
import subprocess
import time

from conftest import DIRECTORS, LAB, VIP, ssh, vip_holders, wait_for

HANDOVER = "/run/clusterctl/handover"
SIZE_MB, RATE_MB_S = 24, 3
SECONDS = SIZE_MB / RATE_MB_S


def download(name):
    """Starts a slow download through the VIP; prints its checksum, then how it went."""
    script = (f"set -o pipefail; curl -sS -m 60 --limit-rate {RATE_MB_S}M "
              f"-w '%{{stderr}}%{{http_code}} %{{num_connects}} %{{time_total}}' http://{VIP}/{name} "
              "| sha256sum")
    return subprocess.Popen([LAB, "run", "bash", "-c", script], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_download_outlives_a_planned_hand_over(deployed):
    sums = ssh("NFS", f"head -c {SIZE_MB}M /dev/urandom >/nfs/web/big.bin; sha256sum </nfs/web/big.bin")
    first, = vip_holders()
    second, = set(DIRECTORS) - {first}

    there = download("big.bin")
    time.sleep(SECONDS / 4)
    ssh(first, f"echo 1 >{HANDOVER}")
    wait_for("the other director has the VIP", lambda: vip_holders() == [second], 5)
    ssh(first, f"rm {HANDOVER}")
    assert there.poll() is None, "it was over before the VIP had moved"

    out, err = there.communicate(timeout=90)
    status, connects, seconds = err.split()[-3:]
    assert there.returncode == 0, err
    assert (out, status, connects) == (sums, "200", "1")
    print(f"{SIZE_MB} MB in {float(seconds):.1f} s, one connection, checksum intact")
    # It was passive on purpose; back as BACKUP, it leaves the VIP where it is.
    time.sleep(2)
    assert vip_holders() == [second]
