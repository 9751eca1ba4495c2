"""`clusterctl history` against real sshds: what hosts remember is put together; hosts that lie, hosts
that are away."""
import hashlib
import json
import os
import pathlib
import subprocess

import pytest

import test_status
from conftest import LIMIT, public
from test_status import CLUSTERCTL

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a mount namespace")

OLD, NEW = "20261126T071500Z-0001", "20261126T071600Z-00ff"
SHA = "0" * 64
CUTTER = str(pathlib.Path(__file__).resolve().parents[1] / "lib" / "cutter.py")
# Below the sshd's own directory: records/FILE becomes /var/lib/clusterctl/runs/FILE.
RECORDS = """
mount -t tmpfs none /var/lib && mkdir -p /var/lib/clusterctl && chmod 755 "$0" || exit
ln -s "$0/records" /var/lib/clusterctl/runs || exit
exec "$@"
"""


@pytest.fixture(name="remembering")
def hosts_that_remember(monkeypatch, tmp_path, request):
    monkeypatch.setattr(test_status, "INSIDE", test_status.INSIDE.replace('exec "$@"', RECORDS))
    yield request.getfixturevalue("cluster")


five_hosts = test_status.five_hosts  # the fixture that `remembering` asks for


def remember(sshd, name, *lines):
    (sshd.dir / "records").mkdir(exist_ok=True)
    (sshd.dir / "records" / name).write_text("".join(
        (line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))


def history(path, *args):
    return subprocess.run([CLUSTERCTL, "history", "--inventory", path, *args], capture_output=True,
                          timeout=LIMIT, check=False)


def test_what_hosts_remember(remembering):
    path, many, last = remembering
    assert history(path).stdout == b"No host remembers a run.\n"
    remember(many, f"{OLD}.jsonl", {"run": OLD, "command": "deploy", "who": "anna@ops", "began": "then",
                                    "inventory_sha256": SHA},
             {"planned": 2}, {"step": "one", "impact": "none"}, {"step": "two", "impact": "reload"},
             {"outcome": "done", "verified": True})
    remember(last, f"{NEW}.jsonl", {"run": NEW, "command": "\033[2Jdeploy", "who": "ben\r\n@\u202eops"},
             {"planned": 3}, {"step": "\033]0;x\007three"}, '{"step":"torn off')
    remember(last, "nonsense.jsonl", {"run": OLD, "command": "forged"})
    remember(last, "inventory-0", "a line that is no record")

    runs = [json.loads(line) for line in history(path, "--output", "json").stdout.splitlines()]
    assert [r["run"] for r in runs] == [NEW, OLD]
    assert runs[0]["outcome"] == "unfinished" and runs[0]["planned"] == 3 and runs[0]["changes"] == 1
    assert [h["host"] for h in runs[0]["hosts"]] == ["NFS"]
    # The four other hosts are the same machine here.
    assert runs[1]["outcome"] == "done" and runs[1]["verified"] and runs[1]["changes"] == 8
    assert runs[1]["command"] == "deploy" and len(runs[1]["hosts"]) == 4
    assert runs[1]["inventory_sha256"] == SHA and SHA.encode() in history(path, OLD).stdout

    r = history(path)
    assert r.returncode == 0 and r.stderr == b""
    assert b"\033" not in r.stdout and b"\r" not in r.stdout and "\u202e".encode() not in r.stdout
    assert len(r.stdout.splitlines()) == 3
    r = history(path, "00ff")
    assert rb"\x1b]0;x\x07three" in r.stdout and b"cut off, or at work (1 of 3 steps)" in r.stdout
    assert b"\033" not in r.stdout
    r = history(path, "2026")
    assert r.returncode == 64 and b"may be" in r.stderr

    last.stop()
    r = history(path)
    assert r.returncode == 69 and b"this may not be all" in r.stderr
    assert OLD.encode() in r.stdout and NEW.encode() not in r.stdout


def test_a_digest_that_a_password_can_be_guessed_by(remembering):
    path, many, _ = remembering
    remember(many, f"{OLD}.jsonl", {"run": OLD, "command": "deploy", "inventory_secret": True,
                                    "inventory_sha256": SHA}, {"outcome": "done"})
    for args in ([], [OLD], ["--output", "json"], [OLD, "--output", "json"]):
        r = history(path, *args)
        assert r.returncode == 0 and OLD.encode() in r.stdout and SHA.encode() not in r.stdout, r


def test_a_host_without_end_is_not_believed(remembering):
    path, many, last = remembering
    remember(many, f"{OLD}.jsonl", {"run": OLD, "command": "deploy"}, {"outcome": "done"})
    remember(last, f"{NEW}.jsonl", *["{}"] * 30000)
    r = history(path)
    assert r.returncode == 1 and b"longer than makes sense" in r.stderr
    assert OLD.encode() in r.stdout


def test_a_rollback_needs_an_inventory_that_is_whole(remembering):
    path, many, _ = remembering
    remember(many, f"{OLD}.jsonl", {"run": OLD, "inventory_sha256": SHA}, {"outcome": "done"})
    remember(many, f"{NEW}.jsonl", {"run": NEW}, {"step": "one"}, {"outcome": "done"})
    r = subprocess.run([CLUSTERCTL, "rollback", "--yes", "--inventory", path], capture_output=True,
                       timeout=LIMIT, check=False, text=True)
    assert r.returncode == 1 and "no director has the inventory" in r.stderr
    remember(many, f"inventory-{SHA}", "{}")  # not what that digest is of
    r = subprocess.run([CLUSTERCTL, "rollback", "--yes", "--inventory", path], capture_output=True,
                       timeout=LIMIT, check=False, text=True)
    assert r.returncode == 1 and "no director has the inventory" in r.stderr
    r = subprocess.run([CLUSTERCTL, "rollback", OLD, "--yes", "--inventory", path], capture_output=True,
                       timeout=LIMIT, check=False, text=True)
    assert r.returncode == 1 and "there is no earlier state" in r.stderr


def test_a_rollback_says_nothing_raw(remembering):
    """What the hosts' records say of both runs, before it asks."""
    path, many, _ = remembering
    text = path.read_bytes()
    sha = hashlib.sha256(text).hexdigest()
    hostile = {"command": "\033[2Jdeploy", "who": "\u202ex\033]0;x\007", "began": "\033[1m", "template_dir": "\033[2J",
               "version": "\r\n\033[2J", "templates": "\033"}
    remember(many, f"{OLD}.jsonl", {"run": OLD, "inventory_sha256": sha, **hostile},
             {"outcome": "done", "verified": True, "ended": "\033[2Jnow\r\u2066"})
    remember(many, f"{NEW}.jsonl", {"run": NEW, **hostile}, {"planned": 1}, {"step": "one"}, {"outcome": "done"})
    (many.dir / "records" / f"inventory-{sha}").write_bytes(text)
    r = subprocess.run([CLUSTERCTL, "rollback", "--dry-run", "--inventory", path], capture_output=True, check=False,
                       timeout=LIMIT, stdin=subprocess.DEVNULL)
    said = (r.stdout + r.stderr).decode()
    assert f"Restoring {OLD}" in said and r"ended \x1b[2Jnow\x0d" in said, said
    assert not set(said) & set("\033\r\007\u202e\u2066")
    assert r"clusterctl \x0d\x0a\x1b[2J): files may" in said


def test_a_rollback_reaches_hosts_as_the_operator_says(remembering, tmp_path):
    """Also one that his inventory does not have: a director's word is nothing that files here, or trust in host
    keys, depend on."""
    path, many, _ = remembering
    stored, own = tmp_path / "stored", json.loads(path.read_text())
    was = json.loads(path.read_text())
    was["hosts"][3] |= {"name": "Gone-RS", "ssh": {"known_hosts": str(stored), "host_key": "accept-new",
                                                   "port": many.port}}
    own["hosts"].pop(3)
    text = json.dumps(was).encode()
    sha = hashlib.sha256(text).hexdigest()
    remember(many, f"{OLD}.jsonl", {"run": OLD, "inventory_sha256": sha}, {"outcome": "done"})
    remember(many, f"{NEW}.jsonl", {"run": NEW}, {"planned": 1}, {"step": "one"}, {"outcome": "done"})
    (many.dir / "records" / f"inventory-{sha}").write_bytes(text)
    path.write_text(json.dumps(own))
    reached = many.accepted()
    r = subprocess.run([CLUSTERCTL, "rollback", "--dry-run", "--inventory", path], capture_output=True, check=False,
                       timeout=LIMIT, stdin=subprocess.DEVNULL, text=True)
    assert "Gone-RS" in r.stdout and "is trusted from now on" not in r.stderr, r
    assert not stored.exists()
    assert many.accepted() - reached == 3 + 4, r  # by the operator's known_hosts


def test_over_the_systems_ssh(remembering):
    """The whole program over the other transport."""
    path, _, last = remembering
    remember(last, f"{NEW}.jsonl", {"run": NEW, "command": "deploy"}, {"planned": 3}, {"step": "one"})
    inventory = json.loads(path.read_text())
    inventory["ssh"]["transport"] = "openssh"
    path.write_text(json.dumps(inventory))
    r = history(path, "--output", "json")
    assert r.returncode == 0 and r.stderr == b"", r
    assert [h["host"] for h in json.loads(r.stdout)["hosts"]] == ["NFS"]


def cut_once(path, last, flight):
    """`history` while one host's connection is cut there: (cut, how it ended)."""
    cutter = subprocess.Popen(["/usr/bin/python3", CUTTER, f"127.0.0.5:{last.port}", str(flight), "127.0.0.5"],
                              text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    inventory = json.loads(path.read_text())
    inventory["hosts"][4]["ssh"] = {"port": int(cutter.stdout.readline()),
                                    "pinned_keys": [public(last.host_keys["ed25519"])]}
    by_way = path.with_name("by_way.json")
    by_way.write_text(json.dumps(inventory))
    r = history(by_way, "--output", "json")
    return cutter.communicate("", timeout=LIMIT)[0].startswith("cut"), r


def test_a_question_cut_off_is_asked_again(remembering):
    """Whatever flight is cut, it is said, or nothing is missing, and nothing is there twice."""
    path, _, last = remembering
    remember(last, f"{OLD}.jsonl", {"run": OLD, "command": "deploy"}, {"planned": 400},
             *({"step": f"{n} {'x' * 500}"} for n in range(400)))
    remember(last, f"{NEW}.jsonl", {"run": NEW, "command": "deploy"}, {"outcome": "done"})
    whole = history(path, "--output", "json").stdout
    ends, is_cut = [], True
    while is_cut:
        is_cut, r = cut_once(path, last, len(ends) + 1)
        assert r.returncode in (0, 69), r
        assert r.returncode or r.stdout == whole
        assert not r.returncode or (b"this may not be all" in r.stderr and NEW.encode() not in r.stdout)
        ends.append(r.returncode)
    # Once the host has been reached at all, a second connection makes it good.
    assert len(ends) > 15 and set(ends[-6:]) == {0}, ends
