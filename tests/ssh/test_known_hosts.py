"""Each case is decided by ssh_tool and by OpenSSH's ssh, against the same sshd."""

import base64
import hashlib
import hmac
import subprocess

import pytest

from conftest import LIMIT, Sshd, answers, keygen, public, tool

ACCEPT, UNKNOWN, CHANGED, REVOKED = "accept", "is not in", "HOST KEY CHANGED", "is revoked by"


def hashed(name, salt=b"0123456789abcdefghij"):
    mac = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(mac).decode()}"


# What to write ({h}: the name with port, {p}: the plain address, {k}: the right key, {x}: a wrong
# one of that type, {r}: one of another type, {b}: the right key's base64), and the verdict.
CASES = {
    "right": ("{h} {k}\n", ACCEPT),
    "right with comment": ("{h} {k} root@somewhere else\n", ACCEPT),
    "no newline at the end": ("{h} {k}", ACCEPT),
    "tabs and many blanks": ("  \t{h}\t  {k}   \n", ACCEPT),
    "CR LF": ("{h} {k}\r\n", ACCEPT),
    "CR LF and comment": ("# c\r\n\r\n{h} {k} comment\r\n", ACCEPT),
    "CR LF, wrong": ("{h} {x}\r\n", CHANGED),
    "empty": ("", UNKNOWN),
    "only comments": ("# {h} {k}\n  # {h} {k}\n\n", UNKNOWN),
    "wrong": ("{h} {x}\n", CHANGED),
    "wrong then right": ("{h} {x}\n{h} {k}\n", ACCEPT),
    "right then wrong": ("{h} {k}\n{h} {x}\n", ACCEPT),
    "other type only": ("{h} {r}\n", UNKNOWN),
    "other type and right": ("{h} {r}\n{h} {k}\n", ACCEPT),
    "other host": ("[127.0.0.2]:{port} {k}\n", UNKNOWN),
    "other port": ("[127.0.0.1]:1 {k}\n", UNKNOWN),
    "list": ("example.com,{h},10.0.0.1 {k}\n", ACCEPT),
    "list, last": ("a,b,c,{h} {k}\n", ACCEPT),
    "list with empty members": (",,{h},, {k}\n", ACCEPT),
    "list without it": ("example.com,10.0.0.1 {k}\n", UNKNOWN),
    "star": ("* {k}\n", ACCEPT),
    "star, wrong": ("* {x}\n", CHANGED),
    "star and right": ("* {x}\n{h} {k}\n", ACCEPT),
    "star in the middle": ("[127.*.1]:* {k}\n", ACCEPT),
    "stars": ("**1**2*7***] {k}\n[*27.*]:*{last} {k}\n", ACCEPT),
    "question mark": ("[127.?.?.1]:{port} {k}\n", ACCEPT),
    "question mark for nothing": ("{h}? {k}\n", UNKNOWN),
    "negated": ("[*,!{h} {k}\n", UNKNOWN),
    "negated first": ("!{h},[* {k}\n", UNKNOWN),
    "negated by pattern": ("*,!*127.?.0.1* {k}\n", UNKNOWN),
    "negated, but not as plain name": ("*,!{h} {k}\n", ACCEPT),
    "negation of another": ("!10.*,* {k}\n", ACCEPT),
    "only a negation": ("!10.* {k}\n", UNKNOWN),
    "negated here, right there": ("*,!{h} {x}\n{h} {k}\n", ACCEPT),
    "hashed": ("{hash} {k}\n", ACCEPT),
    "hashed, wrong": ("{hash} {x}\n", CHANGED),
    "hashed other": ("{hash_other} {k}\n", UNKNOWN),
    "hashed, damaged": ("{hash}x {k}\n", UNKNOWN),
    "hashed, cut": ("|1|abc {k}\n", UNKNOWN),
    "hashed, unknown kind": ("|2|abc|def {k}\n", UNKNOWN),
    "hashed in a list": ("x,{hash} {k}\n", UNKNOWN),
    "revoked": ("@revoked {h} {k}\n", REVOKED),
    "revoked beside right": ("{h} {k}\n@revoked * {k}\n", REVOKED),
    "revoked before right": ("@revoked {h} {k}\n{h} {k}\n", REVOKED),
    "revoked hashed": ("{h} {k}\n@revoked {hash} {k}\n", REVOKED),
    "revoked elsewhere": ("{h} {k}\n@revoked 10.0.0.1 {k}\n", ACCEPT),
    "other key revoked": ("{h} {k}\n@revoked * {x}\n", ACCEPT),
    "revoked by plain name": ("{h} {k}\n@revoked {p} {k}\n", ACCEPT),
    "cert-authority": ("@cert-authority * {k}\n", UNKNOWN),
    "cert-authority beside right": ("@cert-authority * {k}\n{h} {k}\n", ACCEPT),
    "cert-authority beside wrong": ("@cert-authority * {k}\n{h} {x}\n", CHANGED),
    "unknown marker": ("@trusted {h} {k}\n", UNKNOWN),
    "two markers": ("@revoked @revoked {h} {k}\n{h} {k}\n", ACCEPT),
    "marker alone": ("@revoked\n{h} {k}\n", ACCEPT),
    "malformed lines around": ("{h}\n{h} ssh-ed25519\n{h} ssh-ed25519 !!!\nx y z\n{h} {k}\n", ACCEPT),
    "malformed only": ("{h}\n{h} ssh-ed25519\n{h} ssh-ed25519 AAAA\n", UNKNOWN),
    "type does not fit the key": ("{h} ssh-rsa {b}\n", UNKNOWN),
    "key without type": ("{h} {b}\n", UNKNOWN),
    "protocol 1 line": ("{h} 2048 65537 1234567\n{h} {k}\n", ACCEPT),
    "key cut by a blank": ("{h} {cut}\n", UNKNOWN),
    "upper case type": ("{h} {upper}\n", UNKNOWN),
    "plain name, right": ("{p} {k}\n", ACCEPT),
    "plain name, wrong": ("{p} {x}\n", UNKNOWN),
    "plain name right, port wrong": ("{p} {k}\n{h} {x}\n", CHANGED),
    "plain name wrong, port right": ("{p} {x}\n{h} {k}\n", ACCEPT),
    "plain name right, port of another type": ("{p} {k}\n{h} {r}\n", UNKNOWN),
    "plain name hashed": ("{hash_plain} {k}\n", ACCEPT),
    "plain name right but revoked": ("{p} {k}\n@revoked {p} {k}\n", REVOKED),
}

# The same on port 22, where names are plain.
CASES_22 = {
    "right": ("{p} {k}\n", ACCEPT),
    "wrong": ("{p} {x}\n", CHANGED),
    "hashed": ("{hash_plain} {k}\n", ACCEPT),
    "with port": ("[{p}]:22 {k}\n", UNKNOWN),
    "with another port": ("[{p}]:2222 {k}\n", UNKNOWN),
    "star": ("127.* {k}\n", ACCEPT),
    "revoked": ("{p} {k}\n@revoked * {k}\n", REVOKED),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Shows one key only, so that both clients decide about the same one."""
    s = Sshd(tmp_path_factory.mktemp("kh"), host_keys=("ed25519",),
             more="ListenAddress 127.0.0.22:22\n")
    s.wrong = keygen(s.dir / "wrong")
    s.other = keygen(s.dir / "other", "ecdsa")
    yield s
    s.stop()


def known_hosts(server, address, port, template):
    key = public(server.host_keys["ed25519"])
    kind, b64 = key.split()
    name = address if port == 22 else f"[{address}]:{port}"
    text = template.format(h=name, p=address, port=port, k=key, b=b64, x=public(server.wrong),
                           r=public(server.other), hash=hashed(name), last=str(port)[-1],
                           hash_plain=hashed(address), hash_other=hashed("example.com"),
                           cut=f"{kind} {b64[:30]} {b64[30:]}", upper=f"{kind.upper()} {b64}")
    return server.write("known_hosts.case", text)


def openssh_accepts(server, address, port, path):
    p = subprocess.run(
        ["ssh", "-F", "none", "-p", str(port), "-i", server.keys["ed25519"], "-l", "root",
         "-o", f"UserKnownHostsFile={path}", "-o", "GlobalKnownHostsFile=/dev/null",
         "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
         address, "true"], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=LIMIT)
    assert p.returncode == 0 or b"Host key verification failed" in p.stderr, p.stderr
    return p.returncode == 0


def compare(server, address, port, template, verdict):
    path = known_hosts(server, address, port, template)
    r = tool(address=address, port=port, identity=server.keys["ed25519"], known_hosts=path)
    assert (r.returncode == 0) == openssh_accepts(server, address, port, path), r
    assert r.returncode == 0 if verdict == ACCEPT else verdict in (r.message or ""), r


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_ssh(server, case):
    compare(server, "127.0.0.1", server.port, *CASES[case])


@pytest.mark.parametrize("case", CASES_22)
def test_agrees_with_ssh_on_port_22(server, case):
    if not answers("127.0.0.22", 22):
        pytest.skip("127.0.0.22:22 is not ours to use")
    compare(server, "127.0.0.22", 22, *CASES_22[case])
