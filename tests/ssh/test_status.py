"""`clusterctl status` against real sshds: the scripts run in a real shell, sessions stay open, a
host that hangs keeps no other from being shown, and one that was away is found again.

The hosts are this machine, five times, in a mount namespace where systemd seems to run and a
made-up systemctl answers. Nothing but reading is done there.
"""
import collections
import json
import os
import pathlib
import queue
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import LIMIT, Sshd, public

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTERCTL = os.environ.get("CLUSTERCTL", str(ROOT / "build/cli/clusterctl"))
REFERENCE = ROOT / "inventory/examples/reference.json"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a mount namespace")

FAKES = {
    "systemctl": """#!/bin/sh
[ "$1" = show ] || exit 1
for u; do
    case $u in *.service) printf '%s\\n' "Id=$u" LoadState=loaded ActiveState=active \\
        SubState=running UnitFileState=enabled NeedDaemonReload=no '' ;; esac
done
""",
    "ip": """#!/bin/sh
for n in 1 2 3 4 5; do
    echo "1: lo    inet 127.0.0.$n/8 scope host lo\\       valid_lft forever"
done
"""}

INSIDE = """
mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/sshd || exit
for f in systemctl ip; do mount --bind "$0/$f" "$(readlink -f "$(command -v $f)")" || exit; done
exec "$@"
"""


class Seeming(Sshd):
    """An sshd whose sessions are where systemd seems to run."""

    def start(self):
        for name, text in FAKES.items():
            self.write(name, text).chmod(0o755)
        popen = subprocess.Popen

        def inside(argv, **options):
            return popen(["unshare", "-m", "sh", "-c", INSIDE, self.dir, *argv], **options)

        subprocess.Popen = inside
        try:
            super().start()
        finally:
            subprocess.Popen = popen

    def again(self):
        """After stop(), at the same port."""
        self.process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", INSIDE, self.dir, "/usr/sbin/sshd", "-D", "-e", "-f",
             self.dir / "sshd_config"], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def sessions(self):
        out = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True,
                             check=False)
        return [int(pid) for pid in out.stdout.split()]

    def accepted(self):
        return (self.dir / "sshd.log").read_text().count("Accepted publickey")


@pytest.fixture(name="cluster")
def five_hosts(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    more = "".join(f"ListenAddress 127.0.0.{n}\n" for n in range(2, 6))
    many, last = Seeming(tmp_path / "a", more=more), Seeming(tmp_path / "b", more=more)
    last.write("authorized_keys", f"{public(many.keys['ed25519'])}\n")
    known = many.write("known", "".join(
        f"[127.0.0.{n}]:{s.port} {public(s.host_keys['ed25519'])}\n"
        for s in (many, last) for n in range(1, 6)))
    inventory = json.loads(REFERENCE.read_text())
    inventory["ssh"] = {"port": many.port, "user": "root", "known_hosts": [str(known)],
                        "identity": str(many.keys["ed25519"])}
    for n, host in enumerate(inventory["hosts"]):
        host["address"] = f"127.0.0.{n + 1}"
    inventory["hosts"][4]["ssh"] = {"port": last.port}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(inventory))
    yield path, many, last
    many.stop()
    last.stop()


class Watch:
    """A running `status --watch --output=json`; look() is the next report."""

    def __init__(self, path):
        self.process = subprocess.Popen([CLUSTERCTL, "status", "--watch=1", "--output=json", path],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.reports = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.reports.put(json.loads(line))

    def look(self):
        report = self.reports.get(timeout=LIMIT)
        return report, {h["host"]: h for h in report["hosts"]}

    def until(self, what):
        for _ in range(30):
            report, hosts = self.look()
            if what(hosts):
                return report, hosts
        return pytest.fail(f"never: {hosts}")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(LIMIT)
        return self.process.returncode, self.process.stderr.read()


def test_one_look(cluster):
    path, many, _ = cluster
    r = subprocess.run([CLUSTERCTL, "status", "--output=json", path], capture_output=True,
                       text=True, timeout=LIMIT, check=False)
    assert r.returncode == 1, r.stderr + r.stdout  # nobody holds the VIP here
    report = json.loads(r.stdout)
    hosts = {h["host"]: h for h in report["hosts"]}
    assert [h["answer"] for h in report["hosts"]] == ["answered"] * 5, r.stdout
    assert r.stderr == ""
    assert report["vips"][0]["holders"] == 0
    assert hosts["Web01-RS"]["changes"] > 0
    assert hosts["Web01-RS"]["versions"]["kernel"] == os.uname().release
    assert {"name": "nginx.service", "state": "active", "active": True, "enabled": True} in \
        hosts["Web01-RS"]["units"]
    why = report["vips"][0]["directors"][0]["why"]
    assert why == "keepalived is not running"
    assert any("ip_vs" in p["text"] for p in report["problems"])
    assert many.accepted() == 4

    r = subprocess.run([CLUSTERCTL, "status", path], capture_output=True, text=True,
                       timeout=LIMIT, check=False)
    assert r.returncode == 1 and "VIP 10.1.1.140  HELD BY NOBODY" in r.stdout


def test_trace(cluster, tmp_path):
    """One connection a host; spans lie within each other; every wait is of something that has a name."""
    path, _, _ = cluster
    out = tmp_path / "trace.json"
    r = subprocess.run([CLUSTERCTL, "deploy", "--dry-run", "--trace", out, path], capture_output=True, text=True,
                       timeout=LIMIT, check=False)
    assert r.returncode == 0, r.stderr
    events = json.loads(out.read_text())["traceEvents"]
    lanes = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    assert sorted(lanes.values()) == ["LVS-master", "LVS-node01", "NFS", "Web01-RS", "Web02-RS"]
    for tid in lanes:
        spans = [(e["ts"], e["ts"] + e["dur"], e["name"]) for e in events if e["ph"] == "X" and e["tid"] == tid]
        named = [s for s in spans if s[2] != "wait"]
        names = collections.Counter(s[2] for s in named)
        assert {names.pop(n) for n in ("connect: TCP, key exchange", "log-in", "facts", "observe")} == {1}
        assert set(names) <= {"question", "open a channel"}
        for began, ended, _ in (s for s in spans if s[2] == "wait"):
            assert any(b <= began and ended <= e for b, e, _ in named), (began, ended, named)
    r = subprocess.run([CLUSTERCTL, "deploy", "--dry-run", "--trace", tmp_path / "none" / "t", path], capture_output=True,
                       text=True, timeout=LIMIT, check=False)
    assert r.returncode == 1 and f"cannot write '{tmp_path}/none/t'" in r.stderr, r.stderr


def test_sessions_stay_open(cluster):
    path, many, last = cluster
    w = Watch(path)
    ats = [w.look()[0]["at"] for _ in range(4)]
    assert w.stop() == (0, "")
    assert ats == sorted(ats)
    assert (many.accepted(), last.accepted()) == (4, 1)


def test_a_host_that_hangs_and_one_that_was_away(cluster):
    path, many, last = cluster
    w = Watch(path)
    w.until(lambda h: h["NFS"]["answer"] == "answered")
    frozen = last.sessions()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    report, hosts = w.until(lambda h: h["NFS"]["answer"] == "late")
    assert "changes" not in hosts["NFS"] and not hosts["NFS"]["units"] and not report["exports"]

    def seconds():
        began = time.monotonic()
        assert w.look()[1]["LVS-master"]["answer"] == "answered"
        return time.monotonic() - began
    assert min(seconds() for _ in range(3)) < 4  # from now on nobody waits for it, which takes 5 s
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    w.until(lambda h: h["NFS"]["answer"] == "answered")

    sessions = last.sessions()
    last.stop()  # first: who looks at that moment connects anew at once
    for pid in sessions:
        os.kill(pid, signal.SIGKILL)
    report, hosts = w.until(lambda h: h["NFS"]["answer"] == "unreachable")
    assert hosts["NFS"]["why"] and report["exit_status"] == 69
    assert "changes" not in hosts["NFS"] and not report["exports"]
    last.again()
    w.until(lambda h: h["NFS"]["answer"] == "answered")
    assert w.stop() == (0, "")
    assert many.accepted() == 4


def test_a_connection_that_takes_longer_to_fail_than_a_round(cluster):
    """It is unreachable all the while that it is tried again, not just late."""
    path, _, _ = cluster
    with socket.create_server(("127.0.0.5", 0)) as silent:
        inventory = json.loads(path.read_text())
        inventory["hosts"][4]["ssh"] = {"port": silent.getsockname()[1], "connect_timeout": 7}
        path.write_text(json.dumps(inventory))
        w = Watch(path)
        for _ in range(4):
            _, hosts = w.look()
            assert hosts["NFS"]["answer"] == "unreachable", hosts["NFS"]
            assert hosts["LVS-master"]["answer"] == "answered"
        assert w.stop() == (0, "")
