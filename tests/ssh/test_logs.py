"""`clusterctl logs` against real sshds and real journals: five hosts in two PID and mount
namespaces, each with a journald and a /var/log/nginx of its own (pid1.py). Nothing is a stand-in but
the units' names: what systemd would say of them is said by the first process of the namespace.
"""
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time

import pytest

from conftest import LIMIT, Sshd, answers, eventually, public

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTERCTL = os.environ.get("CLUSTERCTL", str(ROOT / "build/cli/clusterctl"))
REFERENCE = ROOT / "inventory/examples/reference.json"
PID1 = pathlib.Path(__file__).with_name("pid1.py")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for namespaces")

MESSAGE_MAX = 3000


class Machine(Sshd):
    """An sshd, a journal and the logs of nginx, behind every loopback address of its hosts."""

    def start(self):
        self.logs = self.dir / "log"
        self.nginx = self.logs / "nginx"
        self.nginx.mkdir(parents=True)
        popen = subprocess.Popen

        def inside(argv, **options):
            options |= {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            return popen(["unshare", "-mpf", "--mount-proc", "--kill-child", "/usr/bin/python3", PID1,
                          self.logs, *argv], **options)

        subprocess.Popen = inside
        try:
            super().start()
        finally:
            subprocess.Popen = popen

    def stop(self):
        self.process.kill() # unshare takes the whole namespace along
        self.process.wait()

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def log(self, unit, text):
        self.ask(f"log {unit}.service {text}")

    def access(self, page, at=None):
        stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(at))
        with open(self.nginx / "access.log", "a", encoding="utf-8") as f:
            f.write(f'10.1.1.1 - - [{stamp}] "GET /{page} HTTP/1.1" 200 17 "-" "test"\n')

    def error(self, text):
        stamp = time.strftime("%Y/%m/%d %H:%M:%S", time.localtime())
        with open(self.nginx / "error.log", "a", encoding="utf-8") as f:
            f.write(f"{stamp} [error] 12#12: *3 {text}\n")

    def message(self, program, text, at=None, file="messages"):
        stamp = time.strftime("%b %e %H:%M:%S", time.localtime(at))
        with open(self.logs / file, "a", encoding="utf-8") as f:
            f.write(f"{stamp} host {program}: {text}\n")

    def followers(self):
        return [p for p in self.ask("processes") if p in ("journalctl", "tail", "grep", "cut", "sleep")]


@pytest.fixture(name="cluster")
def two_machines(tmp_path):
    """The path of the inventory, the machine of LVS-master and Web01-RS, that of the others."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    more = "".join(f"ListenAddress 127.0.0.{n}\n" for n in range(2, 6))
    a, b = Machine(tmp_path / "a", more=more), Machine(tmp_path / "b", more=more)
    b.write("authorized_keys", f"{public(a.keys['ed25519'])}\n")
    known = a.write("known", "".join(f"[127.0.0.{n}]:{s.port} {public(s.host_keys['ed25519'])}\n"
                                     for s in (a, b) for n in range(1, 6)))
    inventory = json.loads(REFERENCE.read_text())
    inventory["ssh"] = {"port": a.port, "user": "root", "known_hosts": [str(known)],
                        "identity": str(a.keys["ed25519"])}
    for n, host in enumerate(inventory["hosts"]):
        host["address"] = f"127.0.0.{n + 1}"
        if host["name"] not in ("LVS-master", "Web01-RS"):
            host["ssh"] = {"port": b.port}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(inventory))
    yield path, a, b
    a.stop()
    b.stop()


def logs(path, *args, expect=0):
    r = subprocess.run([CLUSTERCTL, "logs", "--inventory", path, *args], capture_output=True,
                       text=True, timeout=LIMIT, check=False, stdin=subprocess.DEVNULL)
    assert r.returncode == expect, r.stderr + r.stdout
    return r


def lines(path, *args, expect=0):
    return [json.loads(x) for x in logs(path, "--output=json", *args, expect=expect).stdout.splitlines()]


class Follow:
    """A running `logs -f --output=json`."""

    def __init__(self, path, *args):
        self.process = subprocess.Popen(
            [CLUSTERCTL, "logs", "-f", "--output=json", "--inventory", path, *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        self.lines, self.notes = queue.Queue(), []
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.read_notes, daemon=True).start()
        self.seen = []

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def read_notes(self):
        for line in self.process.stderr:
            self.notes.append(line)

    def until(self, text):
        end = time.monotonic() + LIMIT
        while not any(text in x["text"] for x in self.seen):
            try:
                self.seen.append(self.lines.get(timeout=max(0.1, end - time.monotonic())))
            except queue.Empty:
                pytest.fail(f"never: {text!r}; seen: {self.seen}; {self.notes}")

    def noted(self, text):
        eventually(lambda: any(text in x for x in self.notes), f"{text!r} is said: {self.notes}")

    def texts(self):
        return [x["text"] for x in self.seen]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(LIMIT)


def is_followed(*hosts):
    """Wait until lines written from now on are read live: on so many hosts of each machine."""
    for m, n in hosts:
        eventually(lambda m=m, n=n: m.followers().count("sleep") == n, "the hosts follow")


def test_a_password_that_keepalived_quotes_is_not_shown(cluster):
    path, a, _ = cluster
    model = json.loads(path.read_text())
    model["vrrp"] |= {"version": 2, "advert_interval": 1, "auth_pass": "0wn.pass"}
    path.write_text(json.dumps(model))
    a.log("keepalived", """(Line 7) Unterminated quote 'auth_pass "K4nary'""")
    a.log("keepalived", """(Line 8) Unterminated quote 'pass "0wn.pass'""")
    a.log("nginx", "auth_pass of a page")
    assert texts(path, "LVS-master") == ["(Line 7) Unterminated quote 'auth_pass ********",
                                         """(Line 8) Unterminated quote 'pass "********'"""]
    assert texts(path, "LVS-master", "--grep=0wn") == []
    assert texts(path, "Web01-RS", "--service=nginx") == ["auth_pass of a page"]


def test_all_services_in_the_order_of_time(cluster):
    path, a, b = cluster
    a.log("keepalived", "(VI_1) Entering BACKUP STATE")
    a.log("nginx", "Started nginx.service")
    b.log("nfs-mountd", "authenticated mount request")
    b.log("clusterctl-sync", "Started the sync daemon")
    a.log("cron", "not one of ours")
    a.access("first")
    b.error("open() failed")
    time.sleep(1.1)  # far more than what two clocks are told apart by
    b.log("keepalived", "(VI_1) Entering MASTER STATE")
    seen = lines(path)
    found = {(x["host"], x["service"], x["text"].split(" [")[0]) for x in seen}
    assert ("LVS-master", "keepalived", "(VI_1) Entering BACKUP STATE") in found
    assert ("LVS-node01", "keepalived", "(VI_1) Entering MASTER STATE") in found
    assert ("LVS-node01", "ipvs", "Started the sync daemon") in found
    assert ("Web01-RS", "nginx", "Started nginx.service") in found
    assert ("NFS", "nfs", "authenticated mount request") in found
    assert any(x["host"] == "Web01-RS" and x["service"] == "nginx-access" and "/first" in x["text"]
               for x in seen)
    assert any(x["host"] == "Web02-RS" and x["service"] == "nginx-error"
               and x["text"] == "[error] 12#12: *3 open() failed" and x["priority"] == 3 for x in seen)
    assert not any("not one of ours" in x["text"] for x in seen)
    times = [x["time"] for x in seen]
    assert times == sorted(times)
    order = [x["text"] for x in seen if x["service"] == "keepalived"]
    assert order == ["(VI_1) Entering BACKUP STATE", "(VI_1) Entering MASTER STATE"]


def test_which_hosts_services_lines_and_times(cluster):
    path, a, b = cluster
    now = time.time()
    for n in range(200):
        a.access(f"old-{n}", now - 7200 + n)
    os.rename(a.nginx / "access.log", a.nginx / "access.log.1")
    for n in range(30):
        a.access(f"new-{n}", now - 60 + n)
    b.access("other")
    b.log("keepalived", "Entering MASTER")
    access = ["--service=nginx-access"]
    assert {x["host"] for x in lines(path, "real-server", *access)} == {"Web01-RS", "Web02-RS"}
    assert [x["service"] for x in lines(path, "--service", "keepalived,ipvs")] == ["keepalived"]
    last = [x["text"].split()[6] for x in lines(path, "Web01-RS", "-n", "40", *access)]
    assert last == [f"/old-{n}" for n in range(190, 200)] + [f"/new-{n}" for n in range(30)]
    assert len(lines(path, "Web01-RS", "--since=10m", *access)) == 30
    assert len(lines(path, "Web01-RS", "--since=1d", *access)) == 230
    since = time.strftime("--since=%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 7200 + 50))
    after = [x["text"].split()[6] for x in lines(path, "Web01-RS", since, *access)]
    assert (after[0], after[-1], len(after)) == ("/old-50", "/new-29", 180)
    assert len(lines(path, "Web01-RS", "--since=1d", "--grep=old-1[0-4]. ", *access)) == 50
    assert len(lines(path, "Web01-RS", "--grep=old-1[0-4]. ", "-n3", *access)) == 3
    r = logs(path, "NFS", "--service=keepalived", expect=64)
    assert "none of these hosts has such a log" in r.stderr


def texts(path, *args):
    return [x["text"] for x in lines(path, *args)]


def test_messages_from_before_the_journal(cluster):
    """What both have is printed once: the journal's."""
    path, a, _ = cluster
    now = time.time()
    for n in range(3):
        a.message("Keepalived_vrrp[7]", f"rotated-{n}", now - 9000 + n, "messages-20261122")
    (a.logs / "messages-20261115.gz").write_bytes(b"\x1f\x8b")
    for n in range(30):
        a.message("Keepalived_vrrp[7]", f"before-{n}", now - 3600 + n)
        a.message("cron[9]", "not one of ours", now - 3600 + n)
    a.message("kernel", "IPVS: before", now - 3000)
    a.log("keepalived", "both")
    a.message("Keepalived_vrrp[7]", "both")
    a.message("kernel", "IPVS: since")
    keepalived = "--service=keepalived"
    before = [f"before-{n}" for n in range(30)]
    assert texts(path, "LVS-master", keepalived) == [f"rotated-{n}" for n in range(3)] + before + ["both"]
    assert texts(path, "LVS-master", keepalived, "--since=2h") == before + ["both"]
    assert texts(path, "LVS-master", keepalived, "-n5") == before[-4:] + ["both"]
    assert texts(path, "LVS-master", "--since=2h", "--service=ipvs") == ["IPVS: before"]
    first, = [x for x in lines(path, "LVS-master", keepalived, "--since=2h") if x["text"] == "before-0"]
    assert first["program"] == "Keepalived_vrrp" and first["pid"] == 7
    assert first["time"].startswith(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now - 3600)))


def test_messages_of_a_journal_that_a_boot_took(cluster):
    """What was printed of the journal is not printed again from the file; what was not is."""
    path, a, _ = cluster
    a.log("keepalived", "state-0")
    a.message("Keepalived[7]", "state-0")
    f = Follow(path, "LVS-master")
    f.until("state-0")
    is_followed((a, 1))
    time.sleep(1.1)
    at = time.time()  # not a second after the journal's: it would count as not read yet
    a.log("keepalived", "state-1")
    a.message("Keepalived[7]", "state-1", at)
    f.until("state-1")
    a.ask("down")
    f.noted("trying again")
    time.sleep(1.1)
    a.message("Keepalived[7]", "state-2")
    time.sleep(1.1) # of the journal's first second, the file's lines do not count
    a.ask("forget")
    a.log("keepalived", "state-3")
    a.message("Keepalived[7]", "state-3")
    a.ask("up")
    f.until("state-3")
    f.until("state-2")
    assert sorted(f.texts()) == [f"state-{n}" for n in range(4)]
    f.stop()


def test_messages_alone(cluster):
    """A journal that has nothing, or cannot be asked: the file is read, and followed."""
    path, a, _ = cluster
    a.ask("nothing")
    a.message("Keepalived[7]", "old", time.time() - 60)
    assert texts(path, "LVS-master") == ["old"]
    f = Follow(path, "LVS-master")
    f.until("old")
    is_followed((a, 1))
    a.message("cron[9]", "not one of ours")
    a.message("Keepalived[7]", "live-0")
    f.until("live-0")
    os.rename(a.logs / "messages", a.logs / "messages-20261122")
    a.message("Keepalived[7]", "live-1")
    f.until("live-1")
    a.ask("down")
    f.noted("trying again")
    a.message("Keepalived[7]", "live-2")
    a.ask("up")
    f.until("live-2")
    assert f.texts() == ["old", "live-0", "live-1", "live-2"]
    assert f.stop() == 0


def test_hostile_text_and_long_lines(cluster):
    path, a, _ = cluster
    with open(a.nginx / "access.log", "wb") as f:
        f.write(b"\033[2J\x9b31m evil \xff\n" + b"y" * 20000 + b"\n" + b"@" * 40 + b"\n")
    a.ask(f"long keepalived.service {MESSAGE_MAX}")
    r = logs(path, "LVS-master", "Web01-RS", "--color=never")
    assert "\\x1b[2J\\x9b31m evil \\xff\n" in r.stdout
    assert not any(c < " " and c != "\n" for c in r.stdout)
    assert "x" * MESSAGE_MAX + "\n" in r.stdout
    assert max(map(len, r.stdout.splitlines())) < 4200
    cut, = [x for x in lines(path, "Web01-RS") if x["cut"]]
    assert set(cut["text"]) == {"y"} and len(cut["text"]) > 3900
    assert [x["text"] for x in lines(path, "Web01-RS")][-1] == "@" * 40


def test_follow_merges_what_comes_live(cluster):
    path, a, b = cluster
    a.log("keepalived", "before")
    f = Follow(path)
    f.until("before")
    is_followed((a, 2), (b, 3))
    for n in range(20):
        (a, b)[n % 2].log("keepalived", f"turn {n:02}")
    a.access("live")
    b.error("upstream timed out")
    f.until("turn 18")
    f.until("turn 19")
    f.until("/live")
    f.until("upstream timed out")
    for n, host in enumerate(("LVS-master", "LVS-node01")):
        turns = [x["text"] for x in f.seen if x["host"] == host and "turn" in x["text"]]
        assert turns == [f"turn {i:02}" for i in range(n, 20, 2)]
    times = [x["time"] for x in f.seen if not x["late"]]
    assert times == sorted(times)
    assert f.stop() == 0 and not f.notes


def test_a_host_that_goes_away_and_comes_back(cluster):
    """Not a line twice, not a line missing; rotated in the meantime, too."""
    path, a, b = cluster
    f = Follow(path)
    is_followed((a, 2), (b, 3))
    b.access("page-0")
    b.log("keepalived", "state-0")
    f.until("page-0")
    f.until("state-0")
    b.ask("down")
    f.noted("Web02-RS")
    b.access("page-1")
    b.log("keepalived", "state-1")
    os.rename(b.nginx / "access.log", b.nginx / "access.log.1")
    b.access("page-2")
    a.log("keepalived", "meanwhile")
    f.until("meanwhile") # the others are not kept waiting
    assert not any("state-1" in t for t in f.texts())
    b.ask("up")
    eventually(lambda: answers("127.0.0.1", b.port), "sshd answers")
    f.noted("Web02-RS is back")
    f.until("page-2")
    f.until("state-1")
    b.access("page-3")
    b.log("keepalived", "state-2")
    f.until("page-3")
    f.until("state-2")
    for what in ("page", "state"):
        got = [w for t in f.texts() for w in t.replace("/", " ").split() if w.startswith(what + "-")]
        assert got == [f"{what}-{n}" for n in range(len(got))], f.texts()
    assert f.stop() == 0


def test_rotated_while_it_is_followed(cluster):
    path, a, b = cluster
    f = Follow(path, "Web01-RS")
    is_followed((a, 1))
    a.access("page-0")
    f.until("page-0")
    os.rename(a.nginx / "access.log", a.nginx / "access.log.1")
    a.access("page-1")
    f.until("page-1")
    a.ask("down")
    f.noted("trying again")
    a.access("page-2")
    a.ask("up")
    f.until("page-2")
    assert [t.split()[6] for t in f.texts()] == ["/page-0", "/page-1", "/page-2"]
    f.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_running(cluster, number):
    path, a, b = cluster
    f = Follow(path)
    is_followed((a, 2), (b, 3))
    eventually(lambda: {"journalctl", "tail", "grep", "cut"} <= set(a.followers()), "all of it runs")
    f.stop(number)
    for m in (a, b):
        eventually(lambda m=m: not m.followers(), f"all has ended: {m.followers()}")


def test_an_unreachable_host_keeps_no_other_from_being_shown(cluster):
    path, a, b = cluster
    a.log("keepalived", "here")
    b.ask("down")
    r = logs(path, expect=69)
    assert "here" in r.stdout
    for host in ("LVS-node01", "Web02-RS", "NFS"):
        assert host in r.stderr


def test_a_reader_that_has_had_enough(cluster):
    path, a, b = cluster
    f = subprocess.Popen(f"{CLUSTERCTL} logs -f --inventory {path} | head -n 1", shell=True,
                         stdout=subprocess.PIPE, text=True)
    is_followed((a, 2), (b, 3))
    while f.poll() is None:
        a.log("keepalived", "tick")
        time.sleep(0.3)
    assert "tick" in f.stdout.read()
    for m in (a, b):
        eventually(lambda m=m: not m.followers(), "all has ended")
