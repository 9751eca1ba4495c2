"""
The other transport: the system's ssh. What test_exec.py asks of commands holds for it, too; here is
besides what only it can do, how it fails, and that it leaves nothing behind.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import conftest
from conftest import eventually, keygen, public, tool
from test_connect import Listener, fingerprint
from test_exec import *  # noqa: F401,F403 (its tests, with the fixture below)
from test_faults import attempt

# These two cannot be told from each other: see test_status_255.
del test_signal, test_exit_status  # noqa: F821
# It starts ssh_tool by itself.
del test_cancel_while_connecting  # noqa: F821


class Openssh:
    """The sshd of the session, spoken to by the system's ssh."""

    def __init__(self, server):
        self.server = server

    def __getattr__(self, name):
        return getattr(self.server, name)

    def run(self, *command, **options):
        return self.server.run(*command, **{"transport": "openssh", "config": "", **options})


@pytest.fixture
def run_dir(monkeypatch):
    """Where the sockets are made; a short name, as such a path may not be long."""
    with tempfile.TemporaryDirectory(prefix="ctl-") as path:
        monkeypatch.setenv("XDG_RUNTIME_DIR", path)
        yield Path(path)


@pytest.fixture
def sshd(request, run_dir):  # noqa: F811
    """Nothing that a run has started or made outlives it."""
    yield Openssh(request.getfixturevalue("real_sshd"))
    eventually(lambda: not of_ours(run_dir), "every ssh of ours has ended")
    assert list(run_dir.iterdir()) == []


@pytest.fixture(scope="module")
def real_sshd(tmp_path_factory):
    server = conftest.Sshd(tmp_path_factory.mktemp("openssh"))
    yield server
    server.stop()


def of_ours(directory):
    """The processes whose command line names the directory."""
    found = []
    for p in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(directory).encode() in p.read_bytes():
                found.append(int(p.parent.name))
        except OSError:
            pass
    return found


@pytest.mark.parametrize("status", [0, 1, 3, 254])
def test_status(sshd, status):
    r = sshd.run(f"echo out; echo err >&2; exit {status}")
    assert (r.returncode, r.status, r.lines, r.stderr) == (0, str(status), "1", "err\\x0a"), r


@pytest.mark.parametrize("end", ["exit 255", "kill -TERM $$", "kill -KILL $$"])
def test_status_255(sshd, end):
    """ssh says no more; but it was no lost connection, and that is said."""
    r = sshd.run(f"echo dying >&2; {end}")
    assert r.error == "FAILED", r
    assert r.message.endswith(": the command ended with status 255, or was killed by a signal: dying")


def test_rsa_key(sshd):
    assert sshd.run("true", identity=sshd.keys["rsa"]).returncode == 0


def test_rsa_host_key(sshd):
    kh = sshd.write("kh", f"{sshd.name} {public(sshd.host_keys['rsa'])}\n")
    assert sshd.run("true", known_hosts=kh).returncode == 0


def test_certificate(sshd, tmp_path):
    ca, key = keygen(tmp_path / "ca"), keygen(tmp_path / "id")
    subprocess.run(["ssh-keygen", "-q", "-s", ca, "-I", "me", "-n", "root", f"{key}.pub"],
                   check=True)
    before = (sshd.dir / "authorized_keys").read_text()
    sshd.write("authorized_keys", f"cert-authority {public(ca)}\n")
    r = sshd.run("true", identity=key)
    sshd.write("authorized_keys", before)
    assert r.returncode == 0, r


@pytest.mark.parametrize("kind", ["rsa", "cert", "fido", "gcm"])
def test_libssh2_offers_it(sshd, tmp_path, kind):
    """What libssh2 refuses names this transport as the remedy."""
    key = sshd.keys["rsa"]
    if kind == "gcm":
        key = keygen(tmp_path / "k", "ed25519", "-Z", "aes256-gcm@openssh.com", passphrase="secret")
    elif kind != "rsa":
        name = {"cert": b"ssh-ed25519-cert-v01@openssh.com", "fido": b"sk-ssh-ed25519@openssh.com"}[kind]
        key = sshd.write("odd_key", openssh_key(name))
    r = sshd.run("true", identity=key, transport="libssh2")
    assert r.error == "FAILED" and "libssh2" in r.message, r
    assert '"transport": "openssh"' in r.hint


@pytest.mark.parametrize("more,message", [
    ("HostKeyAlgorithms rsa-sha2-512,rsa-sha2-256\n", "the SSH handshake failed"),
    ("PubkeyAuthentication no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
     "GSSAPIAuthentication yes\n", "cannot log in as root"),
], ids=["host key", "gssapi"])
def test_libssh2_offers_it_for_a_host(tmp_path, more, message):
    server = conftest.Sshd(tmp_path, more=more)
    r = server.run("true")
    server.stop()
    assert message in r.message and '"transport": "openssh"' in r.hint, r


def openssh_key(kind):
    """The head of a private key file of some type."""
    import base64
    s = lambda b: len(b).to_bytes(4, "big") + b  # noqa: E731
    raw = b"openssh-key-v1\0" + s(b"none") + s(b"none") + s(b"") + (1).to_bytes(4, "big")
    raw += s(s(kind) + s(b"x" * 32)) + s(b"y" * 64)
    return (b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.encodebytes(raw)
            + b"-----END OPENSSH PRIVATE KEY-----\n")


def test_unknown_host_key(sshd):
    kh = sshd.write("kh", "# nothing\n")
    r = sshd.run("true", known_hosts=kh)
    assert r.error == "FAILED", r
    assert r.message == (f"node1 (127.0.0.1:{sshd.port}): the host's key is not known: ssh says: No "
                         f"ED25519 host key is known for {sshd.name} and you have requested strict "
                         "checking.")
    assert kh.read_text() == "# nothing\n"


@pytest.mark.parametrize("policy", ["strict", "accept-new"])
def test_changed_host_key(sshd, tmp_path, policy):
    kh = sshd.write("kh", f"# first\n{sshd.name} {public(keygen(tmp_path / 'other'))}\n")
    r = sshd.run("true", known_hosts=kh, host_key=policy)
    assert r.error == "FAILED", r
    assert r.message == (f"node1 (127.0.0.1:{sshd.port}): HOST KEY CHANGED: ssh says: Offending "
                         f"ED25519 key in {kh}:2")


def test_revoked_host_key(sshd):
    key = public(sshd.host_keys["ed25519"])
    kh = sshd.write("kh", f"{sshd.name} {key}\n@revoked * {key}\n")
    r = sshd.run("true", known_hosts=kh)
    assert r.error == "FAILED" and "is revoked" in r.message, r


def test_accept_new(sshd, tmp_path):
    kh = tmp_path / "known hosts"
    r = sshd.run("true", known_hosts=kh, host_key="accept-new")
    assert r.returncode == 0 and "Permanently added" in r.note, r
    assert kh.read_text() == f"{sshd.name} {public(sshd.host_keys['ed25519'])}\n"
    assert sshd.run("true", known_hosts=kh).note is None


def test_pinned_key(sshd, tmp_path):
    right, wrong = public(sshd.host_keys["ed25519"]), public(keygen(tmp_path / "other"))
    assert sshd.run("true", pin=[wrong, right], known_hosts=None).returncode == 0
    r = sshd.run("true", pin=wrong, host_key="accept-new")
    assert r.error == "FAILED", r
    assert r.message == (f"node1 (127.0.0.1:{sshd.port}): host key of 127.0.0.1 (ed25519 "
                         f"{fingerprint(sshd.host_keys['ed25519'])}) is none of those pinned in the "
                         f"inventory: {fingerprint(tmp_path / 'other')}")
    assert "ssh_host_ed25519_key.pub" in r.hint and '"pinned_keys"' in r.hint, r


def test_pinned_key_that_is_revoked(sshd):
    key = public(sshd.host_keys["ed25519"])
    kh = sshd.write("kh", f"@revoked {sshd.name} {key}\n")
    for options in ({"known_hosts": kh}, {"known_hosts": None, "config": sshd.write("cfg", f"UserKnownHostsFile {kh}")}):
        r = sshd.run("true", pin=key, **options)
        assert r.error == "FAILED" and "is revoked" in r.message, r
    kh = sshd.write("kh", f"@revoked other {key}\n")
    assert sshd.run("true", pin=key, known_hosts=kh).returncode == 0


@pytest.mark.parametrize("option", ["NoHostAuthenticationForLocalhost yes", "VerifyHostKeyDNS yes",
                                    "KnownHostsCommand /bin/echo * {key}"])
def test_the_operators_file_opens_no_door(sshd, tmp_path, option):
    """Whatever else of it would have a key accepted: pins and known_hosts alone decide."""
    option = option.format(key=public(sshd.host_keys["ed25519"]))
    config = sshd.write("cfg", option + "\n")
    wrong = public(keygen(tmp_path / "other"))
    r = sshd.run("true", pin=wrong, config=config)
    assert r.error == "FAILED" and "is none of those pinned" in r.message, r
    r = sshd.run("true", known_hosts=sshd.write("kh", ""), config=config)
    assert r.error == "FAILED" and "is not known" in r.message, r
    r = sshd.run("true", known_hosts=sshd.write("kh", f"{sshd.name} {wrong}\n"), config=config)
    assert r.error == "FAILED" and "HOST KEY CHANGED" in r.message, r


def test_known_hosts_command(sshd):
    """...counts where the inventory names no file, as the files of ssh_config do."""
    command = f"KnownHostsCommand /bin/echo {sshd.name} {public(sshd.host_keys['ed25519'])}\n"
    assert sshd.run("true", known_hosts=None, config=sshd.write("cfg", command)).returncode == 0


def test_ssh_without_known_hosts_command(sshd, tmp_path):
    """OpenSSH before 8.5 takes the word for a mistake."""
    old = tmp_path / "ssh"
    old.write_text("""#!/bin/sh
case "$*" in *KnownHostsCommand*) exit 255 ;; esac
[ "$1" != -F ] || [ "$2" = none ] || ! grep -q KnownHostsCommand "$2" || exit 255
exec /usr/bin/ssh "$@"
""")
    old.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    right, wrong = public(sshd.host_keys["ed25519"]), public(keygen(tmp_path / "other"))
    assert sshd.run("true", pin=right, env=env).returncode == 0
    assert "is none of those pinned" in sshd.run("true", pin=wrong, env=env).message


def test_no_key_accepted(sshd, tmp_path):
    r = sshd.run("true", identity=keygen(tmp_path / "a"))
    assert r.error == "FAILED", r
    assert f"node1 (127.0.0.1:{sshd.port}): cannot log in: ssh says: " in r.message
    assert "Permission denied (publickey" in r.message and "BatchMode=yes" in r.hint


def test_encrypted_key_is_not_asked_for(sshd, tmp_path):
    r = sshd.run("true", identity=keygen(tmp_path / "a", passphrase="secret"))
    assert r.error == "FAILED" and "Permission denied" in r.message and r.seconds < 20, r


def test_refused_port(sshd):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # bound, but does not listen
        r = sshd.run("true", port=s.getsockname()[1])
    assert r.error == "UNREACHABLE" and "Connection refused" in r.message, r


def test_silent_listener(sshd):
    with Listener(lambda n, c: "keep") as silent:
        r = sshd.run("true", port=silent.port, connect_timeout=100)
    assert r.error == "UNREACHABLE" and "has not connected and logged in within 0.2 s" in r.message, r


def test_listener_hangs_up(sshd):
    with Listener(lambda n, c: "drop") as rude:
        r = sshd.run("true", port=rude.port, connect_timeout=2000)
    assert r.error == "UNREACHABLE" and rude.count > 1, r


def test_no_ssh_there(sshd, tmp_path):
    r = sshd.run("true", env={**os.environ, "PATH": str(tmp_path)})
    assert r.error == "SYSTEM" and "cannot start ssh: No such file" in r.message, r
    assert "openssh-client" in r.hint


def test_ten_at_once(sshd):
    assert sshd.run("echo ok", threads=10, connect_timeout=30000).failures == "0"


def test_the_operators_file_counts(sshd, tmp_path):
    """...Match blocks and all, below what the inventory says and above its defaults."""
    config = tmp_path / "config"
    config.write_text(f"Match originalhost node\n HostName 127.0.0.1\n Port {sshd.port}\n"
                      f"Host *\n IdentityFile {sshd.keys['rsa']}\n IdentitiesOnly yes\n"
                      " StrictHostKeyChecking no\n BatchMode no\n RemoteCommand true\n")
    more = {"config": config, "alias": "node", "address": "192.0.2.1", "transport": "openssh"}
    r = tool("echo ok; exit 7", known_hosts=sshd.known_hosts, **more)
    assert (r.status, r.lines) == ("7", "1"), r
    r = tool("true", known_hosts=sshd.write("kh", ""), **more)
    assert "is not known" in r.message, r
    r = tool("true", known_hosts=sshd.known_hosts, user="nobody", **more)
    assert "cannot log in: ssh says: nobody@127.0.0.1: Permission denied" in r.message, r


def test_bad_file(sshd, tmp_path):
    config = tmp_path / "config"
    config.write_text("NoSuchThing yes\n")
    r = sshd.run("true", config=config)
    assert r.error == "FAILED" and "bad configuration options" in r.message, r


def test_jump_host(sshd, tmp_path):
    """Of the operator's file; its host key is verified, too."""
    config = tmp_path / "config"
    config.write_text(f"Host target\n HostName 127.0.0.1\n ProxyJump jump\n"
                      f"Host jump\n HostName localhost\n"
                      f"Host *\n Port {sshd.port}\n IdentityFile {sshd.keys['ed25519']}\n User root\n")
    kh = tmp_path / "kh"
    key = public(sshd.host_keys["ed25519"])
    more = {"config": config, "alias": "target", "transport": "openssh", "known_hosts": kh}
    kh.write_text(f"{sshd.name} {key}\n[localhost]:{sshd.port} {key}\n")
    r = tool("echo ok", **more)
    assert (r.status, r.lines) == ("0", "1"), r
    kh.write_text(f"{sshd.name} {key}\n")
    r = tool("true", **more)
    assert r.error == "FAILED" and f"is known for [localhost]:{sshd.port}" in r.message, r


def test_killed_client_leaves_no_process(sshd, run_dir):
    """The master's input ends with us; what prints on the host finds nobody to print to."""
    p = subprocess.Popen([conftest.TOOL, "transport=openssh", "config=", f"port={sshd.port}",
                          f"identity={sshd.keys['ed25519']}", f"known_hosts={sshd.known_hosts}",
                          "while sleep 0.1; do echo x; done"],
                         stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    eventually(lambda: len(of_ours(run_dir)) == 2, "master and command are there")
    time.sleep(0.5)
    p.send_signal(signal.SIGKILL)
    p.wait()
    eventually(lambda: not of_ours(run_dir), "both have ended")
    for path in run_dir.glob("*/*"):
        path.unlink()
    for path in run_dir.iterdir():
        path.rmdir()


def test_no_false_success(sshd, tmp_path):
    """A few of test_faults.py's cases: success is only ever the whole of it."""
    r, complete, count = attempt(sshd, tmp_path, "good")
    assert r.returncode == 0 and complete, r
    for action in ("rst", "fin", "flip", "stall"):
        for direction, at in (("down", 0.9), ("down", 0.99), ("up", 0.9)):
            name = f"{direction}-{action}-{at}"
            r, complete, _ = attempt(sshd, tmp_path, name, direction=direction, action=action,
                                     at=int(count[direction] * at))
            assert r.returncode == 1 or complete, f"{name}: FALSE SUCCESS: {r}"
            assert r.seconds < 20, f"{name}: {r}"


