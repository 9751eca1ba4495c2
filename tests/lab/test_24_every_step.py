"""A first deploy, stopped at each of its flights and steps in turn: the connection cut, the remote shell killed."""
import collections
import json
import os
import pathlib
import subprocess

import pytest

from conftest import LAB, clusterctl, lab, lab_inventory, operator, reset, ssh
from test_05_interrupts import no_half_written_files

# One of each kind: two machines are quicker, and nothing here needs the others.
USED = {"LVS-master": "director", "Web01-RS": "real_server"}
EVERY = int(os.environ.get("LAB_EVERY", "1"))  # each flight, or one in so many


class Cutter:
    def __init__(self, address, flight):
        self.process = subprocess.Popen(
            [LAB, "run", "/usr/bin/python3", os.path.join(os.path.dirname(__file__), "cutter.py"), address, str(flight)],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def end(self):
        """Whether it has cut, and how many flights it saw."""
        lines = self.process.communicate("", timeout=30)[0].split()
        return lines[:1] == ["cut"], int(lines[-1])


@pytest.fixture
def two(tmp_path):
    """two(host, port): the inventory of these machines, the host by way of that port; without: directly."""
    known = operator("sh", "-c", "cat $(dirname $CLUSTERCTL_INVENTORY)/known_hosts").stdout

    def write(host=None, port=None):
        data = lab_inventory()
        data["hosts"] = [h for h in data["hosts"] if h["name"] in USED]
        data.pop("nfs", None)
        for h in data["hosts"]:
            if h["name"] == host:
                keys = [" ".join(l.split()[1:3]) for l in known.splitlines() if h["address"] in l.split()[0]]
                (tmp_path / "ssh_config").write_text(f"Host way\n HostName 127.0.0.1\n Port {port}\n")
                h["ssh"] = {"config": str(tmp_path / "ssh_config"), "alias": "way", "pinned_keys": keys}
        path = tmp_path / "inventory.json"
        path.write_text(json.dumps(data))
        return str(path)
    return write


def settles(two, said):
    """From what a run has left the next one gets there."""
    again = clusterctl("deploy", two(), expect=None, timeout=300)
    assert again.returncode == 0, f"{said}\nthen: {again.returncode}\n{again.stderr}"
    assert no_half_written_files() == {}, said
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode", two()).stdout, said


def address_of(host):
    return next(h["address"] for h in lab_inventory()["hosts"] if h["name"] == host)


@pytest.mark.on_request
@pytest.mark.parametrize("host", USED)
def test_cut_at_every_flight(host, two):
    lab("packages")
    outcomes, flight, has_cut = collections.Counter(), 1, True
    while has_cut:
        reset("packaged")
        cutter = Cutter(address_of(host), flight)
        r = clusterctl("deploy", two(host, cutter.port), expect=None, timeout=300)
        has_cut, seen = cutter.end()
        said = f"flight {flight} of {seen}: exit {r.returncode}\n{r.stdout}\n{r.stderr}"
        # Cut while the checks ask, it is told as that: what they ask is not asked again.
        assert r.returncode in (0, 69) or "the host did not answer: " in r.stdout, said
        assert r.returncode == 0 or "hint: " in r.stderr, said
        outcomes[r.returncode, "connecting again" in r.stderr] += 1
        settles(two, said)
        print(f"{host}: flight {flight} of {seen}: exit {r.returncode}"
              f"{', went on' if 'connecting again' in r.stderr else ''}", flush=True)
        flight += EVERY
    print(f"{host}: cut at {sum(outcomes.values()) - 1} flights; (exit, went on): {dict(outcomes)}", flush=True)


@pytest.mark.on_request
@pytest.mark.parametrize("host", USED)
def test_the_remote_shell_is_killed_at_every_step(host, two):
    lab("packages")
    killer = (pathlib.Path(__file__).parent / "killer.pl").read_text()
    number, killed = 1, True
    while killed:
        reset("packaged")
        ssh(host, f"cat >/usr/local/bin/sh <<'EOF'\n{killer}EOF\nchmod 755 /usr/local/bin/sh; "
                  f"echo {number} >/run/kill-at")
        r = clusterctl("deploy", two(), expect=None, timeout=300)
        killed = ssh(host, "ls /run/kill-at 2>/dev/null; rm -f /usr/local/bin/sh /run/kill-at").strip() == ""
        said = f"step {number}: exit {r.returncode}\n{r.stdout}\n{r.stderr}"
        assert r.returncode == (1 if killed else 0), said
        assert not killed or f"{host} " in r.stderr and "hint: " in r.stderr, said
        settles(two, said)
        print(f"{host}: killed at step {number}: exit {r.returncode}", flush=True)
        number += EVERY
    print(f"{host}: killed at {(number - 1) // EVERY - 1} steps", flush=True)
