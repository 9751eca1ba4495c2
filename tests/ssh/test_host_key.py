"""The choices about host keys: accept-new, held against OpenSSH's own, and pinned keys."""

import os
import subprocess

import pytest

from conftest import LIMIT, keygen, public
from test_connect import fingerprint
from test_known_hosts import CASES, known_hosts, server  # noqa: F401 (a fixture)


def openssh_accepts_new(server, path):
    p = subprocess.run(
        ["ssh", "-F", "none", "-p", str(server.port), "-i", server.keys["ed25519"], "-l", "root",
         "-o", f"UserKnownHostsFile={path}", "-o", "GlobalKnownHostsFile=/dev/null",
         "-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes", "127.0.0.1", "true"],
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=LIMIT)
    assert p.returncode == 0 or b"Host key verification failed" in p.stderr, p.stderr
    return p.returncode == 0


# ssh takes a new key although it is revoked under the name without the port; never here.
STRICTER = "plain name right but revoked"


def test_accept_new_refuses_a_revoked_key(server):
    path = known_hosts(server, "127.0.0.1", server.port, CASES[STRICTER][0])
    r = server.run("true", known_hosts=path, host_key="accept-new")
    assert r.error == "FAILED" and f"is revoked by {path}:2" in r.message, r


# Those where a file says nothing of the host, or something that could be taken for it.
NEW = ["right", "no newline at the end", "empty", "only comments", "wrong", "wrong then right",
       "other type only", "other host", "other port", "list without it", "star, wrong", "negated",
       "negated here, right there", "hashed", "hashed, wrong", "hashed other", "hashed, damaged",
       "revoked", "revoked hashed", "other key revoked", "cert-authority", "malformed only",
       "cert-authority beside wrong", "key without type", "key cut by a blank",
       "plain name, right", "plain name, wrong", "plain name right, port of another type"]


@pytest.mark.parametrize("case", NEW)
def test_accept_new_agrees_with_ssh(server, case):
    """Who gets in, and what the file is afterwards."""
    path = known_hosts(server, "127.0.0.1", server.port, CASES[case][0])
    before = path.read_bytes()
    theirs = openssh_accepts_new(server, path)
    after = path.read_bytes()
    path.write_bytes(before)
    r = server.run("true", known_hosts=path, host_key="accept-new")
    assert (r.returncode == 0) == theirs, r
    assert path.read_bytes() == after
    assert (r.note is not None) == (after != before)
    # and what was added counts
    if theirs:
        r = server.run("true", known_hosts=path)
        assert r.returncode == 0 and r.note is None, r


def test_accept_new_says_so(sshd, tmp_path):
    kh = tmp_path / "new" / "known_hosts"
    other = sshd.write("kh", "# not this one\n")
    r = sshd.run("true", known_hosts=[kh, other], host_key="accept-new")
    assert r.returncode == 0, r
    assert r.note == (f"node1 (127.0.0.1:{sshd.port}): its host key was not known and is trusted "
                      "from now on (ssh-ed25519 "
                      f"{fingerprint(sshd.host_keys['ed25519'])}, added to {kh})")
    assert kh.read_text() == f"{sshd.name} {public(sshd.host_keys['ed25519'])}\n"
    assert kh.stat().st_mode & 0o777 == 0o600 and kh.parent.stat().st_mode & 0o777 == 0o700
    assert other.read_text() == "# not this one\n"


def test_accept_new_refuses_a_changed_key(sshd, tmp_path):
    kh = sshd.write("kh", f"{sshd.name} {public(keygen(tmp_path / 'other'))}\n")
    before = kh.read_text()
    r = sshd.run("true", known_hosts=kh, host_key="accept-new")
    assert "HOST KEY CHANGED" in r.message and f"{kh}:1" in r.message, r
    assert kh.read_text() == before and r.note is None


def test_accept_new_refuses_what_it_cannot_keep(sshd, tmp_path):
    kh = tmp_path / "file" / "known_hosts"
    (tmp_path / "file").write_text("")
    r = sshd.run("true", known_hosts=kh, host_key="accept-new")
    assert r.error == "SYSTEM" and f"cannot write to {kh}: Not a directory" in r.message, r
    assert "its host key is new (ssh-ed25519 SHA256:" in r.message
    assert sshd.run("true", known_hosts=None, host_key="accept-new").error == "FAILED"


def test_accept_new_once_for_many_sessions(sshd, tmp_path):
    kh = tmp_path / "kh"
    r = sshd.run("true", known_hosts=kh, host_key="accept-new", threads=10)
    assert r.failures == "0", r
    assert len(kh.read_text().splitlines()) == r.text.count("note: ") == 1


def test_strict_adds_nothing(sshd, tmp_path):
    kh = tmp_path / "kh"
    assert "is not in" in sshd.run("true", known_hosts=kh).message
    assert not kh.exists()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_pinned_key(sshd, tmp_path, kind):
    """known_hosts is neither needed nor asked, and the pinned type is the one that is shown."""
    key = sshd.host_keys[kind]
    wrong = sshd.write("kh", f"{sshd.name} {public(keygen(tmp_path / 'other'))}\n")
    pins = [public(keygen(tmp_path / "first", kind)), public(key)]
    assert sshd.run("true", pin=pins, known_hosts=None).returncode == 0
    assert sshd.run("true", pin=public(key), known_hosts=wrong).returncode == 0


def test_pinned_fingerprint(sshd, tmp_path):
    right, other = fingerprint(sshd.host_keys["ed25519"]), fingerprint(keygen(tmp_path / "o"))
    assert sshd.run("true", pin=[other, right], known_hosts=None).returncode == 0


def test_other_than_the_pinned_key(sshd, tmp_path):
    """...even where known_hosts would have it, and new keys are accepted."""
    a, b = keygen(tmp_path / "a"), keygen(tmp_path / "b")
    before = sshd.known_hosts.read_text()
    r = sshd.run("true", pin=[public(a), fingerprint(b)], host_key="accept-new")
    assert r.error == "FAILED", r
    assert r.message == (f"node1 (127.0.0.1:{sshd.port}): host key of 127.0.0.1 (ssh-ed25519 "
                         f"{fingerprint(sshd.host_keys['ed25519'])}) is none of those pinned in "
                         f"the inventory: {fingerprint(a)}, {fingerprint(b)}")
    assert '"pinned_keys"' in r.hint and sshd.known_hosts.read_text() == before


def test_pinned_key_that_is_revoked(sshd):
    key = public(sshd.host_keys["ed25519"])
    kh = sshd.write("kh", f"@revoked * {key}\n")
    r = sshd.run("true", pin=key, known_hosts=kh)
    assert r.error == "FAILED" and r.message.endswith(f"is revoked by {kh}:1"), r


def test_pinned_key_of_another_type_name(sshd):
    kind, b64 = public(sshd.host_keys["ed25519"]).split()
    r = sshd.run("true", pin=f"ssh-rsa {b64}", known_hosts=None)
    assert kind == "ssh-ed25519" and "is none of those pinned" in r.message, r


def test_clusterctl_says_what_it_trusts(sshd, tmp_path):
    """The whole program: a note on standard error, the line on file, and no note the next time."""
    program = os.environ.get("CLUSTERCTL", "build/cli/clusterctl")
    inventory = tmp_path / "inventory.json"
    inventory.write_text(f"""{{"cluster": "c", "vip": "10.99.0.1",
        "ssh": {{"port": {sshd.port}, "identity": "{sshd.keys['ed25519']}", "agent": false,
                 "known_hosts": "kh", "host_key": "accept-new"}},
        "hosts": [{{"name": "d", "address": "127.0.0.1", "role": "director"}},
                  {{"name": "w", "address": "127.0.0.2", "role": "real_server"}}]}}""")

    def history():
        return subprocess.run([program, "history", f"--inventory={inventory}"], capture_output=True, text=True,
                              timeout=LIMIT, stdin=subprocess.DEVNULL, check=False).stderr

    said = history()
    assert "its host key was not known and is trusted from now on" in said, said
    assert (tmp_path / "kh").read_text().startswith(f"{sshd.name} ssh-ed25519 ")
    assert "was not known" not in history()


@pytest.mark.parametrize("transport", ["libssh2", "openssh"])
@pytest.mark.parametrize("listed", ["it", "another", "nothing", "no file", "none", "KRL"])
def test_revoked_host_keys(sshd, tmp_path, transport, listed):
    """ssh_config's RevokedHostKeys: what ssh refuses is refused, whatever known_hosts and pins say."""
    keys, other = tmp_path / "revoked", keygen(tmp_path / "other")
    text = {"it": f"# gone\n\n{public(other)} me\n  {public(sshd.host_keys['ed25519'])} host\n",
            "another": f"{public(other)}\n", "nothing": ""}.get(listed)
    if text is not None:
        keys.write_text(text)
    elif listed == "KRL":
        subprocess.run(["ssh-keygen", "-q", "-k", "-f", keys, f"{sshd.host_keys['ed25519']}.pub"], check=True)
    config = tmp_path / "config"
    config.write_text(f"RevokedHostKeys {'none' if listed == 'none' else keys}\n")
    for more in ({}, {"pin": public(sshd.host_keys["ed25519"])}):
        r = sshd.run("true", config=config, transport=transport, **more)
        if listed in ("another", "nothing", "none"):
            assert r.returncode == 0, r
            continue
        assert r.error in ("FAILED", "SYSTEM"), r
        if transport == "libssh2":
            assert {"it": f"is revoked by {keys}:4", "KRL": "is a KRL, which only the system's ssh can read",
                    "no file": f"RevokedHostKeys: cannot read {keys}: "}[listed] in r.message, r
