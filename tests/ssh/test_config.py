"""~/.ssh/config: read as OpenSSH's ssh reads it (ssh -G says how), below what the inventory says."""

import os
import subprocess

import pytest

from conftest import LIMIT, keygen, no_tsan, public, tool

# What the file holds, HERE for its directory; and files that it includes. NAMES are asked about.
NAMES = ["web1", "web2", "10.1.1.132"]
CASES = {
    "empty": "",
    "comments": "# User a\n\n   # User b\n\t\nUser c # and why\n",
    "first counts": "Host web1\n User a\nHost *\n User b\n Port 2022\n",
    "before any Host": "User a\nHost web1\n User b\n Port 7\n",
    "case of keywords": "hOsT web1\n uSER a\n pOrT 22022\n",
    "case of names": "Host web1\n User a\nHost WEB*\n User b\n",
    "equals": "Host=web1\nUser=a\nPort = 77\nHost = web2\nUser= b\nPort =78\n",
    "tabs and CR LF": "Host\tweb1\t\r\n\tUser\ta\t\r\n\tPort\t 77  \r\n",
    "quotes": "Host \"web1\" 'web2'\n User \"a b\"\n IdentityFile \"~/a key\"\n",
    "escapes": "Host w\\eb1 web\\ 2 web2\n IdentityFile ~/a\\ key\n IdentityFile ~/\"b \\\" c\"\n",
    "comment within": "Host web1 # web2\n User a#b\n IdentityFile ~/x#y #z\n",
    "patterns": "Host web? 10.1.*\n User a\nHost *.example.com\n User b\nHost *\n Port 2\n",
    "negated": "Host web* !web2\n User a\nHost !web1 *\n User b\n",
    "negated alone": "Host !web1\n User a\n",
    "negated first": "Host !web1 web* 10.*\n User a\n Port 4\n",
    "list without commas": "Host web1,web2\n User a\n",
    "host name": "Host web1\n HostName Real.Example.COM\nHost *\n HostName %h.lan\n",
    "host name, percent": "Host web1\n HostName a%%b-%h-%h\n",
    "identities add up": "Host web1\n IdentityFile a\n IdentityFile b\nHost *\n IdentityFile b\n"
                         " IdentityFile c\n IdentityFile %d/x\n",
    "no identity": "IdentityFile none\n",
    "known hosts": "Host web1\n UserKnownHostsFile /k1 /k2\nHost *\n UserKnownHostsFile /k3\n",
    "known hosts, quoted": "UserKnownHostsFile \"/a b\" /c\n",
    "jump": "Host web1\n ProxyJump a\nHost *\n ProxyJump u@b:22,c\n",
    "jump none": "Host web1\n ProxyJump none\nHost *\n ProxyJump b\n",
    "jump or command": "Host web1\n ProxyCommand nc %h %p\nHost *\n ProxyJump b\nHost *\n"
                       " ProxyCommand x\n",
    "unknown to us": "Host web1\n ServerAliveInterval 5\n ForwardAgent no\n User a\n LogLevel ERROR\n",
    "include": ("User first\nInclude HERE/one\nPort 5\n", {"one": "Port 4\nUser second\n"}),
    "include in a block": ("Host web1\n Include HERE/one\n User b\nHost web2\n User c\n",
                           {"one": "User a\nHost web2\n Port 9\nHost *\n Port 8\n"}),
    "include leaves its block": ("Include HERE/one\nUser b\n", {"one": "Host web2\n Port 9\n"}),
    "include by pattern": ("Include HERE/d/*.conf\n", {"d/1.conf": "Host web1\n User a\n",
                                                       "d/2.conf": "User b\n",
                                                       "d/3.off": "Port 9\n"}),
    "include of nothing": ("Include HERE/none HERE/d/*\nUser a\n", {}),
    "include of two": ("Include HERE/one HERE/two\n", {"one": "User a\n", "two": "User b\nPort 3\n"}),
    "include in an include": ("Include HERE/one\n", {"one": "Host web*\n Include HERE/two\n",
                                                     "two": "User a\n"}),
    "match all": "Match all\n User a\n",
    "host after match": "Match all\n User a\nHost web1\n Port 3\n",
}
REFUSED = {
    "port": "Port 22x\n", "port 0": "Port 0\n", "port too high": "Port 65536\n",
    "nothing": "Host web1\n User\n", "empty": "User \"\"\n", "host": "Host\n",
    "too much": "User a b\n", "quote": "User \"a\n", "host name token": "HostName %z\n",
    "port elsewhere": "Host other\n Port x\n",
}


def write(tmp_path, case):
    text, more = case if isinstance(case, tuple) else (case, {})
    for name, content in {"config": text, **more}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content.replace("HERE", str(tmp_path)))
    return tmp_path / "config"


def openssh(config, name):
    p = subprocess.run(["ssh", "-G", "-F", config, name], stdin=subprocess.DEVNULL, timeout=LIMIT,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if p.returncode:
        return None
    values = {}
    for line in p.stdout.splitlines():
        key, _, value = line.partition(" ")
        values.setdefault(key, []).append(value)
    return values


HOME = os.path.expanduser("~")
DEFAULTS = [f"~/.ssh/id_{kind}" for kind in ("rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk",
                                             "xmss", "dsa")]


def expected(theirs):
    """What ssh -G says, in the words of ssh_tool."""
    files = [f for f in theirs["identityfile"] if f not in DEFAULTS and f.lower() != "none"]
    files = [f.replace("%d", HOME).replace("~", HOME, 1) for f in files]
    known = theirs["userknownhostsfile"][0]
    jump = theirs.get("proxyjump", [""])[0].replace(",", " ")
    if known == f"{HOME}/.ssh/known_hosts {HOME}/.ssh/known_hosts2":
        known = ""
    return {"user": theirs["user"][0], "port": theirs["port"][0],
            "identities": " ".join(files), "hostname": theirs["hostname"][0],
            "jump": jump,
            "known_hosts": f"{known} /etc/ssh/ssh_known_hosts" if known else ""}


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_ssh(tmp_path, case):
    config = write(tmp_path, CASES[case])
    more = ["Web1", "db.example.com"] if case in ("patterns", "case of names") else []
    for name in NAMES + more:
        theirs = openssh(config, name)
        ours = tool(settings=1, config=config, alias=name)
        assert ours.returncode == 0, ours
        want = expected(theirs)
        got = {k: ours.values[k] for k in want}
        # Where nobody is named ssh takes the local user, we root; these tests run as root.
        got["jump"] = got["jump"].replace("none", "")
        got["hostname"] = got["hostname"] or name.lower()
        assert {k: v.strip() for k, v in got.items()} == want, (name, ours)


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_what_ssh_refuses(tmp_path, case):
    config = write(tmp_path, REFUSED[case])
    ours = tool(settings=1, config=config, alias="web1")
    assert ours.error == "FAILED" and str(config) in ours.message, ours
    if case != "host name token":  # which ssh -G does not look at
        assert openssh(config, "web1") is None
        line = REFUSED[case].count("\n")
        assert ours.message.startswith(f"{config}:{line}: "), ours


def test_tokens(tmp_path):
    config = write(tmp_path, "Host web1\n HostName real\n User bob\n Port 77\n"
                             " IdentityFile ~/k/%h-%n-%r-%p-%u-%%\n IdentityFile ${CTL_TEST}/x\n"
                             " UserKnownHostsFile %d/%n\n")
    r = tool(settings=1, config=config, alias="web1", env={**os.environ, "CTL_TEST": "/env"})
    assert r.identities == f"{HOME}/k/real-web1-bob-77-root-% /env/x", r
    assert r.known_hosts == f"{HOME}/web1 /etc/ssh/ssh_known_hosts"
    write(tmp_path, "IdentityFile ~/%j\n")
    r = tool(settings=1, config=config, alias="web1")
    assert r.error == "FAILED" and "%j is not understood" in r.message, r


def test_the_inventory_comes_first(tmp_path):
    config = write(tmp_path, "User bob\nPort 77\nIdentityFile /a\nUserKnownHostsFile /k\n")
    r = tool(settings=1, config=config, user="alice", port=88, identity="/b", known_hosts="/l")
    assert (r.user, r.port, r.identities, r.known_hosts) == ("alice", "88", "/b", "/l"), r


def test_without_an_alias_it_is_the_address_that_counts(tmp_path):
    config = write(tmp_path, "Host node1\n User bob\nHost 127.0.*\n User alice\n")
    assert tool(settings=1, config=config).user == "alice"


def test_match_is_passed_over_and_said_so(tmp_path):
    config = write(tmp_path, "Match host web1\n User a\n Port 3\nMatch user x\n ForwardAgent no\n"
                             "Host *\n User b\n")
    r = tool(settings=1, config=config, alias="web1")
    assert (r.user, r.port) == ("b", "22"), r
    assert r.note == (f'{config}:1: "Match" is passed over; with "transport": "openssh" in the '
                      "inventory the system's ssh reads it")
    assert r.text.count("note: ") == 1


@pytest.mark.parametrize("keyword", ["ProxyCommand", "HostKeyAlias", "IdentityAgent",
                                     "CertificateFile", "GlobalKnownHostsFile"])
def test_what_is_not_understood_is_said(tmp_path, keyword):
    config = write(tmp_path, f"Host web1\n {keyword} x\nHost web2\n User a\n")
    assert f'{config}:2: "{keyword}" is passed over' in tool(settings=1, config=config,
                                                             alias="web1").note
    assert tool(settings=1, config=config, alias="web1", transport="openssh").note is None
    assert tool(settings=1, config=config, alias="web2").note is None


def test_loop_of_includes(tmp_path):
    config = write(tmp_path, "Include HERE/config\n")
    r = tool(settings=1, config=config)
    assert r.error == "FAILED" and "too many levels of Include" in r.message, r


def test_missing_file(tmp_path):
    r = tool(settings=1, config=tmp_path / "none")
    assert r.error == "SYSTEM" and f"cannot read {tmp_path}/none" in r.message, r


@no_tsan
def test_connects_by_the_file_alone(sshd, tmp_path):
    """HostName is where it connects, by name, and what known_hosts is asked for."""
    kh = tmp_path / "known hosts"
    kh.write_text(f"[localhost]:{sshd.port} {public(sshd.host_keys['ed25519'])}\n")
    config = write(tmp_path, f"Host node\n HostName localhost\n Port {sshd.port}\n"
                             f" IdentityFile {sshd.keys['ecdsa']}\n"
                             f' UserKnownHostsFile "{kh}"\n')
    r = tool("true", config=config, alias="node", address="192.0.2.1")
    assert r.returncode == 0, r
    kh.write_text(f"[localhost]:{sshd.port} {public(keygen(tmp_path / 'o'))}\n")
    r = tool("true", config=config, alias="node", address="192.0.2.1")
    assert f"node1 (localhost:{sshd.port}): HOST KEY CHANGED: localhost shows" in r.message, r


@no_tsan
def test_name_that_does_not_resolve(tmp_path):
    config = write(tmp_path, "HostName no-such-host.invalid\n")
    r = tool("true", config=config, connect_timeout=3000)
    assert r.error == "UNREACHABLE" and r.seconds < 10, r
    assert "cannot find the address of no-such-host.invalid: " in r.message
    assert "getent ahosts no-such-host.invalid" in r.hint


def clusterctl(tmp_path, ssh, home):
    program = os.environ.get("CLUSTERCTL", "build/cli/clusterctl")
    inventory = tmp_path / "inventory.json"
    inventory.write_text(f"""{{"cluster": "c", "vip": "10.99.0.1", "ssh": {ssh},
        "hosts": [{{"name": "d", "address": "127.0.0.1", "role": "director"}},
                  {{"name": "w", "address": "127.0.0.2", "role": "real_server"}}]}}""")
    return subprocess.run([program, "history", f"--inventory={inventory}"], capture_output=True,
                          text=True, timeout=LIMIT, stdin=subprocess.DEVNULL, check=False,
                          env={**os.environ, "HOME": str(home)}).stderr


def test_clusterctl_reads_the_usual_file(sshd, tmp_path):
    """By itself, from the home directory; false turns that off; one that others write is refused."""
    (tmp_path / ".ssh").mkdir()
    config = tmp_path / ".ssh" / "config"
    config.write_text(f"Host 127.0.0.*\n Port {sshd.port}\n Match user x\n  Port 1\n")
    said = clusterctl(tmp_path, "{}", tmp_path)
    assert f"d (127.0.0.1:{sshd.port})" in said and '"Match" is passed over' in said, said
    assert f"{sshd.port}" not in clusterctl(tmp_path, '{"config": false}', tmp_path)
    assert "(127.0.0.2:1)" in clusterctl(tmp_path, '{"port": 1}', tmp_path)
    config.chmod(0o664)
    assert f"{config}: others than you can write to it" in clusterctl(tmp_path, "{}", tmp_path)
