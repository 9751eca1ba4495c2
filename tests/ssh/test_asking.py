"""clusterctl asks for secrets: on the terminal, once for five hosts, and not at all without one."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import termios
import time

import pytest

from accounts import PASSWORD, Accounts
from conftest import LIMIT, eventually, keygen, public

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTERCTL = os.environ.get("CLUSTERCTL", str(ROOT / "build/cli/clusterctl"))
SUDOERS = "Defaults timestamp_timeout=0\nann ALL=(ALL) ALL"


class Terminal:
    """A process with a terminal of its own."""

    def __init__(self, *argv, env=None):
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 100))
        self.theirs = theirs
        self.screen = b""
        self.process = subprocess.Popen(
            [CLUSTERCTL, *argv], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**os.environ, "TERM": "xterm", **(env or {})},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def read(self, seconds):
        if select.select([self.ours], [], [], seconds)[0]:
            self.screen += os.read(self.ours, 65536)

    def until(self, text, count=1):
        end = time.monotonic() + LIMIT
        while self.screen.count(text.encode()) < count:
            assert time.monotonic() < end and self.process.poll() is None, self.screen.decode()
            self.read(0.1)

    def echo(self):
        return bool(termios.tcgetattr(self.theirs)[3] & termios.ECHO)

    def type(self, text):
        os.write(self.ours, text.encode() + b"\n")

    def end(self):
        end = time.monotonic() + LIMIT
        while self.process.poll() is None:
            assert time.monotonic() < end, self.screen.decode()
            self.read(0.1)
        self.read(0.1)
        os.close(self.ours)
        os.close(self.theirs)
        return self.process.returncode


class Five:
    """The reference cluster's five hosts, all of them ann's account on one sshd."""

    def __init__(self, path):
        (path / "sshd").mkdir()
        more = "".join(f"ListenAddress 127.0.0.{n}\n" for n in range(2, 6))
        self.dir = path
        self.sshd = Accounts(path / "sshd", sudoers=SUDOERS,
                             more=more + "UsePAM yes\nKbdInteractiveAuthentication yes\n")
        key = public(self.sshd.host_keys["ed25519"])
        self.known = self.sshd.write("known", "".join(f"[127.0.0.{n}]:{self.sshd.port} {key}\n"
                                                      for n in range(1, 6)))

    def inventory(self, **ssh):
        model = json.loads((ROOT / "inventory/examples/reference.json").read_text())
        model["ssh"] = {"port": self.sshd.port, "user": "ann", "known_hosts": str(self.known),
                        "agent": False, "config": False, "identity": [], "become": "sudo", **ssh}
        for n, host in enumerate(model["hosts"], 1):
            host["address"] = f"127.0.0.{n}"
        path = self.dir / "inventory.json"
        path.write_text(json.dumps(model))
        path.chmod(0o600)
        return path


@pytest.fixture(scope="module", name="five")
def five_hosts(tmp_path_factory):
    made = Five(tmp_path_factory.mktemp("five"))
    yield made
    made.sshd.stop()


ASKS = "password of ann on "
ASKS_SUDO = "sudo password of ann on "


def test_five_hosts_ask_once(five):
    five.sshd.sudoers(SUDOERS)
    t = Terminal("history", "--inventory", five.inventory())
    t.until(ASKS)
    assert not t.echo()
    t.type(PASSWORD)
    t.until(ASKS_SUDO)
    t.type(PASSWORD)
    assert t.end() == 0, t.screen
    text = t.screen.decode()
    assert text.count(ASKS) == 2 and text.count(ASKS_SUDO) == 1 and PASSWORD not in text, text


def test_locked_key(five):
    key = keygen(five.dir / "locked", passphrase="secret phrase")
    with open(five.sshd.dir / "authorized_keys", "a") as f:
        f.write(public(key) + "\n")
    five.sshd.sudoers("ann ALL=(ALL) NOPASSWD: ALL")
    t = Terminal("history", "--inventory", five.inventory(identity=str(key)))
    t.until("passphrase of ")
    t.type("wrong phrase")
    t.until("that is not right")
    t.type("secret phrase")
    assert t.end() == 0, t.screen
    assert t.screen.count(b"passphrase of ") == 2 and b"phrase\r" not in t.screen, t.screen


def test_three_wrong_answers(five):
    five.sshd.sudoers(SUDOERS)
    t = Terminal("history", "--inventory", five.inventory(identity=str(five.sshd.keys["ed25519"])))
    for n in range(3):
        t.until(ASKS_SUDO, n + 1)
        t.type(f"wrong{n}")
    assert t.end() == 1, t.screen
    text = t.screen.decode()
    assert text.count(ASKS_SUDO) == 3 and "what was typed is refused" in text and "wrong1" not in text


def test_nothing_is_typed(five):
    t = Terminal("history", "--inventory", five.inventory())
    t.until(ASKS)
    t.type("")
    assert t.end() == 1, t.screen
    assert t.screen.decode().count(ASKS) == 1 and b"no answer was given" in t.screen, t.screen


@pytest.mark.parametrize("how", ["ctrl-c", "SIGTERM"])
def test_interrupted(five, how):
    t = Terminal("history", "--inventory", five.inventory())
    t.until(ASKS)
    if how == "ctrl-c":
        os.write(t.ours, b"\x03")
    else:
        t.process.send_signal(signal.SIGTERM)
    eventually(t.echo, "the terminal is as before")
    assert t.end() == 130, t.screen


def test_suspended(five):
    """The shell finds its terminal in order; the question stands there again afterwards."""
    five.sshd.sudoers("ann ALL=(ALL) NOPASSWD: ALL")
    t = Terminal("history", "--inventory", five.inventory())
    t.until(ASKS)
    stat = pathlib.Path(f"/proc/{t.process.pid}/stat")
    # An orphaned process group is not stopped by the terminal: as a shell's job it would be.
    os.kill(t.process.pid, signal.SIGTSTP)
    t.until(ASKS, 2)
    t.type(PASSWORD)
    assert stat.exists() and t.end() == 0, t.screen


def test_without_a_terminal(five):
    r = subprocess.run([CLUSTERCTL, "history", "--inventory", five.inventory()], capture_output=True, text=True,
                       stdin=subprocess.DEVNULL, start_new_session=True, timeout=LIMIT, check=False)
    assert r.returncode == 1, r
    assert "password of ann: there is no terminal to ask on" in r.stderr, r.stderr
    assert "CLUSTERCTL_SSH_PASSWORD" in r.stderr, r.stderr


def drawn(screen):
    """What a terminal of many lines shows in the end: enough of one for what the table writes."""
    lines, row, col = [""], 0, 0
    for part in re.findall(r"\x1b\[\??\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+", screen):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            col = 0
        elif part[0] != "\x1b":
            lines[row] = lines[row][:col].ljust(col) + part + lines[row][col + len(part):]
            col += len(part)
        elif part[-1] == "A":
            row -= int(part[2:-1] or 1)
            assert row >= 0, "above the first line"
        elif part[-1] in "KJ":
            lines[row] = lines[row][:col]
            if part[-1] == "J":
                del lines[row + 1:]
    return [line.rstrip() for line in lines]


def test_table_gives_way(five):
    """A table redrawn ten times a second leaves the question alone, and leaves nothing behind."""
    five.sshd.sudoers(SUDOERS)
    t = Terminal("deploy", "--dry-run", "--no-verify", five.inventory(), env={"NO_COLOR": "1"})
    t.until(ASKS)
    before = t.screen
    t.read(0.5)
    assert t.screen == before, "nothing is drawn while a question stands"
    t.type(PASSWORD)
    t.until(ASKS_SUDO)
    t.type(PASSWORD)
    t.end()
    lines = drawn(t.screen.decode().replace("\r\n", "\n\r"))
    assert not [line for line in lines if line.startswith("looking at")], lines
    assert [line[:31] for line in lines[:2]] == ["clusterctl: password of ann on ",
                                                "clusterctl: sudo password of an"], lines[:4]
