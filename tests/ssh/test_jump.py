"""Jump hosts: the way to a host, one after the other, each known by its key; with both transports."""

import pytest

from conftest import Sshd, keygen, public, tool
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
        r = tool("true", jump=f"root@localhost:{silent.port}", connect_timeout=500, **way)
    assert r.error == "UNREACHABLE" and "within 1.0 s" in r.message and r.seconds < 10, r
