"""Runs are remembered by the hosts, and the state before a run comes back.

One deployed state is shared: each test begins where the one before it left the cluster.
"""
import hashlib
import json
import pathlib
import re
import signal

import pytest

from conftest import (DIRECTORS, HOSTS, ROOT, alternates, clusterctl, clusterctl_start, everywhere,
                      lab_inventory, operator, pages, read_until, reset, serving, wait_for)

FILES = "cat /etc/keepalived/keepalived.conf /etc/nginx/conf.d/*.conf /etc/hosts 2>/dev/null; :"


class World:
    """Two operators, each with a copy of the inventory and a home of his own."""

    def __init__(self, path):
        self.path = path
        self.base = lab_inventory()
        self.base.pop("$schema", None)
        for name in ["anna", "ben"]:
            (path / name).mkdir()
        self.good = self.write("good", self.base)

    def write(self, name, inventory):
        path = self.path / f"{name}.json"
        path.write_text(json.dumps(inventory, indent=2))
        return str(path)

    def changed(self, name, interval):
        return self.write(name, {**self.base, "services": [
            {"port": 80, "check": {"type": "http", "path": "/", "interval": interval}}]})

    def as_user(self, name, *args, expect=0):
        r = operator("env", f"HOME={self.path / name}", "CLUSTERCTL_JOURNAL=" +
                     str(self.path / name / "journal"), "clusterctl", *args)
        assert r.returncode in (expect if isinstance(expect, tuple) else (expect,)), f"{args}: {r.returncode}\n{r.stdout}\n{r.stderr}"
        return r

    def runs(self, name="anna", *args):
        out = self.as_user(name, "history", "--inventory", self.good, "--output", "json", *args)
        return [json.loads(line) for line in out.stdout.splitlines()]

    def journal(self, name):
        return [json.loads(l) for l in (self.path / name / "journal").read_text().splitlines()]


ADDRESS = dict(zip(HOSTS, ["10.1.1.130", "10.1.1.131", "10.1.1.132", "10.1.1.133", "10.1.1.134"]))


def reachable(host):
    r = operator("timeout", "3", "bash", "-c",
                 f"exec 3<>/dev/tcp/{ADDRESS[host]}/22 && IFS= read -r -u 3 l && [[ $l == SSH-* ]]")
    return r.returncode == 0


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    reset("deployed")
    serving()
    world = World(tmp_path_factory.mktemp("history"))
    # Even if nothing changes, from now on the cluster remembers what it was given.
    world.as_user("anna", "deploy", world.good)
    return world


def test_two_operators_see_the_same_and_one_rolls_back(world):
    before = everywhere(FILES)
    known = len(world.runs())
    fast = world.changed("fast", 1.5)
    r = world.as_user("anna", "deploy", fast)
    changed = everywhere(FILES)
    assert all(changed[h] != before[h] for h in DIRECTORS)

    runs = world.runs("ben")
    assert runs == world.runs("anna") and len(runs) == known + 1
    run = runs[0]
    assert run["outcome"] == "done" and run["verified"] and run["changes"] >= 4
    assert run["inventory"] == fast and run["command"] == "deploy"
    assert {h["host"] for h in run["hosts"]} == set(DIRECTORS)
    assert run["inventory_sha256"] == hashlib.sha256(pathlib.Path(fast).read_bytes()).hexdigest()
    for host in world.runs("ben", run["run"][-4:])[0]["hosts"]:
        steps = [(s["summary"], s.get("file")) for s in host["steps"]]
        conf = "/etc/keepalived/keepalived.conf"
        assert (f"change {conf}", conf) in steps, steps
        assert ("reload keepalived.service (is active)", None) in steps, steps
    begun, ended = world.journal("anna")[-2:]
    assert begun["run"] == ended["run"] == run["run"] and ended["outcome"] == "done"
    text = world.as_user("ben", "history", "--inventory", world.good).stdout
    assert re.search(rf"^{run['run']} .* deploy +2 +{run['changes']} +done, verified$", text, re.M), text

    # A run that changes nothing is in nobody's way.
    assert " 0 changes" in world.as_user("anna", "deploy", fast).stdout
    assert world.runs() == runs

    # Nobody is at standard input.
    r = world.as_user("ben", "rollback", "--inventory", fast, expect=64)
    assert "-    delay_loop 1.5" in r.stdout
    assert "--yes" in r.stderr and everywhere(FILES) == changed

    out = world.path / "restored.json"
    r = world.as_user("ben", "rollback", "--yes", "--inventory", fast, "--out", str(out))
    assert f"Undoing   {run['run']}" in r.stdout and "Verified: " in r.stdout
    assert "2 of 2 files that had changed since are byte for byte what they were" in r.stdout
    assert "the next deploy with it makes the change again" in r.stderr
    assert everywhere(FILES) == before
    assert out.read_text() == pathlib.Path(world.good).read_text()
    assert out.stat().st_mode & 0o777 == 0o600
    back = world.runs("anna")[0]
    assert back["command"] == "rollback" and back["undoes"] == run["run"]
    assert back["outcome"] == "done" and back["verified"]
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode", world.good).stdout

    # Records are root's alone, and only directors have the inventory.
    kept = everywhere("find /var/lib/clusterctl/runs -printf '%m %u %f\\n' 2>/dev/null; :")
    for host in HOSTS:
        lines = kept[host].splitlines()
        assert all(re.match("(600 root [^ ]+|700 root runs)$", l) for l in lines), kept[host]
        assert any("inventory-" in l for l in lines) == (host in DIRECTORS), kept[host]


@pytest.mark.on_request
def test_a_deploy_that_fails_verification_is_undone(world):
    """nginx takes the file, and serves nothing: only the checks notice."""
    before = everywhere(FILES)
    templates = world.path / "templates"
    templates.mkdir()
    text = (ROOT / "templates/files/nginx.conf.tmpl").read_text()
    (templates / "nginx.conf.tmpl").write_text(
        text.replace("    index {{index}};", "    index {{index}};\n    location / { return 503; }"))
    r = world.as_user("anna", "deploy", "--auto-rollback", "--templates", str(templates), world.good,
                      expect=1)
    assert "FAIL" in r.stdout and "503" in r.stdout and "rolling back" in r.stderr
    assert "the state that run" in r.stderr and "used other templates" not in r.stderr
    assert everywhere(FILES) == before
    assert alternates(pages(6))
    undo, failed = world.runs()[:2]
    assert failed["outcome"] == "failed" and failed["error"]
    assert undo["undoes"] == failed["run"] and undo["outcome"] == "done" and undo["verified"]


@pytest.mark.on_request
def test_a_killed_deploy_is_unfinished(world):
    slow = world.changed("slow", 2.5)
    run = clusterctl_start("deploy", "--output", "json", slow)
    read_until(run, '"type":"step_start"')
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)
    killed = world.runs()[0]
    assert killed["outcome"] == "unfinished" and killed["planned"] >= 2
    assert "cut off, or at work" in world.as_user("ben", "history", "--inventory", slow).stdout

    # Whatever it got done is undone; from a director's memory, by the run's id.
    world.as_user("ben", "rollback", killed["run"], "--yes", "--inventory", slow)
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode", world.good).stdout
    assert alternates(pages(6))


MARKS = "ls -d /var/lib/clusterctl/guard /etc/systemd/system/clusterctl-guard-boot.service 2>/dev/null; " \
        "systemctl list-units --no-legend 'clusterctl-guard*'; ls /var/lib/clusterctl/pending; :"
LIVE = "cat /etc/nftables.conf /etc/clusterctl/moved.nft; nft list ruleset | sed '/elements/d; /expires/d'"


@pytest.mark.on_request
def test_what_cuts_the_operator_off_is_taken_back(world):
    """A template that closes port 22, beside a firewall that is to be opened: both go, by themselves."""
    firewall = "table inet lab { chain input { type filter hook input priority 0; " \
               "tcp dport 9 drop; }; }"
    everywhere(f"cat >/etc/nftables.conf <<'EOF'\n{firewall}\nEOF\nnft -f /etc/nftables.conf", DIRECTORS)
    templates = world.path / "lockout"
    templates.mkdir()
    text = (ROOT / "templates/files/moved.nft.tmpl").read_text()
    (templates / "moved.nft.tmpl").write_text(text.replace(
        "    chain input {", "    chain lockout {\n        type filter hook input priority -9; policy accept;\n"
        "        tcp dport 22 drop\n    }\n    chain input {", 1))
    before = everywhere(LIVE, DIRECTORS)
    r = world.as_user("anna", "deploy", "--confirm-within", "15s", "--templates", str(templates),
                      world.good, expect=(1, 69))
    # A connection that was begun in time may get through after the host has taken it back.
    assert re.search("taken its changes back|could not be confirmed", r.stdout + r.stderr), r.stderr
    wait_for("sshd answers everywhere", lambda: all(reachable(h) for h in DIRECTORS), 60)
    wait_for("no trace of it", lambda: not any(
        l for out in everywhere("ls -d /var/lib/clusterctl/guard/reverting 2>/dev/null; :",
                                DIRECTORS).values() for l in out.split()), 60)
    assert everywhere(LIVE, DIRECTORS) == before
    assert world.runs()[0]["outcome"] == "failed"
    assert alternates(pages(6))

    # Without the template the same is confirmed, and stays.
    r = world.as_user("anna", "deploy", "--confirm-within", "30s", world.good)
    assert "through the firewall" in r.stderr, r.stderr
    assert everywhere(MARKS, DIRECTORS) == {h: "" for h in DIRECTORS}
    after = everywhere(LIVE, DIRECTORS)
    assert all("clusterctl vrrp" in after[h] and "lockout" not in after[h] for h in DIRECTORS)
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode", world.good).stdout
