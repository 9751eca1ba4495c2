"""SIGKILL and Ctrl-C at random moments: the next deploy converges from whatever is left."""
import os
import random
import re
import signal
import subprocess

import pytest

from conftest import HOSTS, clusterctl, clusterctl_start, everywhere, lab, reset, serving

SEED = int(os.environ.get("LAB_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
FIRST, MOMENTS = int(os.environ.get("LAB_FIRST", "0")), int(os.environ.get("LAB_MOMENTS", "1"))
SIGNALS = [signal.Signals[name] for name in os.environ.get("LAB_SIGNALS", "SIGKILL SIGINT").split()]
# The last of so many from bare machines, where most of the time is the package manager's.
PRISTINE = int(os.environ.get("LAB_PRISTINE", "5"))


def no_half_written_files(hosts=HOSTS):
    find = "find /etc /nfs /var/www /usr/local -xdev -name '*.clusterctl-tmp*' 2>/dev/null; " \
           "! command -v dpkg >/dev/null || dpkg --audit"
    return {h: out for h, out in everywhere(find, hosts).items() if out.strip()}


@pytest.mark.parametrize("moment", range(FIRST, MOMENTS))
def test_cut_off_at_a_random_moment(moment):
    dice = random.Random(SEED + moment)
    pristine = moment % PRISTINE == PRISTINE - 1
    if pristine:
        reset("pristine")
    else:
        lab("packages")
    how = dice.choice(SIGNALS)
    after = dice.uniform(0.5, 120 if pristine else 30)
    run = clusterctl_start("deploy")
    try:
        out, _ = run.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        run.send_signal(how)
        out, _ = run.communicate(timeout=120)
        # What has nothing left to do when the signal arrives is done.
        done = run.returncode == 0 and re.search(r"^\d+ hosts, \d+ changes?, ", out, re.M)
        assert done or run.returncode == (-how if how == signal.SIGKILL else 130), out
    print(f"seed {SEED}, moment {moment}: {how.name} after {after:.1f} s\n{out[-600:]}")
    clusterctl("deploy")
    assert no_half_written_files() == {}
    serving(30)
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode").stdout
