"""A first deploy, stopped at each of its flights and steps in turn: the connection cut, the remote shell killed.

Both hosts are stopped at the same place of their own in one run; a host that the other's end has kept from getting there
is tried there once more, alone.
"""
import collections
import json
import os
import pathlib
import subprocess

import pytest

from conftest import LAB, clusterctl, everywhere, lab, lab_inventory, operator, reset, ssh
from test_05_interrupts import no_half_written_files

# One of each kind: two machines are quicker, and nothing here needs the others.
USED = {"LVS-master": "director", "Web01-RS": "real_server"}
CUTTER = str(pathlib.Path(__file__).resolve().parents[1] / "lib" / "cutter.py")
EVERY = int(os.environ.get("LAB_EVERY", "1"))  # each place, or one in so many
FIRST, LAST = int(os.environ.get("LAB_FIRST", "1")), int(os.environ.get("LAB_LAST", "1000"))
START = os.environ.get("LAB_START", "packaged")  # from bare machines, "pristine", the first steps are the package manager's


class Cutter:
    def __init__(self, address, flight):
        self.process = subprocess.Popen(
            [LAB, "run", "/usr/bin/python3", CUTTER, address, str(flight)],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def end(self):
        """Whether it has cut, and how many flights it saw."""
        lines = self.process.communicate("", timeout=30)[0].split()
        return lines[:1] == ["cut"], int(lines[-1])


@pytest.fixture
def two(tmp_path):
    """two({host: port}): the inventory of these machines, those hosts by way of their ports, the others directly."""
    known = operator("sh", "-c", "cat $(dirname $CLUSTERCTL_INVENTORY)/known_hosts").stdout

    def write(ways=()):
        data = lab_inventory()
        data["hosts"] = [h for h in data["hosts"] if h["name"] in USED]
        data.pop("nfs", None)
        config = ""
        for h in data["hosts"]:
            if h["name"] in ways:
                keys = [" ".join(l.split()[1:3]) for l in known.splitlines() if h["address"] in l.split()[0]]
                config += f"Host {h['name']}\n HostName 127.0.0.1\n Port {ways[h['name']]}\n"
                h["ssh"] = {"config": str(tmp_path / "ssh_config"), "alias": h["name"], "pinned_keys": keys}
        (tmp_path / "ssh_config").write_text(config)
        path = tmp_path / "inventory.json"
        path.write_text(json.dumps(data))
        return str(path)
    return write


def settles(two, said):
    """From what a run has left the next one gets there."""
    again = clusterctl("deploy", two(), expect=None, timeout=600)
    assert again.returncode == 0, f"{said}\nthen: {again.returncode}\n{again.stderr}"
    assert no_half_written_files(USED) == {}, said
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode", two()).stdout, said


def address_of(host):
    return next(h["address"] for h in lab_inventory()["hosts"] if h["name"] == host)


def at_every_place(stopped):
    """stopped(hosts, place) stops these there and says which of them got there. How many places each has."""
    count, place, left = collections.Counter(), FIRST, list(USED)
    while left and place <= LAST:
        there = stopped(left, place)
        for host in [h for h in left if h not in there]:
            if len(left) > 1 and stopped([host], place):
                there = [*there, host]
        count.update(there)
        left = [h for h in left if h in there]
        place += EVERY
    print(f"stopped at {dict(count)}", flush=True)


@pytest.mark.on_request
def test_cut_at_every_flight(two):
    lab("packages")
    outcomes = collections.Counter()

    def stopped(hosts, flight):
        reset(START)
        cutters = {h: Cutter(address_of(h), flight) for h in hosts}
        r = clusterctl("deploy", two({h: c.port for h, c in cutters.items()}), expect=None, timeout=600)
        ends = {h: c.end() for h, c in cutters.items()}
        said = f"flight {flight} of {ends}: exit {r.returncode}\n{r.stdout}\n{r.stderr}"
        assert r.returncode in (0, 69), said
        assert r.returncode == 0 or "hint: " in r.stderr, said
        settles(two, said)
        went_on = r.stderr.count("connecting again")
        outcomes[r.returncode, went_on] += 1
        print(f"flight {flight} of {ends}: exit {r.returncode}, went on {went_on} times", flush=True)
        if r.returncode:
            print(r.stderr, flush=True)
        return [h for h in hosts if ends[h][0]]

    at_every_place(stopped)
    print(f"(exit, connections that were gone on after): {dict(outcomes)}", flush=True)


@pytest.mark.on_request
def test_the_remote_shell_is_killed_at_every_step(two):
    lab("packages")
    killer = (pathlib.Path(__file__).parent / "killer.pl").read_text()

    def stopped(hosts, step):
        reset(START)
        everywhere(f"cat >/usr/local/bin/sh <<'EOF'\n{killer}EOF\nchmod 755 /usr/local/bin/sh; "
                   f"echo {step} >/run/kill-at", hosts)
        r = clusterctl("deploy", two(), expect=None, timeout=600)
        left = everywhere("ls /run/kill-at 2>/dev/null; rm -f /usr/local/bin/sh /run/kill-at", hosts)
        killed = [h for h in hosts if not left[h].strip()]
        said = f"step {step}, killed {killed}: exit {r.returncode}\n{r.stdout}\n{r.stderr}"
        assert r.returncode == (1 if killed else 0), said
        assert not killed or "hint: " in r.stderr and all(f"{h} " in r.stderr for h in killed), said
        settles(two, said)
        print(f"killed at step {step}: {killed}, exit {r.returncode}", flush=True)
        return killed

    at_every_place(stopped)
