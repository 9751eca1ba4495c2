"""Jump hosts: the way to a host, one after the other, each known by its key; with both transports."""

import concurrent.futures
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from conftest import LIMIT, TOOL, Sshd, eventually, keygen, public, tool
from test_connect import Listener


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """A jump host of its own, that lets the first one's keys in."""
    server = Sshd(tmp_path_factory.mktemp("second"), host_keys=("ed25519",))
    yield server
    server.stop()


@pytest.fixture(params=["libssh2", "openssh"])
def way(request, sshd, second, tmp_path):
    """Options for a connection to `sshd`, by names under which only the way tells the hosts."""
    second.authorize(sshd.keys["ed25519"])
    kh = tmp_path / "kh"
    kh.write_text(f"{sshd.name} {public(sshd.host_keys['ed25519'])}\n"
                  f"[localhost]:{sshd.port} {public(sshd.host_keys['ed25519'])}\n"
                  f"[localhost]:{second.port} {public(second.host_keys['ed25519'])}\n")
    yield {"transport": request.param, "known_hosts": kh, "identity": sshd.keys["ed25519"],
           "port": sshd.port, "config": ""}


def log_of(server):
    return (server.dir / "sshd.log").read_text().count("Accepted publickey")


def test_one(way, second):
    before = log_of(second)
    r = tool("echo ok; exit 3", jump=f"root@localhost:{second.port}", **way)
    assert (r.status, r.lines) == ("3", "1"), r
    assert log_of(second) == before + 1


def test_two_in_a_row(way, sshd, second):
    r = tool("echo ok", jump=[f"root@localhost:{second.port}", f"root@localhost:{sshd.port}"], **way)
    assert (r.status, r.lines) == ("0", "1"), r


def test_none(way, sshd, tmp_path):
    """...which is stronger than what ssh_config says."""
    config = tmp_path / "config"
    config.write_text("ProxyJump root@127.0.0.1:1\n")
    assert tool("true", **{**way, "config": config}).error == "UNREACHABLE"
    assert tool("true", jump="none", **{**way, "config": config}).returncode == 0


def test_of_ssh_config(way, sshd, second, tmp_path):
    config = tmp_path / "config"
    config.write_text(f"Host 127.0.0.1\n ProxyJump bastion\nHost bastion\n HostName localhost\n"
                      f" User root\n Port {sshd.port}\n")
    r = tool("echo ok", **{**way, "config": config})
    assert (r.status, r.lines) == ("0", "1"), r


def test_much_data(way, second, tmp_path):
    data = tmp_path / "in"
    data.write_bytes(b"0123456789abcdef" * 500_000)
    out = tmp_path / "out"
    r = tool("cat", jump=f"root@localhost:{second.port}", out=out, max_line=16_000_000,
             **way, **{"in": data})
    assert r.status == "0" and out.read_bytes() == data.read_bytes() + b"\n", r


def test_unknown_jump_host(way, sshd, second):
    way["known_hosts"].write_text(f"{sshd.name} {public(sshd.host_keys['ed25519'])}\n")
    r = tool("true", jump=f"root@localhost:{second.port}", **way)
    assert r.error == "FAILED", r
    assert f"is known for [localhost]:{second.port} and you have requested strict checking" in r.message
    assert r.seconds < 20


def test_changed_jump_host(way, sshd, second, tmp_path):
    kh = way["known_hosts"]
    kh.write_text(f"{sshd.name} {public(sshd.host_keys['ed25519'])}\n"
                  f"[localhost]:{second.port} {public(keygen(tmp_path / 'other'))}\n")
    r = tool("true", jump=f"root@localhost:{second.port}", **way)
    assert r.error == "FAILED" and "HOST KEY CHANGED: ssh says: Offending" in r.message, r
    assert f"{kh}:2" in r.message


def test_changed_host_behind_it(way, sshd, second, tmp_path):
    kh = way["known_hosts"]
    kh.write_text(f"[localhost]:{second.port} {public(second.host_keys['ed25519'])}\n"
                  f"{sshd.name} {public(keygen(tmp_path / 'other'))}\n")
    r = tool("true", jump=f"root@localhost:{second.port}", **way)
    assert r.error == "FAILED" and "HOST KEY CHANGED" in r.message and f"{kh}:2" in r.message, r


def test_jump_host_lets_nobody_in(way, second, tmp_path):
    second.authorize(keygen(tmp_path / "other"))
    r = tool("true", jump=f"root@localhost:{second.port}", **way)
    assert r.error == "FAILED" and "Permission denied" in r.message, r


def test_jump_host_is_away(way):
    r = tool("true", jump="root@localhost:1", **way)
    assert r.error == "UNREACHABLE" and "Connection refused" in r.message, r


def test_host_behind_it_is_away(way, second):
    way["port"] = 1
    r = tool("true", jump=f"root@localhost:{second.port}", connect_timeout=2000, **way)
    assert r.error == "UNREACHABLE" and "Connection refused" in r.message, r


def test_silent_jump_host(way):
    with Listener(lambda n, c: "keep") as silent:
        r = tool("true", jump=f"root@localhost:{silent.port}", connect_timeout=100, **way)
    assert r.error == "UNREACHABLE" and "within 0.2 s" in r.message and r.seconds < 10, r


class Wire:
    """The way from the jump host to the host, which can be cut: without a word to either end."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.cut = threading.Event()
        self.sockets = [self.listener]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                ends = self.listener.accept()[0], socket.create_connection(self.target)
                self.sockets += ends
                for a, b in (ends, ends[::-1]):
                    threading.Thread(target=self.pump, args=(a, b), daemon=True).start()
        except OSError:
            pass

    def pump(self, a, b):
        try:
            while data := a.recv(65536):
                if self.cut.is_set():
                    return
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()


@pytest.fixture
def wire(way, sshd):
    with Wire(sshd.port) as w:
        with way["known_hosts"].open("a") as f:
            f.write(f"[127.0.0.1]:{w.port} {public(sshd.host_keys['ed25519'])}\n")
        way["port"] = w.port
        way["dead_after"] = 4500
        yield w


def at_once(run, cases):
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
        return list(pool.map(lambda case: run(*case), cases))


def test_host_behind_it_dies(way, wire, sshd, second, tmp_path):
    """dead_after counts to the host itself, not to the jump host."""
    one, two = f"root@localhost:{second.port}", f"root@localhost:{sshd.port}"
    data = tmp_path / "in"
    data.write_bytes(b"x" * 250_000)
    between = {"repeat": 2, "pause": 5000, "dead_after": 8000, "connect_timeout": 5000}
    all_run = f"until [ $(ls {tmp_path}/*.runs | wc -l) = 6 ]; do sleep 0.1; done"  # its pause begins then
    cases = [("sleep 40", one, {}), ("sleep 40", [one, two], {}), (all_run, one, between),
             ("cat", one, {"wait": 1}),  # nothing goes on
             ("while sleep 0.2; do echo x; done", one, {}),
             ("while sleep 0.3 && head -c 20000 | grep -q x; do :; done; sleep 40", one, {"in": data})]

    def running():
        return [f for f in tmp_path.iterdir() if f.suffix == ".runs"]

    def run(command, jump, more):
        done = tmp_path / f"{id(more)}.runs"
        return tool(f"touch {done}; {command}", jump=jump, timeout=35000, **{**way, **more})

    def cut():
        eventually(lambda: len(running()) == len(cases), "the commands run")
        time.sleep(1)
        wire.cut.set()
    threading.Thread(target=cut, daemon=True).start()
    for r in at_once(run, cases):
        assert wire.cut.is_set()
        assert r.error == "UNREACHABLE" and r.seconds < 25, r
        assert ": connection lost during " in r.message, r
        if way["transport"] == "libssh2":
            assert ": no sign of life from the host for " in r.message, r


def test_silent_command_behind_it(way, wire, second, tmp_path):
    """A host that has nothing to say is there all the same, also with its window full."""
    data = tmp_path / "in"
    data.write_bytes(b"x" * 4_000_000)
    cases = [("sleep 9; echo ok", {}), ("sleep 9; wc -c", {"in": data}), ("sleep 5; echo; sleep 4; wc -c", {"in": data})]

    def run(command, more):
        return tool(command, jump=f"root@localhost:{second.port}", timeout=40000, **more, **way)
    for r in at_once(run, cases):
        assert r.status == "0" and r.lines in ("1", "2"), r


@pytest.mark.parametrize("way", ["libssh2"], indirect=True)
def test_stopped_client_behind_it(way, wire, second, tmp_path):
    """Who was stopped for longer than that has heard nothing, and that is nobody's fault but its own."""
    options = {**way, "jump": f"root@localhost:{second.port}"}
    p = subprocess.Popen([TOOL, *(f"{k}={v}" for k, v in options.items()), f"touch {tmp_path}/runs; sleep 8; echo ok"],
                         stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    eventually((tmp_path / "runs").exists, "the command runs")
    time.sleep(0.5)
    ssh = int(Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text())
    for pid, sig, seconds in ((ssh, signal.SIGSTOP, 3),  # so that there is a question without an answer
                              (p.pid, signal.SIGSTOP, 4.5), (p.pid, signal.SIGCONT, 0.5),
                              (ssh, signal.SIGCONT, 0)):
        os.kill(pid, sig)
        time.sleep(seconds)
    out = p.communicate(timeout=LIMIT)[0]
    assert "status: 0\nlines: 1\n" in out, out
