"""The neighbour entry of an address, watched while it changes hands."""
import signal
import subprocess
import time

import pytest
from network import HOSTS, MACS, end, eventually, get, stop, tool

MOVING = "10.99.0.160"


@pytest.fixture(name="moving")
def fixture_moving(net):
    """An address that h1 has, and the operator knows it."""
    net.ip("h1", "address", "add", f"{MOVING}/32", "dev", "eth0")
    assert get(net, "/ok", address=MOVING)["status"] == 200
    yield MOVING
    for name in ("h1", "h2"):
        subprocess.run(["ip", "-n", net.ns(name), "address", "del", f"{MOVING}/32", "dev", "eth0"],
                       stderr=subprocess.DEVNULL, check=False)
    net.ip("op", "neighbour", "flush", MOVING)


def macs(r):
    return [mac for _, mac in r["changes"]]


def assert_times(r, within_us):
    times = [at for at, _ in r["changes"]]
    assert times == sorted(times) and times[0] >= 0 and times[-1] < within_us
    assert r["copied"] <= len(times)  # what lay in its socket at the end came after the copy


def replace(net, address, mac, dev="eth0"):
    net.ip("op", "neighbour", "replace", address, "lladdr", mac, "dev", dev, "nud", "reachable")


def test_an_address_that_moves_is_seen(net, moving):
    p = net.start_tool("watch", moving, 60000)
    time.sleep(0.4)
    net.ip("h1", "address", "del", f"{moving}/32", "dev", "eth0")
    net.ip("h2", "address", "add", f"{moving}/32", "dev", "eth0")
    subprocess.run(net.argv("h2", "arping", "-U", "-c", "1", "-I", "eth0", moving), check=True,
                   stdout=subprocess.DEVNULL)
    eventually(lambda: tool(net, "neigh", moving)["mac"] == MACS["h2"], "the operator has heard of it")
    r = stop(p)
    assert macs(r) == [MACS["h1"], MACS["h2"]]
    assert_times(r, 10_000_000)
    (first, _), (moved, _) = r["changes"]
    assert moved - first >= 400_000 and r["copied"] >= 1  # the first is what was there at the start


def test_asking_again_is_no_change(net, moving):
    """REACHABLE, STALE, DELAY, PROBE are all the same MAC."""
    p = net.start_tool("watch", moving, 60000)
    for state in ("stale", "delay", "probe", "reachable", "permanent"):
        net.ip("op", "neighbour", "change", moving, "dev", "eth0", "nud", state)
    assert macs(stop(p)) == [MACS["h1"]]


def test_from_nothing_to_a_mac_to_nothing(net):
    net.ip("op", "neighbour", "flush", HOSTS["h3"])
    p = net.start_tool("watch", HOSTS["h3"], 60000)
    get(net, "/ok", address=HOSTS["h3"])  # refused, and so resolved
    net.ip("op", "neighbour", "del", HOSTS["h3"], "dev", "eth0")
    r = stop(p)
    assert macs(r) == [MACS["h3"], ""]
    assert_times(r, 10_000_000)


def test_nobody_there_is_no_change_from_nothing(net):
    p = net.start_tool("watch", "10.99.0.204", 60000)
    get(net, "/ok", address="10.99.0.204", timeout=100)
    assert stop(p)["changes"] == []


def test_failed_is_a_change(net, moving):
    p = net.start_tool("watch", moving, 60000)
    net.ip("op", "neighbour", "change", moving, "dev", "eth0", "nud", "failed")
    assert macs(stop(p)) == [MACS["h1"], ""]


def test_other_entries_are_not_ours(net, moving):
    net.ip("op", "link", "add", "second", "type", "veth", "peer", "name", "second-end")
    p = net.start_tool("watch", moving, 60000)
    replace(net, "10.99.0.161", "02:00:00:00:01:61")
    replace(net, moving, "02:00:00:00:01:62", dev="second")
    assert macs(stop(p)) == [MACS["h1"]]
    net.ip("op", "neighbour", "del", "10.99.0.161", "dev", "eth0")


def test_over_ipv6(net):
    get(net, "/ok", address="fd99::11")
    p = net.start_tool("watch", "fd99::11", 60000)
    replace(net, "fd99::11", "02:00:00:00:01:63")
    assert macs(stop(p)) == [MACS["h1"], "02:00:00:00:01:63"]
    net.ip("op", "neighbour", "flush", "fd99::11")


def test_an_overrun_does_not_hide_the_last_change(net, moving, tmp_path):
    """More changes than the socket holds while the watcher cannot read: the entry is read again."""
    batch = tmp_path / "batch"
    flood = [f"neighbour replace 10.99.0.170 lladdr 02:00:00:00:02:{i % 250:02x} dev eth0 nud "
             "reachable\n" for i in range(4000)]
    last = f"neighbour replace {moving} lladdr 02:00:00:00:03:%02x dev eth0 nud reachable\n"
    # One of ours first, still in the queue when the overrun is noticed: not the last word.
    batch.write_text(last % 1 + "".join(flood) + last % 2)
    p = net.start_tool("watch", moving, 1500)
    p.send_signal(signal.SIGSTOP)
    try:
        net.ip("op", "-batch", str(batch))
    finally:
        p.send_signal(signal.SIGCONT)
    seen = macs(end(p))
    assert seen == [MACS["h1"], "02:00:00:00:03:01", "02:00:00:00:03:02"]
    net.ip("op", "neighbour", "flush", "10.99.0.170")


def test_no_such_interface_is_said_by_the_route(net):
    assert "192.0.2.1" in tool(net, "watch", "192.0.2.1", 100, status=1)["error"]
