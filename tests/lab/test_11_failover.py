"""failover-test: every fault measured, within its budget, undone whatever happens to clusterctl."""
import json
import signal
import subprocess
import time

import pytest

from conftest import (DIRECTORS, REAL_SERVERS, alternates, clusterctl, clusterctl_start, everywhere,
                      pages, ssh, vip_holders, wait_for)

SCENARIOS = ["director-handover", "director-stop", "director-kill", "director-isolate",
             "director-return", "rs-drain", "rs-stop", "rs-kill", "rs-isolate", "nfs-restart",
             "nfs-stop"]


@pytest.fixture(scope="module")
def cluster():
    """A converged cluster that the tests of this file leave as they found it."""
    from conftest import has_snapshot, lab, reset, serving
    if has_snapshot("deployed"):
        reset("deployed")
    else:
        lab("packages")
    clusterctl("deploy")
    serving()


def armed():
    """Hosts where a fault is still in force or waits to be undone."""
    out = everywhere("ls /run/clusterctl/fault/armed 2>/dev/null; tc qdisc show dev eth0 | grep clsact; "
                     "systemctl list-units --no-legend 'clusterctl-fault*'")
    return {h: t for h, t in out.items() if t.strip()}


def events(r):
    return [json.loads(line) for line in r.stdout.splitlines()]


def test_every_scenario(cluster, tmp_path):
    report = tmp_path / "report.html"
    r = clusterctl("failover-test", "--all", "--output", "json", "--quiet", "--report", str(report),
                   "--report-json", str(tmp_path / "report.json"), expect=None)
    print(r.stdout)
    trials = {t["scenario"]: t for t in events(r) if t["type"] == "trial"}
    assert list(trials) == SCENARIOS
    for name, t in trials.items():
        # No fault failed to be made, none left damage; what came over a budget is looked at below.
        assert t["verdict"] in ("pass", "over budget"), t
        assert t["measured"]["requests"] > 300
    # What must not be lost: but for requests in flight at the very moment, on a slow machine.
    for name in ("director-handover", "director-return", "rs-drain"):
        assert trials[name]["measured"]["lost"] <= 3, trials[name]
    for name in ("director-stop", "director-kill", "director-isolate", "rs-stop", "rs-kill",
                 "rs-isolate"):
        assert trials[name]["verdict"] == "pass", trials[name]
    # The fault was real: somebody noticed, and the VIP's packets went elsewhere.
    for name in ("director-handover", "director-stop", "director-kill", "director-isolate"):
        assert {"takeover_us", "detection_us"} <= trials[name]["measured"].keys(), trials[name]
    for name in ("rs-stop", "rs-kill", "rs-isolate"):
        m = trials[name]["measured"]
        assert m["detection_us"] > 0 and m["lost"] > 0, trials[name]
    # One NFS server: pages wait, if they are not in the real servers' caches, and no longer than was said.
    for name in ("nfs-restart", "nfs-stop"):
        assert trials[name]["measured"]["outage_us"] <= trials[name]["predicted"]["high_us"], trials[name]
    assert "<svg" in report.read_text() and "http-equiv" in report.read_text()
    lines = [json.loads(l) for l in (tmp_path / "report.json").read_text().splitlines()]
    assert len(lines[0]["requests"]) == lines[0]["measured"]["requests"]
    assert not armed()
    clusterctl("verify")


def killed_with(sig, scenario, hold):
    """Start a failover test, end clusterctl while the fault is in force; seconds since then."""
    p = clusterctl_start("failover-test", "--scenario", scenario)
    seen = ""
    while "watching for" not in seen:
        line = p.stdout.readline()
        assert line, seen
        seen += line
    time.sleep(hold)
    if scenario != "director-isolate":  # which cannot be asked
        assert armed(), seen
    p.send_signal(sig)
    return p, seen


def test_interrupted_it_undoes_at_once(cluster):
    p, _ = killed_with(signal.SIGINT, "director-stop", 1)
    out = p.communicate(timeout=90)[0]
    assert p.returncode == 130, out
    assert not armed(), out
    wait_for("keepalived on both", lambda: set(everywhere(
        "systemctl is-active keepalived || :", DIRECTORS).values()) == {"active\n"}, 10)
    wait_for("right again", lambda: clusterctl("verify", expect=None).returncode == 0, 30)


@pytest.mark.parametrize("scenario", ["director-isolate", "rs-stop"])
def test_killed_it_is_undone_by_the_host(cluster, scenario):
    p, _ = killed_with(signal.SIGKILL, scenario, 0.5)
    p.communicate(timeout=30)
    assert p.returncode != 0
    wait_for("the host undid the fault by itself", lambda: not armed(), 60)
    wait_for("right again", lambda: clusterctl("verify", expect=None).returncode == 0, 30)


def test_another_test_at_work_is_not_disturbed(cluster):
    armed_by_another = "/run/clusterctl/fault/armed"
    ssh(REAL_SERVERS[0], f"mkdir -p /run/clusterctl/fault; : >{armed_by_another}")
    ssh(REAL_SERVERS[1], f"mkdir -p /run/clusterctl/fault; : >{armed_by_another}")
    r = clusterctl("failover-test", "--scenario", "rs-stop", expect=1)
    assert "another failover test is at work on this host" in r.stdout, r.stdout + r.stderr
    for host in REAL_SERVERS:
        ssh(host, f"rm {armed_by_another}; systemctl is-active nginx")


def test_a_broken_cluster_is_refused(cluster):
    ssh(REAL_SERVERS[0], "systemctl stop nginx")
    before = vip_holders()
    r = clusterctl("failover-test", "--scenario", "rs-stop", expect=1)
    assert "no fault was made" in r.stderr and "--force" in r.stderr, r.stderr
    assert not armed() and vip_holders() == before
    ssh(REAL_SERVERS[0], "systemctl start nginx")
    wait_for("both pages", lambda: alternates(pages(6)), 30)


def test_junit(cluster):
    r = clusterctl("failover-test", "--scenario", "rs-drain", "--output", "junit", "--quiet",
                   expect=None)
    assert subprocess.run(["/usr/bin/python3", "-c",
                           "import sys,xml.etree.ElementTree as E;"
                           "assert E.parse(sys.stdin).getroot().get('tests')=='1'"],
                          input=r.stdout, text=True).returncode == 0, r.stdout
