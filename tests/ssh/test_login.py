"""Logging in with more than a plain key: locked keys, passwords, keyboard-interactive."""

import os
import subprocess

import pytest

from accounts import PASSWORD, Accounts
from conftest import eventually, keygen, public, tool
from test_faults import Proxy

OPENSSH = ["aes256-ctr", "aes192-ctr", "aes128-ctr", "aes256-cbc", "aes192-cbc", "aes128-cbc",
           "3des-cbc"]


def locked(sshd, path, *kind, passphrase="secret", known=True):
    key = keygen(path, *kind, passphrase=passphrase)
    if known:
        with open(sshd.dir / "authorized_keys", "a") as f:
            f.write(public(key) + "\n")
    return key


def asked(r):
    return [line for line in r.text.splitlines() if line.startswith("asked: ")]


# --- locked keys ---

@pytest.mark.parametrize("kind,cipher", [("ed25519", c) for c in OPENSSH] + [("ecdsa", OPENSSH[0])])
def test_passphrase(sshd, tmp_path, kind, cipher):
    """Every cipher that keyfile.c says libssh2 can read, with the right one and with a wrong one."""
    key = locked(sshd, tmp_path / "id", kind, "-Z", cipher)
    assert sshd.run("true", identity=key, passphrase="secret").returncode == 0
    r = sshd.run("true", identity=key, passphrase="Secret")
    assert r.message.endswith(f"{key} is encrypted, and not with the passphrase that was given"), r


@pytest.mark.parametrize("form", ["sec1", "pkcs8", "aes-128-cbc"])
def test_passphrase_of_a_pem_key(sshd, tmp_path, form):
    if form == "aes-128-cbc":
        key = locked(sshd, tmp_path / "id", "ecdsa", passphrase="")
        plain = tmp_path / "plain"
        plain.write_bytes(key.read_bytes())
        plain.chmod(0o600)
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "", "-m", "PEM", "-f", plain], check=True)
        subprocess.run(["openssl", "ec", "-in", plain, "-aes128", "-passout", "pass:secret", "-out", key],
                       check=True, stderr=subprocess.DEVNULL)
    else:
        key = locked(sshd, tmp_path / "id", "ecdsa", "-m", {"sec1": "PEM", "pkcs8": "PKCS8"}[form])
    assert b"ENCRYPTED" in key.read_bytes()
    assert sshd.run("true", identity=key, passphrase="secret").returncode == 0
    for wrong in ("Secret", "", "x" * 300):
        r = sshd.run("true", identity=key, passphrase=wrong)
        assert r.message.endswith("is encrypted, and not with the passphrase that was given"), r
    r = sshd.run("true", identity=key, answer=["Secret", "secret"])
    assert r.returncode == 0 and len(asked(r)) == 2, r


def test_ed25519_in_a_locked_pem_file(sshd, tmp_path):
    """Which libssh2 cannot read: not the passphrase's fault."""
    key = tmp_path / "id"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret",
                    "-out", key], check=True)
    r = sshd.run("true", identity=key, passphrase="secret")
    assert r.message.endswith("is a key in PEM form of a type that libssh2 cannot read"), r


@pytest.mark.parametrize("cipher", ["aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"])
def test_cipher_that_libssh2_cannot_read(sshd, tmp_path, cipher):
    key = locked(sshd, tmp_path / "id", "ed25519", "-Z", cipher)
    r = sshd.run("true", identity=key, passphrase="secret")
    assert r.message.endswith(f"{key} is encrypted with {cipher}, which libssh2 cannot read"), r


def test_passphrase_is_asked_for(sshd, tmp_path):
    key = locked(sshd, tmp_path / "id")
    r = sshd.run("true", identity=key, answer=["wrong", "secret"])
    assert r.returncode == 0, r
    assert asked(r) == [f"asked: passphrase of {key} of all",
                        f"asked: passphrase of {key} of all, not wrong"]
    assert r.accepted == f"passphrase of {key}: secret"


def test_given_passphrase_is_for_another_key(sshd, tmp_path):
    key = locked(sshd, tmp_path / "id")
    r = sshd.run("true", identity=key, passphrase="wrong", answer="secret")
    assert r.returncode == 0 and len(asked(r)) == 1, r


def test_nobody_is_asked_to_unlock_what_the_host_refuses(sshd, tmp_path):
    key = locked(sshd, tmp_path / "id", known=False)
    r = sshd.run("true", identity=key, answer="secret")
    assert not [a for a in asked(r) if "passphrase" in a], r
    assert f"{key} (ssh-ed25519) not accepted by the host" in r.message, r


def test_nobody_is_asked_when_another_key_will_do(sshd, tmp_path):
    r = sshd.run("true", identity=[locked(sshd, tmp_path / "id"), sshd.keys["ed25519"]], answer="x")
    assert r.returncode == 0 and not asked(r), r


def test_nothing_is_said(sshd, tmp_path):
    key = locked(sshd, tmp_path / "id")
    r = sshd.run("true", identity=key, answer=["wrong", "wrong"], user="root")
    assert r.error == "FAILED" and f"{key} is encrypted: passphrase of {key}: no more answers" in r.message


def test_interrupted_while_asked(sshd, tmp_path):
    r = sshd.run("true", identity=locked(sshd, tmp_path / "id"), answer="^C")
    assert r.error == "INTERRUPTED", r


def test_agent_holds_the_locked_key(sshd, tmp_path):
    """...and the host refuses it: no use in unlocking the file."""
    key = locked(sshd, tmp_path / "id", passphrase="", known=False)
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", tmp_path / "agent"], stdout=subprocess.DEVNULL)
    eventually((tmp_path / "agent").exists, "ssh-agent is there")
    env = {**os.environ, "SSH_AUTH_SOCK": str(tmp_path / "agent")}
    subprocess.run(["ssh-add", "-q", key], env=env, check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", key], check=True)
    r = sshd.run("true", identity=key, agent=1, env=env, passphrase="secret")
    agent.terminate()
    agent.wait()
    assert r.message.count("not accepted") == 1, r


# --- passwords: PAM asks by keyboard-interactive, sshd itself by password ---

METHODS = {
    "pam": "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n",
    "pam-password": "UsePAM yes\nKbdInteractiveAuthentication no\nPasswordAuthentication yes\n",
    "both": "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication yes\n",
    "shadow": "KbdInteractiveAuthentication no\nPasswordAuthentication yes\n",
    "shadow-both": "KbdInteractiveAuthentication yes\nPasswordAuthentication yes\n",
}


@pytest.fixture(scope="module", params=METHODS)
def accounts(tmp_path_factory, request):
    server = Accounts(tmp_path_factory.mktemp("accounts"), more=METHODS[request.param])
    yield server
    server.stop()


def failures(server):
    return (server.dir / "sshd.log").read_text().count("Failed ")


def test_password(accounts):
    before = failures(accounts)
    r = accounts.run("id -un", password=PASSWORD)
    assert (r.returncode, r.lines) == (0, "1"), r
    assert failures(accounts) == before


def test_wrong_password(accounts):
    r = accounts.run("true", password="wrong")
    assert r.error == "FAILED", r
    assert r.message.endswith("the host refuses the password of ann that was given"), r


def test_password_is_asked_for(accounts):
    r = accounts.run("true", answer=["wrong", PASSWORD])
    assert r.returncode == 0, r
    assert asked(r) == ["asked: password of ann of node1", "asked: password of ann of node1, not wrong"]
    assert r.accepted == f"password of ann: {PASSWORD}"


def test_keys_come_first(accounts):
    r = accounts.run("true", identity=accounts.keys["ed25519"], password="wrong", answer="wrong")
    assert r.returncode == 0 and not asked(r), r


def test_no_answer(accounts):
    r = accounts.run("true", answer=["wrong"])
    assert r.error == "FAILED" and r.message.endswith("password of ann: no more answers"), r
    assert len(asked(r)) == 2, "the other method is not to ask again"


def test_interrupted_at_the_password(accounts):
    assert accounts.run("true", answer="^C").error == "INTERRUPTED"


def test_without_a_password(accounts):
    r = accounts.run("true")
    assert r.error == "FAILED" and "no identity file is set" in r.message, r


@pytest.fixture
def server(tmp_path):
    made = []

    def make(more, **options):
        made.append(Accounts(tmp_path, more=more, **options))
        return made[0]
    yield make
    for s in made:
        s.stop()


@pytest.mark.parametrize("order", ["publickey,password", "password,publickey",
                                   "publickey,keyboard-interactive", "keyboard-interactive,publickey",
                                   "keyboard-interactive,password", "publickey,publickey"])
def test_several_methods(server, order):
    """AuthenticationMethods: what was accepted is not enough by itself."""
    s = server(METHODS["both"] + f"AuthenticationMethods {order}\n")
    keys = [s.keys["ed25519"], s.keys["ecdsa"]]
    for known in ({"password": PASSWORD}, {"answer": ["wrong", PASSWORD, PASSWORD]}):
        r = s.run("true", identity=keys, **known)
        assert r.returncode == 0, r
    if order != "publickey,publickey":
        r = s.run("true", identity=keys, password="wrong")
        assert r.error == "FAILED" and "the host refuses the password of ann" in r.message, r
        r = s.run("true", identity=keys)
        assert r.error == "FAILED", r


def test_passwords_are_not_taken(server):
    s = server("PasswordAuthentication no\nKbdInteractiveAuthentication no\n")
    r = s.run("true", identity=keygen(s.dir / "stranger"), password=PASSWORD, answer="x")
    assert r.error == "FAILED" and not asked(r), r
    assert "not accepted by the host" in r.message and "password of" not in r.message


def test_three_wrong_passwords(server):
    """MaxAuthTries is 6, and asking what is on offer now is a try, too."""
    s = server("PubkeyAuthentication no\n" + METHODS["shadow"])
    r = s.run("true", answer=["a", "b", "c", PASSWORD])
    assert len(asked(r)) >= 3, r
    assert r.returncode == 0 or "Too many authentication failures" in r.message, r


def test_expired_password(server):
    s = server(METHODS["pam"], expired=True)
    r = s.run("true", password=PASSWORD)
    assert r.error == "FAILED" and "the password has expired" in r.message, r
    assert f"ssh -p {s.port} ann@127.0.0.1" in r.hint


def test_expired_password_at_the_door(server):
    """sshd lets it in, to have it changed on a terminal."""
    s = server(METHODS["pam-password"], expired=True)
    r = s.run("true", password=PASSWORD)
    assert r.status == "1" and "Password change required but no TTY available" in r.stderr, r


def test_the_answer_takes_too_long(server, tmp_path):
    """sshd hangs up meanwhile (LoginGraceTime): the next try has the answer."""
    s = server(METHODS["shadow"] + "LoginGraceTime 5\n")
    r = s.run("true", answer=[PASSWORD] * 3, answer_after=6500)
    assert r.returncode == 0 and len(asked(r)) == 2, r


@pytest.mark.parametrize("answer_after,logins", [(0, 1), (1200, 2)])
def test_the_host_hangs_up_at_every_answer(server, answer_after, logins):
    """It is not sent for ever: again only where the host had to wait for it."""
    s = server(METHODS["shadow"])
    kh = s.write("kh", f"127.0.0.1 {public(s.host_keys['ed25519'])}\n")
    proxy = Proxy(("127.0.0.1", s.port))
    try:
        assert s.run("true", port=proxy.port, known_hosts=kh).error == "FAILED"  # no key, no password
        proxy.direction, proxy.action = "up", "rst"
        proxy.at = proxy.count["up"] + 20
        r = s.run("true", port=proxy.port, known_hosts=kh, answer=[PASSWORD] * 9, answer_after=answer_after)
    finally:
        proxy.close()
    assert r.error == "UNREACHABLE" and "connection lost during login" in r.message, r
    assert len(asked(r)) == logins, r
