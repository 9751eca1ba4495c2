"""Connecting: who gets in, and what the others are told."""

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from conftest import Sshd, eventually, keygen, public, tool


def fingerprint(path):
    return subprocess.run(["ssh-keygen", "-lf", f"{path}.pub"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.split()[1]


def copy_key(source, target):
    shutil.copy(source, target)
    target.chmod(0o600)
    return target


class Listener:
    """Accepts connections and hands each to `behave` (which returns to hang up)."""

    def __init__(self, behave):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.count = 0
        self.behave = behave
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            self.count += 1
            if self.behave(self.count, c) == "keep":
                self.open.append(c)
            else:
                c.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for c in self.open:
            c.close()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_key_is_accepted(sshd, kind):
    r = sshd.run("echo hello", identity=sshd.keys[kind])
    assert (r.returncode, r.status, r.lines) == (0, "0", "1"), r


@pytest.mark.parametrize("curve", ["256", "384", "521"])
def test_pem_key_is_accepted(sshd, tmp_path, curve):
    key = keygen(tmp_path / "id", "ecdsa", "-b", curve, "-m", "PEM")
    assert b"BEGIN EC PRIVATE KEY" in key.read_bytes()
    with open(sshd.dir / "authorized_keys", "a") as f:
        f.write(public(key) + "\n")
    assert sshd.run("true", identity=key).returncode == 0


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_known_key_type_is_asked_for(sshd, kind):
    """A host known by one of its keys only must not look unknown."""
    kh = sshd.write("kh", f"{sshd.name} {public(sshd.host_keys[kind])}\n")
    r = sshd.run("true", known_hosts=kh)
    if kind == "rsa":  # libssh2 1.10 cannot verify rsa-sha2 host signatures
        assert r.error == "FAILED" and "is not in" in r.message, r
        assert f"({kh}:1 has its ssh-rsa key)" in r.message, r
    else:
        assert r.returncode == 0, r


def test_unknown_host_key(sshd):
    kh = sshd.write("kh", "# nothing\n")
    r = sshd.run("true", known_hosts=[kh, "/nonexistent/known_hosts"])
    assert r.error == "FAILED", r
    assert r.message == (f"node1 (127.0.0.1:{sshd.port}): host key of 127.0.0.1 (ssh-ed25519 "
                         f"{fingerprint(sshd.host_keys['ed25519'])}) is not in {kh}, "
                         "/nonexistent/known_hosts")
    assert f"ssh-keyscan -p {sshd.port} -t ed25519 127.0.0.1 >> {kh}" in r.hint


def test_changed_host_key(sshd, tmp_path):
    other = keygen(tmp_path / "other")
    kh = sshd.write("kh", f"# first line\n{sshd.name} {public(other)}\n")
    r = sshd.run("true", known_hosts=kh)
    assert r.error == "FAILED", r
    assert r.message == (f"node1 (127.0.0.1:{sshd.port}): HOST KEY CHANGED: 127.0.0.1 shows "
                         f"ssh-ed25519 {fingerprint(sshd.host_keys['ed25519'])}, but {kh}:2 has "
                         f"{fingerprint(other)}")


def test_revoked_host_key(sshd):
    key = public(sshd.host_keys["ed25519"])
    kh = sshd.write("kh", f"{sshd.name} {key}\n@revoked * {key}\n")
    r = sshd.run("true", known_hosts=kh)
    assert r.error == "FAILED" and r.message.endswith(f"is revoked by {kh}:2"), r


def test_unreadable_known_hosts(sshd, tmp_path):
    r = sshd.run("true", known_hosts=tmp_path)  # a directory
    assert r.error == "SYSTEM" and str(tmp_path) in r.message, r


def test_rsa_key(sshd):
    r = sshd.run("true", identity=sshd.keys["rsa"])
    assert r.error == "FAILED" and "is an RSA key, which libssh2" in r.message, r
    assert "ssh-keygen -t ed25519" in r.hint


@pytest.mark.parametrize("cipher", ["aes256-ctr", "aes256-gcm@openssh.com",
                                    "chacha20-poly1305@openssh.com"])
def test_encrypted_key(sshd, tmp_path, cipher):
    key = keygen(tmp_path / "my key", "ed25519", "-Z", cipher, passphrase="secret")
    r = sshd.run("true", identity=key)
    assert r.error == "FAILED", r
    if cipher == "aes256-ctr":
        assert r.message.endswith(f"{key} is encrypted"), r
    else:
        assert r.message.endswith(f"{key} is encrypted with {cipher}, which libssh2 cannot read")
        assert f"ssh-keygen -p -Z aes256-ctr -f '{key}'" in r.hint
    assert f"ssh-add '{key}'" in r.hint


def test_encrypted_pem_key(sshd, tmp_path):
    key = keygen(tmp_path / "id", "ecdsa", "-m", "PEM", passphrase="secret")
    r = sshd.run("true", identity=key)
    assert r.error == "FAILED" and r.message.endswith("is encrypted"), r


@pytest.mark.parametrize("content,problem", [
    (b"", "is not a private key file"),
    (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "is cut short"),
    (b"-----BEGIN OPENSSH PRIVATE KEY-----\n!!\n-----END OPENSSH PRIVATE KEY-----\n", "not base64"),
    (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "is damaged"),
    (b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "cannot be read"),
    (b"ssh-ed25519 AAAA comment\n", "is a public key"),
    (b"ssh-ed25519-cert-v01@openssh.com AAAA\n", "is an OpenSSH certificate"),
    (b"x" * 70000, "is too large"),
])
def test_bad_key_file(sshd, content, problem):
    key = sshd.write("bad_key", content)
    r = sshd.run("true", identity=key)
    assert r.error == "FAILED" and f"{key} " in r.message and problem in r.message, r


def test_key_that_others_can_read(sshd, tmp_path):
    key = copy_key(sshd.keys["ed25519"], tmp_path / "id")
    key.chmod(0o644)
    r = sshd.run("true", identity=key)
    assert r.error == "FAILED" and "its mode 0644 lets others read it" in r.message, r
    assert f"chmod 600 {key}" in r.hint


@pytest.mark.parametrize("beside", ["its own", "another's", "damaged", "no newline", "none"])
def test_public_key_beside(sshd, tmp_path, beside):
    """It is used when it is the private one's: the host would take neither of two that do not belong together."""
    key = copy_key(sshd.keys["ed25519"], tmp_path / "id")
    own = Path(f"{sshd.keys['ed25519']}.pub").read_text()
    text = {"its own": own, "another's": Path(f"{sshd.keys['ecdsa']}.pub").read_text(), "damaged": own.replace("A", "B"),
            "no newline": own.strip(), "none": None}[beside]
    if text:
        (tmp_path / "id.pub").write_text(text)
    assert sshd.run("true", identity=key).returncode == 0


def test_no_key_accepted(sshd, tmp_path):
    keys = [keygen(tmp_path / name) for name in ("a", "b")]
    r = sshd.run("true", identity=[keys[0], "/nonexistent/key", keys[1]])
    assert r.error == "FAILED", r
    assert r.message == (f"node1 (127.0.0.1:{sshd.port}): cannot log in as root: "
                         f"{keys[0]} (ssh-ed25519) not accepted by the host; "
                         f"{keys[1]} (ssh-ed25519) not accepted by the host")
    assert "authorized_keys" in r.hint


def test_second_key_accepted(sshd, tmp_path):
    assert sshd.run("true", identity=[keygen(tmp_path / "a"), sshd.keys["ecdsa"]]).returncode == 0


def test_first_key_is_tried_unasked(tmp_path):
    """What else the host offers is asked only when that was not enough: a round trip."""
    sshd = Sshd(tmp_path, more="LogLevel DEBUG1\n")
    log = tmp_path / "sshd.log"
    assert sshd.run("true").returncode == 0
    sshd.stop()
    assert "method publickey" in log.read_text() and "method none" not in log.read_text()
    sshd.start()
    other = keygen(tmp_path / "other")
    assert sshd.run("true", identity=[other, sshd.keys["ed25519"]], known_hosts=sshd.write(
        "known", f"{sshd.name} {public(sshd.host_keys['ed25519'])}\n")).returncode == 0
    sshd.stop()
    assert log.read_text().count("method none") == 1


def test_no_key_exists(sshd):
    r = sshd.run("true", identity=["/nonexistent/a", "/nonexistent/b"])
    assert r.message.endswith("no identity file exists: /nonexistent/a, /nonexistent/b"), r
    assert sshd.run("true", identity=None).message.endswith("no identity file is set")


def test_too_many_keys(sshd, tmp_path):
    r = sshd.run("true", identity=[keygen(tmp_path / str(i)) for i in range(8)])
    assert r.error == "UNREACHABLE" and "Too many authentication failures" in r.message, r
    assert "MaxAuthTries" in r.hint


def test_refused_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # bound, but does not listen
        port = s.getsockname()[1]
        r = tool("true", port=port)
    assert r.error == "UNREACHABLE", r
    assert r.message == f"node1 (127.0.0.1:{port}): cannot connect: Connection refused"
    assert f"nothing listens on port {port}" in r.hint


def test_silent_listener(sshd):
    with Listener(lambda n, c: "keep") as silent:
        r = sshd.run("true", port=silent.port, connect_timeout=400)
    assert r.error == "UNREACHABLE", r
    assert r.message == (f"node1 (127.0.0.1:{silent.port}): connected, but the SSH handshake was "
                         "not complete within 0.4 s")
    assert silent.count == 1, "a listener that says nothing is not worth another try"


def test_listener_hangs_up(sshd):
    with Listener(lambda n, c: "drop") as rude:
        r = sshd.run("true", port=rude.port, connect_timeout=700)
    assert r.error == "UNREACHABLE", r
    assert f"hangs up on every SSH handshake ({rude.count} tries in 0.7 s)" in r.message
    assert rude.count > 1 and "MaxStartups" in r.hint


def test_not_ssh(sshd):
    with Listener(lambda n, c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n") or "keep") as web:
        r = sshd.run("true", port=web.port, connect_timeout=400)
    assert r.error == "UNREACHABLE", r


def test_refused_handshake_is_tried_again(sshd):
    """As when sshd drops connections beyond MaxStartups."""

    def behave(n, c):
        if n <= 3:
            c.sendall(b"Exceeded MaxStartups\r\n")
            return "drop"
        up = socket.create_connection(("127.0.0.1", sshd.port))
        for a, b in ((c, up), (up, c)):
            threading.Thread(target=pump, args=(a, b), daemon=True).start()
        return "keep"

    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    with Listener(behave) as busy:
        kh = sshd.write("kh", f"127.0.0.1 {public(sshd.host_keys['ed25519'])}\n")
        r = sshd.run("echo ok", port=busy.port, known_hosts=kh)
    assert r.returncode == 0 and busy.count == 4, r


def test_forty_at_once(sshd):
    r = sshd.run("echo ok", threads=40, connect_timeout=30000)
    assert r.failures == "0", r


@pytest.fixture
def agent(tmp_path):
    path = tmp_path / "agent"
    p = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    eventually(path.exists, "ssh-agent is there")
    yield {**os.environ, "SSH_AUTH_SOCK": str(path)}
    p.terminate()
    p.wait()


def ssh_add(env, *keys):
    subprocess.run(["ssh-add", "-q", *keys], env=env, check=True, stderr=subprocess.DEVNULL,
                   stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_agent(sshd, agent, tmp_path, kind):
    ssh_add(agent, keygen(tmp_path / "stranger"), sshd.keys["rsa"], sshd.keys[kind])
    assert sshd.run("true", identity=None, agent=1, env=agent).returncode == 0


def test_agent_holds_the_encrypted_key(sshd, agent, tmp_path):
    key = copy_key(sshd.keys["ed25519"], tmp_path / "id")
    ssh_add(agent, key)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", key], check=True)
    assert sshd.run("true", identity=key, agent=1, env=agent).returncode == 0


def test_agent_failures(sshd, agent, tmp_path):
    r = sshd.run("true", identity=None, agent=1, env=agent)
    assert r.message.endswith("ssh-agent holds no key"), r
    ssh_add(agent, sshd.keys["rsa"], keygen(tmp_path / "stranger"))
    r = sshd.run("true", identity=None, agent=1, env=agent)
    assert "ssh-agent's \"id_rsa\" is an RSA key" in r.message, r
    assert "ssh-agent's \"stranger\" (ssh-ed25519) not accepted by the host" in r.message
    r = sshd.run("true", identity=None, agent=1, env={**agent, "SSH_AUTH_SOCK": "/nonexistent"})
    assert "no ssh-agent answers at /nonexistent: No such file" in r.message, r
    r = sshd.run("true", identity=None, agent=1, env={**agent, "SSH_AUTH_SOCK": ""})
    assert "no ssh-agent is running" in r.message, r


@pytest.mark.parametrize("answer,problem", [
    (b"", "ssh-agent does not answer"),
    (b"\0\0\0\1\5", "ssh-agent refuses"),
    (b"\0\0\0\5\x0c\xff\xff\xff\xff", "makes no sense"),
    (b"\0\0\0\x0d\x0c\0\0\0\1\xff\xff\xff\xff\0\0\0\0", "makes no sense"),
    (b"\xff\xff\xff\xff", "makes no sense"),
])
def test_agent_misbehaves(sshd, tmp_path, answer, problem):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(tmp_path / "a"))
        s.listen()
        env = {**os.environ, "SSH_AUTH_SOCK": str(tmp_path / "a")}
        hold = []
        threading.Thread(target=lambda: hold.append(s.accept()[0]) or hold[0].sendall(answer),
                         daemon=True).start()
        r = sshd.run("true", identity=None, agent=1, env=env, connect_timeout=10000 if answer else 1000)
    assert r.error == "FAILED" and problem in r.message, r
