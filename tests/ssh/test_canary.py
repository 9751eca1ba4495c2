"""No secret is where it should not be: in argument lists and environments, in what is printed in any form,
in the journal, in logs and files at either end, in what hosts are sent. One canary for each."""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

import pytest

import accounts
from conftest import LIMIT, Sshd, eventually, keygen, public
from test_asking import ASKS, CLUSTERCTL, Five, Terminal
from test_lying import LIAR

PASS, LOGIN, PHRASE, SUDO = "K4nAuth8", "K4nary-login", "K4nary-phrase", accounts.PASSWORD
CANARIES = [s.encode() for s in (PASS, LOGIN, PHRASE, SUDO, json.dumps(SUDO)[1:-1])]
READING = [["history", "--inventory"], ["status"], ["status", "--output=json"], ["deploy", "--dry-run", "--no-verify"],
           ["deploy", "--dry-run", "--no-verify", "--output=json"], ["doctor"], ["doctor", "--output=json"],
           ["verify", "--output=junit"]]


def found(data):
    return [c.decode() for c in CANARIES if c in data]


class Watcher(threading.Thread):
    """Looks at every process over and over: [(pid, what, canary)]. What `mine` has was given to it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.hits, self.rounds, self.over, self.mine = set(), 0, False, {os.getpid()}

    def run(self):
        while not self.over:
            for p in pathlib.Path("/proc").glob("[0-9]*"):
                for what in ("cmdline", "environ"):
                    try:
                        seen = found((p / what).read_bytes())
                    except OSError:
                        continue
                    self.hits |= {(int(p.name), what, c) for c in seen if int(p.name) not in self.mine}
            self.rounds += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.join()


def test_the_watcher_sees():
    with Watcher() as w, subprocess.Popen(["sh", "-c", "read x; :", LOGIN], stdin=subprocess.PIPE, env={"X": PHRASE}):
        before = w.rounds
        eventually(lambda: w.rounds >= before + 2, "it has looked at all of them")
    assert {(what, c) for _, what, c in w.hits} >= {("cmdline", LOGIN), ("environ", PHRASE)}


def files(directory):
    return {p: p.read_bytes() for p in directory.rglob("*") if p.is_file()}


@pytest.fixture(scope="module", name="five")
def five_hosts(tmp_path_factory):
    made = Five(tmp_path_factory.mktemp("canary"))
    yield made
    made.sshd.stop()


@pytest.mark.parametrize("source", ["inventory", "file", "command"])
def test_looking(five, tmp_path, source):
    """Password and sudo password, of a real sshd and sudo. The three commands of a day, in every form."""
    def secret(name, value):
        path = tmp_path / name
        path.write_text(value + "\n")
        path.chmod(0o600)
        return {"inventory": value, "file": {"file": str(path)},
                "command": {"command": f"cat {path}"}}[source]
    path = five.inventory(password=secret("login", SUDO), become_password=secret("sudo", SUDO),
                          passphrase=secret("phrase", PHRASE))
    model = json.loads(path.read_text())
    model["vrrp"] = {"version": 2, "advert_interval": 1, "auth_pass": secret("pass", PASS)}
    path.write_text(json.dumps(model))
    journal = tmp_path / "journal"
    env = {**os.environ, "CLUSTERCTL_JOURNAL": str(journal)}
    with Watcher() as w:
        commands = list(READING if source == "inventory" else READING[:1])
        while commands or w.rounds <= 3:
            command = commands.pop(0) if commands else command
            r = subprocess.run([CLUSTERCTL, *command, path], capture_output=True, stdin=subprocess.DEVNULL,
                               env=env, timeout=LIMIT, check=False, start_new_session=True)
            assert not found(r.stdout + r.stderr), (command, r)
            assert b"become root" not in r.stderr and b"log in" not in r.stderr, r.stderr
    assert w.rounds > 3 and not w.hits, w.hits
    assert not journal.exists() or not found(journal.read_bytes())
    for name, data in files(five.sshd.dir).items():
        assert not found(data), name


def test_environment_is_wiped(five, tmp_path):
    """While another secret is asked for: neither we nor our children show the variables."""
    path = five.inventory(become_password={"env": "MY_OWN"}, passphrase="x")
    t = Terminal("history", "--inventory", path,
                 env={"CLUSTERCTL_PASSPHRASE": PHRASE, "MY_OWN": SUDO, "CLUSTERCTL_SUDO_PASSWORD": LOGIN})
    t.until(ASKS)
    environ = pathlib.Path(f"/proc/{t.process.pid}/environ").read_bytes()
    assert b"PATH=" in environ and not found(environ), environ
    t.type(SUDO)
    assert t.end() == 0 and not found(t.screen), t.screen


LEAKS = pathlib.Path(CLUSTERCTL).resolve().parents[1] / "tests/secrets/leaks.so"


@pytest.mark.parametrize("how", ["password", "passphrase", "variables", "wrong"])
def test_memory_is_wiped(five, tmp_path, how):
    """Every block that held a part of the secret, libssh2's among them; see tests/golden/test_wiped.py."""
    secret, said, env = SUDO, tmp_path / "leaks", {}
    five.sshd.sudoers("ann ALL=(ALL) ALL")
    if how == "variables":
        path = five.inventory()
        env = {"CLUSTERCTL_SSH_PASSWORD": SUDO, "CLUSTERCTL_SUDO_PASSWORD": SUDO}
    elif how == "passphrase":
        key, secret = keygen(tmp_path / "id", passphrase=PHRASE), PHRASE
        with open(five.sshd.dir / "authorized_keys", "a") as f:
            f.write(public(key) + "\n")
        path = five.inventory(identity=str(key), passphrase=PHRASE, become_password=SUDO)
    elif how == "wrong":
        secret = LOGIN
        path = five.inventory(password=LOGIN)
    else:
        path = five.inventory(password=SUDO, become_password=SUDO)
    env = {**os.environ, "LD_PRELOAD": str(LEAKS), "LEAKS_CANARY": secret[:8], "LEAKS_FILE": str(said), **env}
    r = subprocess.run([CLUSTERCTL, "history", "--inventory", path], capture_output=True, env=env,
                       stdin=subprocess.DEVNULL, timeout=LIMIT, check=False, start_new_session=True)
    assert r.returncode == (1 if how == "wrong" else 0), r.stderr
    assert said.read_text() == "looking\n", said.read_text()


@pytest.mark.parametrize("transport", ["libssh2", "openssh"])
def test_variables_are_used_and_not_inherited(five, transport):
    """The system's ssh is a child that lives for as long as the run."""
    path = five.inventory(transport=transport, identity=str(five.sshd.keys["ed25519"]))
    env = {**os.environ, "CLUSTERCTL_SSH_PASSWORD": LOGIN, "CLUSTERCTL_SUDO_PASSWORD": SUDO}
    with Watcher() as w:
        p = subprocess.Popen([CLUSTERCTL, "history", "--inventory", path], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=env)
        w.mine.add(p.pid)
        out, err = p.communicate(timeout=LIMIT)
    assert p.returncode == 0 and not found(out + err), err
    assert not [h for h in w.hits if h[0] != p.pid], w.hits


def decoded(sent):
    """What was sent, and behind it each block of base64 of it in clear."""
    blocks = re.findall(rb"(?:^[A-Za-z0-9+/]{4,76}={0,2}\n)+", sent, re.M)
    return [sent, *(base64.b64decode(b + b"==") for b in blocks)]


@pytest.mark.parametrize("form", ["text", "json"])
def test_deploying(tmp_path, form):
    """To hosts that only seem to carry it out, and keep all that they are sent: auth_pass is there,
    for keepalived.conf; nothing of log-in is. (They look as before afterwards: the run fails.)"""
    (tmp_path / "sshd").mkdir()
    (tmp_path / "liar.py").write_text(LIAR)
    keep = f"sh -c 'tee {tmp_path}/sent.$$ | {sys.executable} -S -E {tmp_path}/liar.py'"
    more = "".join(f"ListenAddress 127.0.0.{n}\n" for n in (2, 3))
    sshd = Sshd(tmp_path / "sshd", more=f"{more}ForceCommand {keep}\n")
    key = keygen(tmp_path / "locked", passphrase=PHRASE)
    sshd.authorize(key)
    host_key = public(sshd.host_keys["ed25519"])
    known = sshd.write("known", "".join(f"[127.0.0.{n}]:{sshd.port} {host_key}\n" for n in (1, 2, 3)))
    for n in (1, 2, 3):
        (tmp_path / f"how-127.0.0.{n}").write_text("done")
    path, journal = tmp_path / "inventory.json", tmp_path / "journal"
    path.write_text(json.dumps({
        "cluster": "canary", "vip": "10.1.1.140", "firewall": "leave",
        "vrrp": {"version": 2, "auth_pass": PASS},
        "ssh": {"port": sshd.port, "known_hosts": str(known), "identity": str(key), "agent": False,
                "password": LOGIN, "passphrase": PHRASE, "become_password": SUDO},
        "hosts": [{"name": name, "address": f"127.0.0.{n}", "role": role} for n, (name, role) in enumerate(
            (("lvs", "director"), ("web", "real_server"), ("nfs", "nfs")), 1)]}))
    with Watcher() as w:
        r = subprocess.run([CLUSTERCTL, "deploy", "--no-verify", "--at-once", f"--output={form}", path],
                           capture_output=True, stdin=subprocess.DEVNULL, timeout=LIMIT, check=False,
                           env={**os.environ, "CLUSTERCTL_JOURNAL": str(journal)})
    sshd.stop()
    sent = [text for path in tmp_path.glob("sent.*") for text in decoded(path.read_bytes())]
    assert [text for text in sent if b"auth_pass " + PASS.encode() in text], "keepalived.conf"
    for text in sent:
        assert set(found(text)) <= {PASS}, text
    assert not found(r.stdout + r.stderr + journal.read_bytes()), r
    assert w.rounds > 3 and not w.hits, w.hits
    assert not found((sshd.dir / "sshd.log").read_bytes())
