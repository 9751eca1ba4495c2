"""Hosts that lie. Whatever command a session asks for, a program answers that has read the script and
knows its nonce: no step counts that was not seen to be done, no host is believed about another, nothing
of what they say reaches a terminal as it is, and nobody sends without end.

Nothing of a script is ever run here.
"""
import json
import os
import pathlib
import pty
import resource
import subprocess
import sys
import time

import pytest

from conftest import BUILD, LIMIT, Sshd

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTERCTL = os.environ.get("CLUSTERCTL", str(ROOT / "build/cli/clusterctl"))

# What a host is asked first; with these answers it is taken for one that can be deployed to.
LIAR = r'''
import base64, os, re, select, sys
here = os.path.dirname(os.path.abspath(__file__))
address = os.environ["SSH_CONNECTION"].split()[2]
how = open(f"{here}/how-{address}").read()
out, err = sys.stdout.buffer, sys.stderr.buffer

def listen(script=b""):
    """What comes up to where an answer is due."""
    while not re.search(rb"^m (ready|end)$", script, re.M):
        wait = 1 if script else None  # `logs` sends no end
        more = os.read(0, 65536) if select.select([0], [], [], wait)[0] else b""
        if not more:
            break
        script += more
    return script

script = listen()
nonce = re.search(rb"^N=(\w+)$", script, re.M)[1]
HOSTILE = b"\033]0;PWNED\007\033[2J\x9b31m\r\xe2\x80\xae\xff\xc3 "

def say(text, by=nonce):
    out.write(b"@" + by + b" " + text + b"\n")

def others():
    """The nonces that other hosts have been given by now."""
    for name in os.listdir(here):
        if name.startswith("nonce-") and name != f"nonce-{address}":
            yield open(f"{here}/{name}", "rb").read()

def facts(extra=b""):
    for line in (b"os ID=debian", b"os VERSION_ID=12", b"os PRETTY_NAME=" + extra + b"Debian", b"kernel 6.1.0" + extra,
                 b"hostname x" + extra, b"uid 0", b"systemd 1", b"selinux ", b"link eth0 52:54:00:00:00:01",
                 b"addr 2: eth0    inet " + address.encode() + b"/24 scope global eth0\\       valid_lft"):
        say(b"r " + line)

with open(f"{here}/nonce-{address}", "wb") as f:
    f.write(nonce)
asked = "facts" if b"\nfacts() {" in script else "steps" if b"take_lock" in script else "look"
with open(f"{here}/asked-{address}", "a") as f:
    f.write(asked + "\n")
steps = len(re.findall(rb"^\{ .*m start \d+$", script, re.M))
if how == "silent":
    pass
elif how == "trailer":
    say(b"end")
elif how == "ready":
    say(b"ready"); say(b"end")
elif how == "wrong nonce":
    for by in (b"a" * 16, nonce[:-1], nonce + b"a", nonce.upper(), b"", b"%s", *others()):
        say(b"end", by)
elif how == "after the end":
    facts(); say(b"end"); say(b"r os ID=debian")
elif how == "terminal":
    facts(HOSTILE)
    say(b"r " + HOSTILE)
    say(HOSTILE)
    out.write(HOSTILE * 1000 + b"\0\0\n" + b"\0" * 70000 + b"\n")
    err.write(HOSTILE * 100 + b"\n" + HOSTILE)
    sys.stdout.flush(); err.flush(); sys.exit(3)
elif how == "endless":
    while True:
        out.write(b"x" * 99 + b"\n")
elif how == "endless line":
    while True:
        out.write(b"x" * 65536)
elif how == "endless errors":
    while True:
        err.write(HOSTILE * 5000)
elif how == "endless facts":
    n = 0
    while True:
        n += 1
        say(b"r addr 2: e%d    inet 10.0.0.1/24 scope global" % n)
elif asked != "steps":
    if asked == "facts":
        facts()
        if how.startswith("run "):
            say(b"r " + how.encode())
        if how == "members":
            for n in range(10000):
                say(b"r member member gone%d 127.1.%d.%d 1 root none real_server" % (n, n >> 8, n & 255))
        say(b"ready"); out.flush()
        script = listen()
        with open(f"{here}/asked-{address}", "a") as f:
            f.write("look\n")
    if how == "old file":
        conf = "/etc/keepalived/keepalived.conf"
        for index in re.findall(rb"^ob_content (\d+) " + conf.encode() + b"$", script, re.M):
            say(b"r file:%s stat 600 root root regular file" % conf.encode())
            say(b"r %s content " % index + base64.b64encode(b"vrrp {\n\tauth_pass\tH0stpass\n}\n"))
    say(b"end")
else:
    by = [nonce, *others()] if how == "done for all" else [nonce]
    say(b"mine")
    for n in range(1, steps + 100 if how == "too many" else steps + 1):
        for who in by:
            if how != "done at once":
                say(b"start %d" % n, who)
            if how == "failed" and address == "127.0.0.1":  # the director, which has it
                say(b"out " + base64.b64encode(HOSTILE + b"in: auth_pass\tK4nary-9 K4nary-9\n(K4nary-9)\n"))
                say(b"failed %d \033[2J" % n)
            if how == "unknown":
                say(HOSTILE)
            say(b"done %d" % n, who)
    say(b"end")
try:
    out.flush()
except BrokenPipeError:
    pass
'''

SECRET, THEIRS = "K4nary-9", "H0stpass"
HOSTILE = (b"\033]", b"\033[2J", b"\x9b", b"\xe2\x80\xae", b"\xff", b"\0", b"\007")


def limit_memory():
    if BUILD not in ("asan", "tsan"):  # they take terabytes, and use little of it
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))


class Liars:
    def __init__(self, tmp_path):
        self.dir = tmp_path
        (tmp_path / "sshd").mkdir()
        (tmp_path / "liar.py").write_text(LIAR)
        more = "".join(f"ListenAddress 127.0.0.{n}\n" for n in (2, 3))
        self.sshd = Sshd(tmp_path / "sshd", more=f"{more}ForceCommand {sys.executable} -S -E {tmp_path}/liar.py\n")
        key = (self.sshd.dir / "host_ed25519.pub").read_text().split()
        known = self.sshd.write("known", "".join(
            f"[127.0.0.{n}]:{self.sshd.port} {key[0]} {key[1]}\n" for n in (1, 2, 3)))
        self.path = tmp_path / "inventory.json"
        self.path.write_text(json.dumps({
            "cluster": "liars", "vip": "10.1.1.140", "firewall": "leave", "vrrp": {"version": 2, "auth_pass": SECRET},
            "ssh": {"port": self.sshd.port, "known_hosts": str(known), "identity": str(self.sshd.keys["ed25519"])},
            "hosts": [{"name": name, "address": f"127.0.0.{n}", "role": role} for n, (name, role) in enumerate(
                (("lvs", "director"), ("web", "real_server"), ("nfs", "nfs")), 1)]}))

    def lie(self, *how):
        for n, h in enumerate(how, 1):
            (self.dir / f"how-127.0.0.{n}").write_text(h)
        for old in [*self.dir.glob("asked-*"), *self.dir.glob("nonce-*")]:
            old.unlink()

    def run(self, *args):
        journal = self.dir / "journal"
        env = {**os.environ, "CLUSTERCTL_JOURNAL": str(journal), "NO_COLOR": "1"}
        start = time.monotonic()
        r = subprocess.run([CLUSTERCTL, *args, self.path], capture_output=True, timeout=LIMIT, check=False,
                           stdin=subprocess.DEVNULL, env=env,
                           preexec_fn=limit_memory)
        r.seconds = time.monotonic() - start
        clean(r.stdout)
        clean(r.stderr)
        if journal.exists():
            clean(journal.read_bytes())
            assert journal.stat().st_mode & 0o777 == 0o600
        return r

    def events(self, *args):
        r = self.run("deploy", "--no-verify", "--output=json", "--at-once", *args)
        return r, [json.loads(line) for line in r.stdout.decode().splitlines()]

    def asked(self, n):
        return (self.dir / f"asked-127.0.0.{n}").read_text().split()


def clean(said):
    text = said.decode()  # it is UTF-8
    assert all(c == "\n" or c == "\t" or c.isprintable() for c in text), ascii(text)[:2000]
    assert SECRET not in text and THEIRS not in text, text[:2000]


@pytest.fixture(name="liars", scope="module")
def three_liars(tmp_path_factory):
    made = Liars(tmp_path_factory.mktemp("liars"))
    yield made
    made.sshd.stop()


@pytest.mark.parametrize("how, says", [
    ("silent", "ended early, without its trailer"),
    ("wrong nonce", "ended early, without its trailer"),
    ("trailer", "ended where more of it was due"),
    ("ready", "is not root"),
    ("after the end", "went on talking after the end"),
    ("endless", "more than"),
    ("endless line", "printed a line of more than"),
    ("endless facts", "more network interfaces than makes sense"),
])
def test_what_is_not_believed(liars, how, says):
    """No host gets as far as a plan."""
    liars.lie(how, how, how)
    r = liars.run("deploy", "--no-verify")
    assert r.returncode not in (0, 64) and says in r.stderr.decode() + r.stdout.decode(), r
    assert all(set(liars.asked(n)) == {"facts"} for n in (1, 2, 3))


@pytest.mark.parametrize("how", ["terminal", "endless errors"])
@pytest.mark.parametrize("command", [
    ("deploy", "--no-verify"), ("deploy", "--no-verify", "--output=json"), ("status",), ("status", "--output=json"), ("destroy", "--yes"), ("logs", "--inventory"), ("history", "--inventory")], ids=" ".join)
def test_nothing_reaches_a_terminal_as_it_is(liars, how, command):
    if how != "terminal" and command != ("deploy", "--no-verify"):
        pytest.skip("the same for every command: ssh/exec.c")
    liars.lie(how, how, how)
    r = liars.run(*command)  # looks at what it says
    assert r.returncode not in (0, 64), r


@pytest.mark.parametrize("how", ["done for all", "done at once", "too many", "failed", "unknown"])
def test_no_step_is_done_because_a_host_says_so(liars, how):
    """Neither its own, which nobody has seen, nor that of a host whose nonce it knows."""
    liars.lie(how, "honest", how)
    r, events = liars.events()
    assert r.returncode not in (0, 64), r
    assert "steps" in liars.asked(1)
    assert not [e for e in events if e["type"] == "step_done"], events
    assert [e for e in events if e["type"] == "step_start"] or how == "done at once", events
    outcomes = [e for e in events if e["type"] == "outcome"]
    assert len(outcomes) == 3 and not any(e["ok"] or e["done"] for e in outcomes), events


def test_a_host_that_fails_on_a_screen(liars):
    """What only the live view shows: it has control sequences of its own."""
    liars.lie("failed", "terminal", "unknown")
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", CLUSTERCTL_JOURNAL="", LC_ALL="C.UTF-8")
        os.execv(CLUSTERCTL, [CLUSTERCTL, "deploy", "--no-verify", "--at-once", str(liars.path)])
    said = b""
    try:
        while more := os.read(fd, 65536):
            said += more
    except OSError:
        pass
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    assert status != 0 and b"lvs" in said and rb"\x1b" in said
    for bad in HOSTILE:
        assert bad not in said, ascii(said)[:3000]


def test_the_password_is_shown_nowhere(liars):
    """Neither ours nor the one that is on the host; nor in what a step's command has said."""
    liars.lie("old file", "honest", "honest")
    for args in ((), ("--output=json",)):
        said = liars.run("deploy", "--dry-run", *args).stdout
        assert b"-\tauth_pass ********" in said.replace(b"\\u0009", b"\t").replace(b"\\t", b"\t"), said
        assert b"+        auth_pass ********" in said
    liars.lie("failed", "failed", "failed")
    r, events = liars.events()
    assert "in: auth_pass ********" in r.stdout.decode()
    assert liars.run("check").returncode == 0
    liars.run("status", "--output=json")


def test_a_host_that_remembers_too_many(liars):
    """Hosts that are said to have left the inventory cost a little memory each."""
    liars.lie("members", "silent", "silent")
    r = liars.run("deploy", "--dry-run", "--parallel=64")
    assert r.returncode not in (0, 64) and b"gone9999" in r.stdout, r


@pytest.mark.parametrize("newest, follows, says", [
    ("29991231T235958Z-ffff", "29991231T235959Z", "clock of this machine is behind"),
    ("29991231T235959Z-0000", "30000101T000000Z", "clock of this machine is behind"),
    ("20000101T000000Z-ffff", "20", ""),
    ("99991231T235959Z-ffff", "20", "has to be told which run"),
    ("29999999T999999Z-ffff", "20", "has to be told which run"),
    ("../29991231T235959Z-ff", "20", ""),
])
def test_a_run_comes_after_what_hosts_remember(liars, newest, follows, says):
    """Its id does, whatever this machine's clock says: rollback goes by that."""
    liars.lie("honest", f"run {newest}", "honest")
    r = liars.run("deploy", "--no-verify", "--at-once")
    ran = json.loads((liars.dir / "journal").read_text().splitlines()[-1])["run"]
    assert ran.startswith(follows), ran
    said = [l for l in r.stderr.decode().splitlines() if "clock of this" in l or "has to be told" in l]
    assert len(said) == bool(says) and says in "".join(said), r.stderr
